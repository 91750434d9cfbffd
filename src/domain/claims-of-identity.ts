/** What an identity provider's token says of an account, under the names that the log has for it. */

import { digestOf } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { verifyIdToken, verifyLogoutToken, type ClientTrust } from '../evidence/id-token.ts'
import { attempt, isRefusal, quoted, refuse, type Refusal } from '../evidence/refusal.ts'
import type { Exhibits } from './claims.ts'
import type { Digest } from './field.ts'
import type { IdentityClaims } from './identity.ts'
import { nameAt, type Idp, type LogoutClaims } from './idp.ts'
import type { ReadonlyState } from './state.ts'

type Shown = { readonly idp: Idp; readonly token: string; readonly trust: ClientTrust }

function shownOf(issuer: string, kind: string, exhibits: Exhibits, { idps }: ReadonlyState): Shown | Refusal {
  const idp = idps.get(issuer)
  if (!idp) return refuse('no_such_idp', `The identity provider ${quoted(issuer)} is not trusted here.`)
  const [bytes, set] = [exhibits.one(kind), exhibits.one('idp-keys')]
  const token = bytes && attempt(() => utf8.decode(bytes))
  const keys = set && attempt(() => (parse(utf8.decode(set)) as { keys?: unknown }).keys)
  if (token === undefined || !Array.isArray(keys))
    return refuse('malformed', 'The token or the keys of its provider are missing.')
  return { idp, token, trust: { issuer: idp.issuer, clientId: idp.clientId, keys: keys as ClientTrust['keys'] } }
}

export async function claimIdentity(
  issuer: string,
  nonce: string,
  exhibits: Exhibits,
  state: ReadonlyState,
  at: number,
): Promise<IdentityClaims | Refusal> {
  const shown = shownOf(issuer, 'id-token', exhibits, state)
  if (isRefusal(shown)) return shown
  const { idp, token, trust } = shown
  const claims = await verifyIdToken(token, trust, nonce, at)
  if (isRefusal(claims)) return claims
  const name = claims.raw[idp.subjectClaim]
  if (typeof name !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(name))
    return refuse(
      'claims_missing',
      `The ID token’s ${idp.subjectClaim}, which names the person, is missing or not usable.`,
    )
  const { sessionId, expiresAt } = claims
  return {
    issuer,
    subject: nameAt(idp, 'subject', name),
    ...(sessionId !== undefined && { session: nameAt(idp, 'session', sessionId) }),
    tokenDigest: digestOf(utf8.encode(token)) as Digest,
    tokenExpiresAt: expiresAt,
  }
}

/** A logout token names `sub`; where persons go by another claim, only its session tells who is meant. */
export async function claimLogout(
  issuer: string,
  exhibits: Exhibits,
  state: ReadonlyState,
  at: number,
): Promise<LogoutClaims | Refusal> {
  const shown = shownOf(issuer, 'logout-token', exhibits, state)
  if (isRefusal(shown)) return shown
  const { idp, token, trust } = shown
  const claims = await verifyLogoutToken(token, trust, at)
  if (isRefusal(claims)) return claims
  const { subject, sessionId, tokenId, expiresAt } = claims
  const bySubject = idp.subjectClaim === 'sub' ? subject : undefined
  if (bySubject === undefined && sessionId === undefined)
    return refuse('claims_missing', `The logout token names no session, and ${idp.subjectClaim} names people here.`)
  return {
    ...(bySubject !== undefined && { subject: nameAt(idp, 'subject', bySubject) }),
    ...(sessionId !== undefined && { session: nameAt(idp, 'session', sessionId) }),
    tokenDigest: digestOf(utf8.encode(`${issuer}\n${tokenId}`)),
    tokenExpiresAt: expiresAt,
  }
}
