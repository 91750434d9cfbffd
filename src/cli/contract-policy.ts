/** Changes of the policies as the server tells them. */

import * as z from '../bytes/schema.ts'
import { exact, leafIndex, shown, who } from './contract.ts'

export const history = z.object({
  before: shown,
  from: leafIndex,
  treeSize: leafIndex,
  rootHash: shown,
  newlyRefused: z.int(),
  newlyAllowed: z.int(),
  unchanged: z.int(),
  unknown: z.int(),
  changesDigest: shown,
})
export type History = z.infer<typeof history>

export const waiting = z.object({
  asked: leafIndex,
  digest: shown,
  fingerprint: shown,
  expiresAt: shown,
  replay: history.optional(),
})

const activation = waiting.extend({ by: who, askedAt: shown, statement: exact })
export type WaitingActivation = z.infer<typeof activation>

export const activations = z.object({ rpId: exact, activations: z.array(activation) })

/** What history would have been, in one line. */
export function lineOf(replay: History | undefined): string {
  if (!replay) return 'history: was not asked'
  const { newlyRefused, newlyAllowed, unchanged, unknown, from, treeSize } = replay
  return `history, leaves ${from} to ${treeSize - 1}: ${newlyRefused} newly refused, ${newlyAllowed} newly allowed, ${unchanged} unchanged, ${unknown} not known`
}
