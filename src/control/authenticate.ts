/** Whose words these are. Says nothing of what they may do, nor whether they still may: that is decided on the newest state. */

import { createPublicKey, verify } from 'node:crypto'
import { digestOf, equal, sha256 } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64, base64url, utf8 } from '../bytes/text.ts'
import type { Caller } from '../domain/leaf.ts'
import { callerOf } from '../domain/login.ts'
import type { ReadonlyState } from '../domain/state.ts'
import { attempt, refuse, type Refusal } from '../evidence/refusal.ts'

const BEARER = /^cs_[A-Za-z0-9_-]{43}$/

/** The login that a bearer token opened. Only the token's digest is known here, so there is nothing to compare in time. */
export function bearerCaller(token: string, state: ReadonlyState): Caller | Refusal<'sign_in_needed'> {
  const login = BEARER.test(token) ? state.logins.get(state.bearers.get(digestOf(utf8.encode(token))) ?? '') : undefined
  if (!login) return refuse('sign_in_needed', 'Sign in first: this request carries no login that is known here.')
  return callerOf(login)
}

const doorHeader = z.strictObject({ alg: z.literal('EdDSA'), typ: z.string().optional() })
const doorClaims = z.strictObject({
  iss: z.string().max(140),
  aud: z.string().max(256),
  jti: z.string().min(16).max(64),
  iat: z.int(),
  exp: z.int(),
  bodySha256: z.string().length(43),
})

const MAX_DOOR_LIFETIME_S = 60
const LEEWAY_S = 30

/**
 * A git door signs each request for itself, over the digest of the body: a JWT (RFC 7519, EdDSA) with the key that was
 * registered with its repository. `seen` remembers its identifiers until they expire.
 */
export function doorCaller(
  jwt: string,
  body: Uint8Array,
  state: ReadonlyState,
  seen: Seen,
  at: number,
): Caller | Refusal<'door_unknown' | 'door_stale' | 'door_replayed'> {
  const parts = jwt.split('.')
  const claims = attempt(() => {
    doorHeader.parse(parse(utf8.decode(base64url.decode(parts[0]!))))
    return parts.length === 3 ? doorClaims.parse(parse(utf8.decode(base64url.decode(parts[1]!)))) : undefined
  })
  const repository = claims && state.repositories.get(claims.iss)
  const unknown = refuse('door_unknown', 'This is not the door of a registered repository, or not its key.')
  if (!claims || !repository || claims.aud !== state.log?.origin) return unknown
  const isSigned = attempt(() => {
    const key = createPublicKey({ key: Buffer.from(base64.decode(repository.doorKey)), format: 'der', type: 'spki' })
    return (
      key.asymmetricKeyType === 'ed25519' &&
      verify(null, utf8.encode(`${parts[0]}.${parts[1]}`), key, base64url.decode(parts[2]!))
    )
  })
  if (!isSigned || !equal(sha256(body), attempt(() => base64url.decode(claims.bodySha256)) ?? new Uint8Array()))
    return unknown
  const now = at / 1000
  if (claims.exp - claims.iat > MAX_DOOR_LIFETIME_S || claims.exp < now - LEEWAY_S || claims.iat > now + LEEWAY_S)
    return refuse('door_stale', 'The door’s request is too old or from the future; check the clocks of both machines.')
  if (!seen.add(`${claims.iss}\n${claims.jti}`, (claims.exp + LEEWAY_S) * 1000, at))
    return refuse('door_replayed', 'This request of the door was seen before.')
  return { id: `system:git-door/${repository.repository}`, kind: 'system' }
}

/** Remembers texts until a moment, at most 100,000 of them: when it is full, it accepts nothing rather than forget. */
export class Seen {
  readonly #until = new Map<string, number>()

  /** False when the text was seen already, or cannot be remembered. */
  add(text: string, until: number, at: number): boolean {
    // From the oldest on, and no further than the first that still counts: this is asked often, and by anyone.
    for (const [old, end] of this.#until)
      if (end <= at) this.#until.delete(old)
      else break
    if (this.#until.has(text) || this.#until.size >= 100_000) return false
    this.#until.set(text, until)
    return true
  }

  /** True once, for a text that is remembered and not past its end; it is forgotten then. */
  take(text: string, at: number): boolean {
    const until = this.#until.get(text)
    this.#until.delete(text)
    return until !== undefined && until > at
  }
}
