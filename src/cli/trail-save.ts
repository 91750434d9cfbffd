/** Keeps a search under a name. The server reads the query first: a malformed one is never kept. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export interface TrailSaveOptions extends ServerOptions {
  readonly name: string
  readonly query: readonly string[]
  readonly shared?: boolean
}

export async function run(options: TrailSaveOptions, terminal: Terminal): Promise<number> {
  const name = options.name.replace(/^@/, '')
  const body = { name, query: options.query.join(' '), isShared: options.shared ?? false }
  const answer = z.object({ search: shown })
  const { result, leafIndex } = await openClient(options, terminal).post('/api/v1/searches', body, answer)
  terminal.result({ ...body, ...result, leafIndex }, () => {
    const audience = body.isShared ? 'in the list of everyone who reads' : 'in your list'
    const again = name.includes(' ') ? `'@${name}'` : `@${name}`
    return printable(`kept ${audience}: countersign trail ${again}`) + `\nleaf: ${leafIndex}`
  })
  return 0
}
