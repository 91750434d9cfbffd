/** Agrees to an erasure that another administrator asked for; it is carried out before the answer. */

import { erased } from './contract-erasure.ts'
import { signErasure, type AnswerOptions } from './erase-answer.ts'
import { ANSWER_MS, textOfErased } from './erase-person.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: AnswerOptions, terminal: Terminal): Promise<number> {
  const { client, assertion, fingerprint, path } = await signErasure(options, terminal)
  const receipt = await client.post(`${path}/agreements`, { assertion }, erased, { timeoutMs: ANSWER_MS })
  const { result, leafIndex } = receipt
  terminal.result({ fingerprint, ...result, leafIndex }, () => textOfErased(result, leafIndex))
  return 0
}
