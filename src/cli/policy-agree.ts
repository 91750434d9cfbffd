/** Agrees to policies that another administrator asked for; they are in force with the answer. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { signActivation, type AnswerOptions } from './policy-answer.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: AnswerOptions, terminal: Terminal): Promise<number> {
  const { client, assertion, fingerprint, path } = await signActivation(options, terminal)
  const { result, leafIndex } = await client.post(`${path}/agreements`, { assertion }, z.object({ digest: shown }))
  terminal.result({ fingerprint, ...result, leafIndex }, () => `in force: ${result.digest}\nleaf: ${leafIndex}`)
  return 0
}
