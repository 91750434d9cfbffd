/**
 * Keys of this instance that others trust for what it lends: of its OIDC issuer, and of its certificate authorities. The log says
 * which key signed when, so that a token or certificate that nobody lent can be told from one that somebody did.
 */

import * as z from '../bytes/schema.ts'
import * as f from './field.ts'
import type { State } from './state.ts'

const name = z.enum(['oidc', 'x509', 'ssh-host'])

export const events = {
  'authority.keyed': z.strictObject({
    authority: name,
    /** `kid` of tokens; of a certificate authority, the digest of its key. */
    keyId: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
    /** SubjectPublicKeyInfo, or the certificate of an authority that has one. */
    publicKey: f.base64,
    /** Listed from now on, used from then on: others need time to learn of it. */
    signsFrom: f.at,
  }),
}

export const commands = { 'key authority': events['authority.keyed'].extend({ type: z.literal('key authority') }) }

export type AuthorityEvent = { readonly type: 'authority.keyed' } & z.infer<(typeof events)['authority.keyed']>
export type AuthorityName = z.infer<typeof name>
export type AuthorityKey = Omit<z.infer<(typeof events)['authority.keyed']>, 'authority'> & {
  /** What it signed is good until then at most; absent while it is the newest. */
  readonly listedUntil?: number
  readonly leafIndex: number
}
/** Oldest first; the last one is the newest. */
export type Authority = { readonly keys: readonly AuthorityKey[] }

/** Nothing that is lent lives longer, and whoever verifies it may look a little late. */
export const LISTED_MS = 24 * 3_600_000
const MAX_KEYS = 8

export function apply(
  state: State,
  { type: _, authority, ...key }: AuthorityEvent,
  at: number,
  leafIndex: number,
): void {
  const before = (state.authorities.get(authority)?.keys ?? [])
    .map((old) => ({ ...old, listedUntil: old.listedUntil ?? Math.max(at, key.signsFrom) + LISTED_MS }))
    .filter(({ listedUntil }) => listedUntil > at)
  state.authorities.set(authority, { keys: [...before, { ...key, leafIndex }].slice(-MAX_KEYS) })
}

/** Keys under which something may still be good, or will be. */
export function listed(authority: Authority | undefined, at: number): readonly AuthorityKey[] {
  return (authority?.keys ?? []).filter(({ listedUntil = Infinity }) => listedUntil > at)
}

/** The key to sign with now: the newest whose time has come; the oldest where none has. */
export function signing(authority: Authority | undefined, at: number): AuthorityKey | undefined {
  const keys = listed(authority, at)
  return keys.findLast(({ signsFrom }) => signsFrom <= at) ?? keys[0]
}
