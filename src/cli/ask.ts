/** Asks a question about a release that waits. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'

export interface AskOptions extends ServerOptions {
  readonly release: string
  readonly question: string
}

export async function run(options: AskOptions, terminal: Terminal): Promise<number> {
  const { question } = options
  const path = `/api/v1/releases/${encodeURIComponent(normalized(options.release))}/inquiries`
  const { result, leafIndex } = await openClient(options, terminal).post(
    path,
    { question },
    z.object({ inquiry: shown }),
  )
  terminal.result({ ...result, leafIndex }, () => `asked: ${result.inquiry}\nleaf: ${leafIndex}`)
  return 0
}
