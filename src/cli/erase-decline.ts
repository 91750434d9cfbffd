/** Declines an erasure that another administrator asked for, or withdraws one's own. */

import * as z from '../bytes/schema.ts'
import { signErasure, type AnswerOptions } from './erase-answer.ts'
import type { Terminal } from './terminal.ts'

export interface DeclineOptions extends AnswerOptions {
  readonly reason: string
}

export async function run(options: DeclineOptions, terminal: Terminal): Promise<number> {
  const { client, assertion, fingerprint, path } = await signErasure(options, terminal)
  const body = { assertion, reason: options.reason }
  const { leafIndex } = await client.post(`${path}/refusals`, body, z.object({}))
  terminal.result({ fingerprint, leafIndex }, () => `declined ${fingerprint}; nothing is erased\nleaf: ${leafIndex}`)
  return 0
}
