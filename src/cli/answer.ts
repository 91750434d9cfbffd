/** Answers a question about a release. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'

export interface AnswerOptions extends ServerOptions {
  readonly release: string
  readonly inquiry: string
  readonly answer: string
}

export async function run(options: AnswerOptions, terminal: Terminal): Promise<number> {
  const { inquiry, answer } = options
  const of = `/api/v1/releases/${encodeURIComponent(normalized(options.release))}/inquiries`
  const path = `${of}/${encodeURIComponent(inquiry)}/answers`
  const { leafIndex } = await openClient(options, terminal).post(path, { answer }, z.object({}))
  terminal.result({ inquiry, leafIndex }, () => `answered: ${inquiry}\nleaf: ${leafIndex}`)
  return 0
}
