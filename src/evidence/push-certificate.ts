/**
 * A push certificate (`git push --signed`), read strictly: which references its signer wanted moved, from where to where, at
 * which server, and by whose challenge.
 *
 *     certificate version 0.1
 *     pusher SHA256:uCjp… 1763900000 +0100
 *     pushee https://git.example/shop.git
 *     nonce 1763899990-6b1f…
 *
 *     83baae61… 4be0c11f… refs/heads/main
 *     -----BEGIN SSH SIGNATURE-----
 *
 * Commits and certificates are signed under one namespace. No commit begins like this and no certificate like a commit, so
 * neither can stand for the other.
 */

import { utf8 } from '../bytes/text.ts'
import { verifyGitSignature, type GitSignature, type GitSignatureRefusal, type TrustedKeys } from './git-signature.ts'
import { attempt, isRefusal, refuse, type Refusal } from './refusal.ts'

/** `before` and `after` are object ids, all zeros for what was not there or goes. */
export type RefUpdate = { readonly ref: string; readonly before: string; readonly after: string }

export type PushCertificate = {
  /** What the pusher calls itself: a key's fingerprint, or a name and address. Only a claim. */
  readonly pusher: string
  /** The pusher's own clock, ms since the epoch. */
  readonly claimedAt: number
  /** Where the push went, as the pusher spelt it; git leaves it out of local pushes. */
  readonly pushee?: string
  /** The challenge of the server; absent where it gave none. */
  readonly nonce?: string
  readonly options: readonly string[]
  readonly updates: readonly RefUpdate[]
}

export type PushCertificateClaims = PushCertificate & { readonly signature: GitSignature }
export type PushCertificateRefusal = (GitSignatureRefusal | Refusal<'malformed' | 'too_large'>) & {
  readonly fingerprint?: string
}

/** A hundred thousand references are refused before anything is read of them. */
const MAX_SIZE = 1_048_576
const MAX_UPDATES = 4_096
const MAX_OPTIONS = 64
const SIGNATURE = /^-----BEGIN (?:SSH SIGNATURE|PGP SIGNATURE|SIGNED MESSAGE)-----$/m

/** Verifies a certificate of at most 1 MiB with the keys trusted at `at`. Never throws. */
export async function verifyPushCertificate(
  bytes: Uint8Array,
  trusted: TrustedKeys,
  at: number,
): Promise<PushCertificateClaims | PushCertificateRefusal> {
  const parsed = parsePushCertificate(bytes)
  if (isRefusal(parsed)) return parsed
  const { signature, payload, ...certificate } = parsed
  const verdict = await verifyGitSignature({ what: 'The push certificate', payload, signature }, trusted, at)
  return isRefusal(verdict) ? verdict : { ...certificate, signature: verdict }
}

type Parsed = PushCertificate & { readonly signature: string; readonly payload: Uint8Array }

/** Takes it apart; what it says is unproven until its signature was verified. */
export function parsePushCertificate(bytes: Uint8Array): Parsed | Refusal<'malformed' | 'too_large'> {
  if (bytes.length > MAX_SIZE) return refuse('too_large', 'The push certificate is larger than 1 MiB.')
  return (
    attempt(() => readCertificate(bytes)) ?? refuse('malformed', 'The bytes are not a well-formed push certificate.')
  )
}

function readCertificate(bytes: Uint8Array): Parsed {
  const text = utf8.decode(bytes)
  const start = text.search(SIGNATURE)
  if (start < 0 || text.includes('\0') || text.includes('\r'))
    throw new SyntaxError('no signature behind the certificate')
  const payload = text.slice(0, start)
  const split = payload.indexOf('\n\n')
  if (split < 0) throw new SyntaxError('no end of headers')
  const updates = payload.slice(split + 2).split('\n')
  if (updates.pop() !== '' || updates.length === 0 || updates.length > MAX_UPDATES)
    throw new SyntaxError('no updates, or too many')
  return {
    ...readHeaders(payload.slice(0, split).split('\n')),
    updates: distinct(updates.map(readUpdate)),
    signature: text.slice(start),
    payload: utf8.encode(payload),
  }
}

/** git writes them in one order and each once; anything else was not written by git. */
function readHeaders(lines: readonly string[]): Omit<PushCertificate, 'updates'> {
  const [version, pusher, ...rest] = lines
  if (version !== 'certificate version 0.1') throw new SyntaxError('not a push certificate')
  const [, who, seconds] = /^pusher (\S.{0,1000}?) (\d{1,12}) [+-]\d{4}$/.exec(pusher ?? '') ?? []
  if (who === undefined) throw new SyntaxError('no pusher')
  const taken = (name: string) => (rest[0]?.startsWith(`${name} `) ? rest.shift()!.slice(name.length + 1) : undefined)
  const [pushee, nonce] = [taken('pushee'), taken('nonce')]
  const options: string[] = []
  for (let option = taken('push-option'); option !== undefined; option = taken('push-option')) options.push(option)
  if (rest.length > 0 || options.length > MAX_OPTIONS) throw new SyntaxError('an unknown header, or too many options')
  return {
    pusher: who,
    claimedAt: Number(seconds) * 1000,
    ...(pushee !== undefined && { pushee }),
    ...(nonce !== undefined && { nonce }),
    options,
  }
}

const UPDATE = /^([0-9a-f]{40}|[0-9a-f]{64}) ([0-9a-f]{40}|[0-9a-f]{64}) (refs\/[^\s~^:?*[\\]{1,1000})$/

function readUpdate(line: string): RefUpdate {
  const [, before, after, ref] = UPDATE.exec(line) ?? []
  if (before === undefined || after === undefined || ref === undefined || before.length !== after.length)
    throw new SyntaxError('not an update of a reference')
  return { ref, before, after }
}

/** A reference that moves twice in one push ends where only the order tells. */
function distinct(updates: readonly RefUpdate[]): readonly RefUpdate[] {
  if (new Set(updates.map(({ ref }) => ref)).size !== updates.length)
    throw new SyntaxError('a reference is named twice')
  return updates
}
