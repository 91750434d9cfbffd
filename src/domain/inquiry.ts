/** A question about a release that waits, and its answer: the words are personal, that they were said is not. It keeps nobody waiting. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { closedBecause, type Release } from './release.ts'
import type { State } from './state.ts'

const place = { inquiry: f.inquiryId, release: f.releaseId, by: f.personId }

export const events = {
  'inquiry.asked': z.strictObject(place),
  'inquiry.answered': z.strictObject(place),
  'inquiry.refused': z.strictObject({ ...place, by: f.principalId, wanted: z.enum(['ask', 'answer']) }),
}

export const commands = {
  'ask about release': z.strictObject({
    type: z.literal('ask about release'),
    inquiry: f.inquiryId,
    release: f.releaseId,
  }),
  'answer inquiry': z.strictObject({
    type: z.literal('answer inquiry'),
    inquiry: f.inquiryId,
    release: f.releaseId,
  }),
}

export type InquiryEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

/** The leaves, whose disclosures have the words. */
export type Inquiry = {
  readonly inquiry: string
  readonly by: f.PersonId
  readonly at: number
  readonly leafIndex: number
  readonly answers: readonly { readonly by: f.PersonId; readonly at: number; readonly leafIndex: number }[]
}

/** Of one release, and to one question. */
const MAX_INQUIRIES = 20
const MAX_ANSWERS = 5

export function apply(state: State, event: InquiryEvent, at: number, leafIndex: number): void {
  const release = state.releases.get(event.release)
  if (event.type === 'inquiry.refused' || !release) return
  const { inquiry, by } = event
  const said = { by, at, leafIndex }
  const known = release.inquiries ?? []
  const inquiries =
    event.type === 'inquiry.asked'
      ? [...known, { inquiry, ...said, answers: [] }]
      : known.map((each) => (each.inquiry === inquiry ? { ...each, answers: [...each.answers, said] } : each))
  state.releases.set(event.release, { ...release, inquiries })
}

type Say = z.infer<(typeof commands)['ask about release' | 'answer inquiry']>

export function say(
  { type, inquiry, release: id }: Say,
  by: f.PrincipalId,
  { policy, isAllowed }: Answered,
  state: State,
  at: number,
): Decision {
  const wanted = type === 'ask about release' ? 'ask' : 'answer'
  const refuse = (reason: Reason) =>
    refused({ type: 'inquiry.refused', inquiry, release: id, by, wanted }, reason, policy)

  const release = state.releases.get(id)
  if (!release) return refuse('no_such_release')
  const closed = closedBecause(release, state, at)
  if (closed) return refuse(closed)
  const unfit = judge(release, inquiry, wanted)
  if (unfit) return refuse(unfit)
  if (!isAllowed) return refuse('policy_refused')
  const said = { inquiry, release: id, by: by as f.PersonId }
  return allowed({ type: wanted === 'ask' ? 'inquiry.asked' : 'inquiry.answered', ...said }, policy)
}

function judge({ inquiries = [] }: Release, inquiry: string, wanted: 'ask' | 'answer'): Reason | undefined {
  const known = inquiries.find((each) => each.inquiry === inquiry)
  if (wanted === 'ask') {
    if (known) return 'id_taken'
    return inquiries.length >= MAX_INQUIRIES ? 'too_many_inquiries' : undefined
  }
  if (!known) return 'no_such_inquiry'
  return known.answers.length >= MAX_ANSWERS ? 'too_many_inquiries' : undefined
}
