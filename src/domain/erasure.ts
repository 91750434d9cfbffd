/**
 * Forgetting a person: somebody orders it, the parts of Countersign carry it out, and say what went. Leaves stay as they are; what
 * they only committed to is gone.
 */

import * as z from '../bytes/schema.ts'
import { allowed, recorded, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import * as principal from './principal.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const ordered = z.strictObject({
  person: f.personId,
  /** Names of personal data, `ip`; everything where it is absent. */
  fields: z
    .array(z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/))
    .min(1)
    .max(16)
    .optional(),
  /** Also the keys and commits that name the person: what rests on them cannot be decided again. */
  evidence: z.boolean(),
})

export const events = {
  'erasure.ordered': ordered,
  'erasure.done': z.strictObject({
    /** The leaf that ordered it. */
    order: f.leafIndex,
    person: f.personId,
    /** Leaves that disclose less now. */
    leaves: z.int().min(0),
    disclosures: z.int().min(0),
    /** Evidence that was erased, and evidence that names the person and stays. */
    evidence: z.int().min(0),
    evidenceKept: z.int().min(0),
  }),
  'erasure.refused': z.strictObject({ person: f.personId }),
}

export const commands = {
  'erase person': ordered.extend({ type: z.literal('erase person') }),
  'finish erasure': events['erasure.done'].extend({ type: z.literal('finish erasure') }),
}

export type ErasureEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Erasure = z.infer<typeof ordered> & {
  readonly leafIndex: number
  done?: Omit<z.infer<(typeof events)['erasure.done']>, 'order' | 'person'> & { readonly leafIndex: number }
}

/** What says who a person is. While they can act, it is what makes them answer for it. */
const IDENTITY: ReadonlySet<string> = new Set(['handle', 'name', 'email'])

export function apply(state: State, event: ErasureEvent, leafIndex: number): void {
  if (event.type === 'erasure.ordered') {
    const { type: _, ...order } = event
    state.erasures.set(String(leafIndex), { ...order, leafIndex })
  }
  if (event.type === 'erasure.done') {
    const { type: _, order, person: __, ...counts } = event
    const erasure = state.erasures.get(String(order))
    if (erasure) erasure.done = { ...counts, leafIndex }
  }
}

/** Whether everything or this very field of the person goes. */
export function covers({ fields }: Pick<Erasure, 'fields'>, name: string): boolean {
  return fields === undefined || fields.includes(name)
}

type Erase = z.infer<(typeof commands)['erase person']>

export function order({ type: _, ...wanted }: Erase, { policy, isAllowed }: Answered, state: State): Decision {
  const { person } = wanted
  const refuse = (reason: Reason) => refused({ type: 'erasure.refused', person }, reason, policy)

  const known = state.people.get(person)
  if (!known) return refuse('no_such_person')
  if (!isAllowed) return refuse('policy_refused')
  // Whose addresses are gone is no author any more, and could approve what they wrote.
  const isNamed = wanted.evidence || [...IDENTITY].some((name) => covers(wanted, name))
  if (isNamed && (principal.isActive(known) || isInvited(person, state))) return refuse('person_active')
  return allowed({ type: 'erasure.ordered', ...wanted }, policy)
}

function isInvited(person: string, { invitations }: State): boolean {
  return [...invitations.values()].some((invitation) => invitation.person === person)
}

type Finish = z.infer<(typeof commands)['finish erasure']>

/** Undefined where nothing was ordered, or all of it is done. */
export function finish({ type: _, ...done }: Finish, state: State): Decision | undefined {
  const known = state.erasures.get(String(done.order))
  if (!known || known.done || known.person !== done.person) return undefined
  return recorded({ type: 'erasure.done', ...done })
}
