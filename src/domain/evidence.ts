/** Evidence given away: which leaves went out in one package, by its digest, so that two packages for one period are both seen. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import { FRAMEWORKS } from './package/manifest.ts'
import type { Answered } from './question.ts'

const range = { from: f.leafIndex, to: f.leafIndex }

export const events = {
  'evidence.exported': z.strictObject({
    ...range,
    /** Of the whole package. */
    digest: f.digest,
    framework: z.enum(FRAMEWORKS).optional(),
    withhold: z.literal('personal').optional(),
  }),
  'evidence.refused': z.strictObject(range),
}

export const commands = {
  'export evidence': events['evidence.exported'].extend({ type: z.literal('export evidence') }),
}

export type EvidenceEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

type Export = z.infer<(typeof commands)['export evidence']>

/** The package is made before it is decided whether it goes out: the leaf must name it. */
export function giveAway({ type: _, ...exported }: Export, { policy, isAllowed }: Answered): Decision {
  const { from, to } = exported
  if (!isAllowed) return refused({ type: 'evidence.refused', from, to }, 'policy_refused', policy)
  return allowed({ type: 'evidence.exported', ...exported }, policy)
}
