/** Erasures as the server tells them. */

import * as z from '../bytes/schema.ts'
import { exact, leafIndex, shown, who } from './contract.ts'

export const erased = z.object({
  person: shown,
  isDone: z.boolean(),
  doneIn: leafIndex.optional(),
  leaves: z.int(),
  disclosures: z.int(),
  evidence: z.int(),
  evidenceKept: z.int(),
})
export type Erased = z.infer<typeof erased>

export const waiting = z.object({ asked: leafIndex, person: shown, fingerprint: shown, expiresAt: shown })

const waitingErasure = waiting.extend({
  who,
  by: who,
  askedAt: shown,
  fields: z.array(shown).optional(),
  evidence: z.boolean(),
  statement: exact,
})
export type WaitingErasure = z.infer<typeof waitingErasure>

export const erasures = z.object({ rpId: exact, erasures: z.array(waitingErasure) })
