/** The control maps that come with the product, as text. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FRAMEWORKS } from '../../domain/package/manifest.ts'

const DIRECTORY = join(import.meta.dirname, '../../../controls')

/** By framework, in the order of their names, which is that of the members of a package. */
export function readControls(): ReadonlyMap<string, string> {
  const names = [...FRAMEWORKS].sort()
  return new Map(names.map((name) => [name, readFileSync(join(DIRECTORY, `${name}.json`), 'utf8')]))
}
