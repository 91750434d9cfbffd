/** Declines policies that another administrator asked for, or withdraws one's own request. */

import * as z from '../bytes/schema.ts'
import { signActivation, type AnswerOptions } from './policy-answer.ts'
import type { Terminal } from './terminal.ts'

export interface DeclineOptions extends AnswerOptions {
  readonly reason: string
}

export async function run(options: DeclineOptions, terminal: Terminal): Promise<number> {
  const { client, assertion, fingerprint, path } = await signActivation(options, terminal)
  const { reason } = options
  const { leafIndex } = await client.post(`${path}/refusals`, { assertion, reason }, z.object({}))
  terminal.result({ fingerprint, leafIndex }, () => `declined: ${fingerprint}\nleaf: ${leafIndex}`)
  return 0
}
