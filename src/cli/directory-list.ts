/** The directories that keep people and groups here. */

import * as z from '../bytes/schema.ts'
import { leafIndex, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

const directory = z.object({ client: shown, issuer: shown.optional(), expiresAt: shown, leafIndex })
const answerShape = z.object({ directories: z.array(directory) })

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const answer = await openClient(options, terminal).get('/api/v1/directories', answerShape)
  const rows = answer.directories.map(({ client, issuer, expiresAt, leafIndex: at }) => [
    client,
    expiresAt,
    issuer ?? '-',
    String(at),
  ])
  terminal.result(answer, () => table([['NAME', 'UNTIL', 'SIGN-IN', 'LEAF'], ...rows], terminal.columns))
  return 0
}
