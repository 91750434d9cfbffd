/** Has what is personal about a person erased, and says what went and what stays. */

import * as z from '../bytes/schema.ts'
import { leafIndex, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { plural } from './text.ts'

export interface EraseOptions extends ServerOptions {
  readonly person: string
  readonly field?: readonly string[]
  readonly evidence?: boolean
  readonly reason: string
}

const erased = z.object({
  person: shown,
  isDone: z.boolean(),
  doneIn: leafIndex.optional(),
  leaves: z.int(),
  disclosures: z.int(),
  evidence: z.int(),
  evidenceKept: z.int(),
})

/** It looks through the whole log. */
const ANSWER_MS = 600_000

export async function run(options: EraseOptions, terminal: Terminal): Promise<number> {
  const { person, field, evidence, reason } = options
  const body = { reason, ...(field && { fields: field }), ...(evidence && { evidence }) }
  const path = `/api/v1/people/${encodeURIComponent(person)}/erasures`
  const receipt = await openClient(options, terminal).post(path, body, erased, { timeoutMs: ANSWER_MS })
  const { result } = receipt
  terminal.result({ ...result, leafIndex: receipt.leafIndex }, () => textOf(result, receipt.leafIndex))
  return 0
}

function textOf(result: z.infer<typeof erased>, ordered: number): string {
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
