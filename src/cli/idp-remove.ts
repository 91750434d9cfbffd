/** Removes an identity provider; every login that rests on it ends. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface IdpRemoveOptions extends ServerOptions {
  readonly idp: string
}

export async function run(options: IdpRemoveOptions, terminal: Terminal): Promise<number> {
  const { idp } = options
  const path = `/api/v1/idps/${encodeURIComponent(idp)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ idp, leafIndex }, () => `nobody signs in at ${idp} any more\nleaf: ${leafIndex}`)
  return 0
}
