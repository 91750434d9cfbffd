/** Asks to have what is personal about a person erased; where there is another administrator, it waits for them. */

import * as z from '../bytes/schema.ts'
import { erased, waiting, type Erased } from './contract-erasure.ts'
import { EXIT } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { plural } from './text.ts'

export interface EraseOptions extends ServerOptions {
  readonly person: string
  readonly field?: readonly string[]
  readonly evidence?: boolean
  readonly reason: string
}

/** It looks through the whole log. */
export const ANSWER_MS = 600_000

/** 0 when it is ordered, 75 when it waits for another administrator. */
export async function run(options: EraseOptions, terminal: Terminal): Promise<number> {
  const { person, field, evidence, reason } = options
  const body = { reason, ...(field && { fields: field }), ...(evidence && { evidence }) }
  const path = `/api/v1/people/${encodeURIComponent(person)}/erasures`
  const client = openClient(options, terminal)
  const { result, leafIndex } = await client.post(path, body, z.union([waiting, erased]), { timeoutMs: ANSWER_MS })
  if ('asked' in result) {
    terminal.result({ state: 'waiting', ...result, leafIndex }, () =>
      [
        `asked; another administrator must agree until ${result.expiresAt}, and nothing is erased before`,
        `fingerprint: ${result.fingerprint}`,
        `they run: countersign erase agree ${result.asked}`,
        `leaf: ${leafIndex}`,
      ].join('\n'),
    )
    return EXIT.waiting
  }
  terminal.result({ ...result, leafIndex }, () => textOfErased(result, leafIndex))
  return EXIT.ok
}

export function textOfErased(result: Erased, ordered: number): string {
  if (!result.isDone)
    return `ordered, and not carried out yet; the server goes on trying and says so in a leaf\nleaf: ${ordered}`
  const { person, disclosures, leaves, evidence, evidenceKept, doneIn } = result
  return [
    `erased ${plural(disclosures, 'disclosure')} beside ${leaves} leaves about ${person}; the log verifies as before`,
    ...(evidence > 0
      ? [`erased ${evidence} pieces of evidence; what rested on them can't be decided again, and replay counts it`]
      : []),
    ...(evidenceKept > 0
      ? [
          `${evidenceKept} keys and pushes that name them stay, since they prove what others did; --evidence erases those`,
        ]
      : []),
    `copies outside the server (backups, exports, clones of repositories) are yours to erase`,
    `leaf: ${ordered}, done in ${doneIn}`,
  ].join('\n')
}
