/** Signs a person's refusal of a release, with its reason. */

import { answerRelease, type SignOptions } from './sign.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: SignOptions & { readonly reason: string }, terminal: Terminal): Promise<number> {
  return await answerRelease(options, { kind: 'refusals', reason: options.reason }, terminal)
}
