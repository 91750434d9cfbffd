/** Programs of this folder that run as processes of their own: TypeScript in a checkout, JavaScript in the published package. */

import { extname, resolve } from 'node:path'

/** Where the program of that name lies beside this module. */
export function ownProgram(name: string): string {
  return resolve(import.meta.dirname, `${name}${extname(import.meta.filename)}`)
}
