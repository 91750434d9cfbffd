/** Puts a folder of policies into force, or asks another administrator to, after the very check that the server makes. */

import * as z from '../bytes/schema.ts'
import { leafIndex as index, shown } from './contract.ts'
import { history, lineOf } from './contract-policy.ts'
import { EXIT } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { loadChecked } from './policy-check.ts'
import type { Terminal } from './terminal.ts'

export interface PolicyApplyOptions extends ServerOptions {
  readonly folder: string
  /** So much of history is asked again (ms; else 90 days); 0 for none. */
  readonly since?: number
}

const DAY_MS = 24 * 3_600_000
/** Asking history again takes a while on a long log. */
const ANSWER_MS = 6 * 60_000

const answer = z.object({
  digest: shown,
  replay: history.optional(),
  /** Only where another administrator must agree. */
  asked: index.optional(),
  fingerprint: shown.optional(),
})

/** 0 when they are in force, else that of what waits. */
export async function run({ since, ...options }: PolicyApplyOptions, terminal: Terminal): Promise<number> {
  const { files } = loadChecked(options.folder, terminal)
  const body = { files, ...(since !== undefined && { sinceDays: Math.ceil(since / DAY_MS) }) }
  const client = openClient(options, terminal)
  const { result, leafIndex } = await client.post('/api/v1/policies', body, answer, { timeoutMs: ANSWER_MS })
  const { digest, replay, asked, fingerprint } = result
  const isWaiting = asked !== undefined
  terminal.result({ ...result, leafIndex }, () =>
    [
      `${isWaiting ? 'waits for another administrator' : 'in force'}: ${digest}`,
      lineOf(replay),
      ...(isWaiting ? [`fingerprint: ${fingerprint}`, `next: countersign policy agree ${asked}`] : []),
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return isWaiting ? EXIT.waiting : EXIT.ok
}
