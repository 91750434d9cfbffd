/** Signs a person's approval of a release. */

import { answerRelease, type SignOptions } from './sign.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: SignOptions, terminal: Terminal): Promise<number> {
  return await answerRelease(options, { kind: 'approvals' }, terminal)
}
