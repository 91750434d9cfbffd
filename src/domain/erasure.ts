/**
 * Forgetting a person: one administrator asks, another one agrees over the exact order, the parts of Countersign carry it out and
 * say what went. Leaves stay as they are; what they only committed to is gone.
 */

import * as z from '../bytes/schema.ts'
import type { AssertionClaims } from './approval.ts'
import { allowed, recorded, refused, waiting, type Decision } from './decision.ts'
import { challengeText, formatErasureStatement } from './erasure-statement.ts'
import * as f from './field.ts'
import * as principal from './principal.ts'
import type { Login } from './login.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import { rolesOf } from './role.ts'
import type { State } from './state.ts'
import { digestStatement } from './statement.ts'

const wanted = z.strictObject({
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
const nonce = z.string().length(43)

export const events = {
  'erasure.asked': wanted.extend({
    by: f.personId,
    nonce,
    expiresAt: f.at,
    policyDigest: f.digest,
    statementDigest: f.digest,
  }),
  'erasure.ordered': wanted.extend({
    by: f.personId,
    /** Who agreed, over which statement; absent where the policies let one administrator do it alone. */
    agreed: z
      .strictObject({ by: f.personId, asked: f.leafIndex, statementDigest: f.digest, isSoftware: z.boolean() })
      .optional(),
  }),
  'erasure.declined': z.strictObject({ asked: f.leafIndex, person: f.personId, by: f.personId }),
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
  'erasure.refused': z.strictObject({ person: f.personId.optional(), wanted: z.enum(['ask', 'agree', 'decline']) }),
}

export const commands = {
  'erase person': wanted.extend({ type: z.literal('erase person'), nonce, expiresAt: f.at }),
  'agree to erasure': z.strictObject({ type: z.literal('agree to erasure'), asked: f.leafIndex }),
  'decline erasure': z.strictObject({ type: z.literal('decline erasure'), asked: f.leafIndex }),
  'finish erasure': events['erasure.done'].extend({ type: z.literal('finish erasure') }),
}

export type ErasureEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Erasure = z.infer<typeof wanted> & {
  readonly leafIndex: number
  done?: Omit<z.infer<(typeof events)['erasure.done']>, 'order' | 'person'> & { readonly leafIndex: number }
}

/** Asked for, and waiting for a second administrator. */
export type Waiting = z.infer<(typeof events)['erasure.asked']> & {
  readonly leafIndex: number
  readonly askedAt: number
}

/** What says who a person is. While they can act, it is what makes them answer for it. */
const IDENTITY: ReadonlySet<string> = new Set(['handle', 'name', 'email'])
const MAX_WAIT_MS = 7 * 24 * 3_600_000
const MAX_WAITING = 100

export function apply(state: State, event: ErasureEvent, at: number, leafIndex: number): void {
  if (event.type === 'erasure.asked') {
    const { type: _, ...asked } = event
    for (const [key, { expiresAt }] of state.waitingErasures) if (expiresAt <= at) state.waitingErasures.delete(key)
    const request = { ...asked, leafIndex, askedAt: at }
    state.waitingErasures.set(String(leafIndex), request)
    // Nobody signs in with what was signed to agree.
    if (state.log) state.spentChallenges.add(challengeText(textOf(request, state)), leafIndex)
  }
  if (event.type === 'erasure.ordered') {
    const { type: _, by: __, agreed, ...order } = event
    state.erasures.set(String(leafIndex), { ...order, leafIndex })
    if (agreed) state.waitingErasures.delete(String(agreed.asked))
  }
  if (event.type === 'erasure.declined') state.waitingErasures.delete(String(event.asked))
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

/** The statement as it was fixed when it was asked for. */
export function textOf({ by, ...asked }: Omit<Waiting, 'leafIndex' | 'statementDigest'>, { log }: State): string {
  return formatErasureStatement({ ...asked, asker: by, origin: log!.origin })
}

/** Administrators who could agree: active, and neither the one who asks nor the one who is forgotten. */
export function others(asker: string, person: string, state: State, at: number): number {
  const could = [...state.people.values()].filter(
    (each) => principal.isActive(each) && rolesOf(each, state, at).includes('admin'),
  )
  return could.filter(({ id }) => id !== asker && id !== person).length
}

type Erase = z.infer<(typeof commands)['erase person']>
/** What the policies say now, and what they would say with one agreement. */
export type Asking = { readonly now: Answered; readonly agreed: Answered }

export function ask(command: Erase, by: Login, { now, agreed }: Asking, state: State, at: number): Decision {
  const { type: _, nonce: drawn, expiresAt, ...order } = command
  const { policy } = now
  const refuse = (reason: Reason) =>
    refused({ type: 'erasure.refused', person: order.person, wanted: 'ask' }, reason, policy)

  if (!state.people.has(order.person)) return refuse('no_such_person')
  if (!now.isAllowed && !agreed.isAllowed) return refuse('policy_refused')
  if (isStillNamed(order, state)) return refuse('person_active')
  const asker = by.principal as f.PersonId
  if (now.isAllowed) return allowed({ type: 'erasure.ordered', ...order, by: asker }, policy)
  if (expiresAt <= at || expiresAt > at + MAX_WAIT_MS) return refuse('erasure_expired')
  const open = [...state.waitingErasures.values()].filter((each) => each.expiresAt > at)
  if (open.length >= MAX_WAITING) return refuse('erasures_full')
  const request = {
    ...order,
    by: asker,
    nonce: drawn,
    expiresAt,
    policyDigest: state.policy!.digest as `sha256:${string}`,
  }
  const statementDigest = digestStatement(textOf({ ...request, askedAt: at }, state))
  return waiting({ type: 'erasure.asked', ...request, statementDigest }, 'agreement_missing', policy)
}

/** Whose addresses are gone is no author any more, and could approve what they wrote. */
function isStillNamed(order: z.infer<typeof wanted>, state: State): boolean {
  const isNamed = order.evidence || [...IDENTITY].some((name) => covers(order, name))
  const isInvited = [...state.invitations.values()].some(({ person }) => person === order.person)
  return isNamed && (principal.isActive(state.people.get(order.person)) || isInvited)
}

type Answer = z.infer<(typeof commands)['agree to erasure']> | z.infer<(typeof commands)['decline erasure']>

export function contextOf(asked: Waiting, by: Login, claims: AssertionClaims | undefined, at: number) {
  return {
    isAsker: asked.by === by.principal,
    isSelf: asked.person === by.principal,
    userVerified: claims?.isUserVerified ?? false,
    statementMatches: claims?.isOverStatement ?? false,
    loginAgeSeconds: Math.floor((at - by.provenAt) / 1000),
  }
}

/** `order` is what the policies say of whoever asked, now that somebody agrees: what they may not do any more, nobody does for them. */
export function answer(
  { type, asked: leafIndex }: Answer,
  by: Login,
  claims: AssertionClaims | undefined,
  { own, order }: { readonly own: Answered; readonly order: Answered },
  state: State,
  at: number,
): Decision {
  const isYes = type === 'agree to erasure'
  const asked = state.waitingErasures.get(String(leafIndex))
  const { policy } = own
  const about = { ...(asked && { person: asked.person }), wanted: isYes ? 'agree' : 'decline' } as const
  const refuse = (reason: Reason) => refused({ type: 'erasure.refused', ...about }, reason, policy)

  if (!asked) return refuse('no_such_erasure')
  if (asked.expiresAt <= at) return refuse('erasure_expired')
  const facts = contextOf(asked, by, claims, at)
  if (isYes && (facts.isAsker || facts.isSelf)) return refuse('own_erasure')
  const passkey = claims && state.passkeys.get(claims.credentialId)
  if (!passkey || passkey.person !== by.principal) return refuse('passkey_unknown')
  if (!facts.statementMatches) return refuse('statement_mismatch')
  if (!own.isAllowed) return refuse('policy_refused')
  if (!isYes)
    return allowed({ type: 'erasure.declined', asked: leafIndex, person: asked.person, by: passkey.person }, policy)
  if (asked.policyDigest !== state.policy?.digest) return refuse('order_void')
  if (!order.isAllowed) return refuse('order_void')
  if (isStillNamed(asked, state)) return refuse('person_active')
  const { statementDigest, person, fields, evidence } = asked
  const agreed = { by: passkey.person, asked: leafIndex, statementDigest, isSoftware: passkey.isSoftware }
  const ordered = { person, ...(fields && { fields }), evidence, by: asked.by, agreed }
  return allowed({ type: 'erasure.ordered', ...ordered }, policy)
}

type Finish = z.infer<(typeof commands)['finish erasure']>

/** Undefined where nothing was ordered, or all of it is done. */
export function finish({ type: _, ...done }: Finish, state: State): Decision | undefined {
  const known = state.erasures.get(String(done.order))
  if (!known || known.done || known.person !== done.person) return undefined
  return recorded({ type: 'erasure.done', ...done })
}
