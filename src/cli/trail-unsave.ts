/** Drops a saved search. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { findSearch } from './saved-search.ts'
import type { Terminal } from './terminal.ts'

export interface TrailUnsaveOptions extends ServerOptions {
  readonly name: string
}

export async function run(options: TrailUnsaveOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const { search, name } = await findSearch(options.name, client)
  const { leafIndex } = await client.write(
    'DELETE',
    `/api/v1/searches/${encodeURIComponent(search)}`,
    undefined,
    z.unknown(),
  )
  terminal.result({ search, leafIndex }, () => `@${name ?? search} is not kept any more\nleaf: ${leafIndex}`)
  return 0
}
