/** The identity providers whose word lets people in, and what they say when somebody signs out there. */

import { canonical } from '../bytes/json.ts'
import { digestOf } from '../bytes/digest.ts'
import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { allowed, refused, type Decision } from './decision.ts'
import { closeLogin } from './ending.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const visible = (length: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${length}}$`))

/** As many logins as one word of a provider names; it ends all that there are. */
const MAX_NAMED = 256

/** A person's account there, or one session of it: a salted digest, since some providers make addresses of them. */
export const account = {
  issuer: f.url,
  subject: f.digest,
  session: f.digest.optional(),
  tokenDigest: f.digest,
  tokenExpiresAt: f.at,
}

export const events = {
  'idp.trusted': z.strictObject({
    idp: f.role,
    issuer: f.url,
    clientId: visible(256),
    /** Whether it knows us by a secret, which is kept beside the log. */
    isConfidential: z.boolean(),
    scopes: z.array(visible(64)).min(1).max(16),
    /** The claim that names a person for good. */
    subjectClaim: visible(64),
    salt: f.base64url.min(22).max(64),
  }),
  'idp.removed': z.strictObject({ idp: f.role, issuer: f.url }),
  /** Somebody signed out there. */
  'idp.ended': z.strictObject({
    ...account,
    subject: f.digest.optional(),
    logins: z.array(f.loginId).max(MAX_NAMED),
  }),
  'idp.refused': z.strictObject({ issuer: f.url, wanted: z.string().max(64) }),
}

export const commands = {
  'trust idp': events['idp.trusted'].extend({ type: z.literal('trust idp') }),
  'remove idp': z.strictObject({ type: z.literal('remove idp'), idp: f.role }),
  'end idp logins': z.strictObject({ type: z.literal('end idp logins'), issuer: f.url }),
}

export type IdpEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Idp = z.infer<(typeof events)['idp.trusted']> & { readonly leafIndex: number }
type Account = z.infer<z.ZodObject<typeof account>>
type Opened = {
  readonly login: string
  readonly expiresAt: number
  readonly account?: Account | undefined
  readonly lentBy?: string | undefined
}
/** What a login rests on, as long as it may be open. */
export type Entered = Pick<Account, 'issuer' | 'subject' | 'session'> & {
  readonly expiresAt: number
}
export type LogoutClaims = {
  readonly subject?: f.Digest
  readonly session?: f.Digest
  readonly tokenDigest: f.Digest
  readonly tokenExpiresAt: number
}

/** What somebody, or a session of theirs, is called at this provider. */
export function nameAt({ issuer, salt }: Pick<Idp, 'issuer' | 'salt'>, kind: 'subject' | 'session', text: string) {
  return digestOf(utf8.encode(canonical([salt, issuer, kind, text])))
}

export function byName(name: string, state: Pick<State, 'idps'>): Idp | undefined {
  return [...state.idps.values()].find(({ idp }) => idp === name)
}

export function apply(state: State, event: IdpEvent, at: number, leafIndex: number): void {
  switch (event.type) {
    case 'idp.trusted': {
      const { type: _, ...trusted } = event
      state.idps.set(event.issuer, { ...trusted, leafIndex })
      return
    }
    case 'idp.removed':
      state.idps.delete(event.issuer)
      return endAll(event, state, at)
    case 'idp.ended':
      state.spentTokens.add(event.tokenDigest, event.tokenExpiresAt)
      return endAll(event, state, at)
    case 'idp.refused':
  }
}

/** Ends every login that rests on this account. */
export function endAll(meant: Meant, state: State, at: number): void {
  for (const login of enteredBy(meant, state)) leave(login, state, at)
}

/** Remembers what a login rests on, while it may be open; a login that it lends rests on the same. */
export function enter({ login, account: own, lentBy, expiresAt }: Opened, state: State, at: number): void {
  const rests = own ?? (lentBy && state.entered.get(lentBy))
  if (!rests) return
  for (const [old, { expiresAt: end_ }] of state.entered) if (end_ <= at) state.entered.delete(old)
  const { issuer, subject, session } = rests
  state.entered.set(login, { issuer, subject, ...(session && { session }), expiresAt })
  if (own) state.spentTokens.add(own.tokenDigest, own.tokenExpiresAt)
}

function leave(login: string, state: State, at: number): void {
  closeLogin(login, state, at)
  state.entered.delete(login)
}

type Meant = { readonly issuer: string; readonly subject?: string | undefined; readonly session?: string | undefined }

/** A session that is named ends alone; a subject without one ends with all sessions. */
function enteredBy({ issuer, subject, session }: Meant, state: State): f.LoginId[] {
  const meant = [...state.entered].filter(
    ([, is]) =>
      is.issuer === issuer &&
      (subject === undefined || is.subject === subject) &&
      (session === undefined || is.session === session),
  )
  return meant.map(([login]) => login as f.LoginId)
}

type Trust = z.infer<(typeof commands)['trust idp']>

/** Trusted again under its name, a provider keeps its salt: or nobody would be known any more. */
export function trust({ type: _, ...asked }: Trust, { policy, isAllowed }: Answered, state: State): Decision {
  const refuse = (reason: Reason) =>
    refused({ type: 'idp.refused', issuer: asked.issuer, wanted: 'trust idp' }, reason, policy)

  const known = state.idps.get(asked.issuer)
  const namesake = byName(asked.idp, state)
  if (!isAllowed) return refuse('policy_refused')
  if (namesake && namesake.issuer !== asked.issuer) return refuse('id_taken')
  if (known && known.subjectClaim !== asked.subjectClaim) return refuse('idp_claim_fixed')
  return allowed({ type: 'idp.trusted', ...asked, salt: known?.salt ?? asked.salt }, policy)
}

type Remove = z.infer<(typeof commands)['remove idp']>

export function remove({ idp }: Remove, { policy, isAllowed }: Answered, state: State): Decision {
  const known = byName(idp, state)
  const refuse = (reason: Reason) => refused({ type: 'principal.refused', wanted: 'remove idp' }, reason, policy)

  if (!isAllowed) return refuse('policy_refused')
  if (!known) return refuse('no_such_idp')
  return allowed({ type: 'idp.removed', idp, issuer: known.issuer }, policy)
}

type End = z.infer<(typeof commands)['end idp logins']>

/** The provider's word is enough: it only takes away. */
export function end({ issuer }: End, claims: LogoutClaims, state: State): Decision {
  if (!state.idps.has(issuer)) return refused({ type: 'idp.refused', issuer, wanted: 'end idp logins' }, 'no_such_idp')
  if (state.spentTokens.has(claims.tokenDigest))
    return refused({ type: 'idp.refused', issuer, wanted: 'end idp logins' }, 'token_reused')
  const logins = enteredBy({ issuer, ...claims }, state).slice(0, MAX_NAMED)
  return allowed({ type: 'idp.ended', issuer, ...claims, logins })
}
