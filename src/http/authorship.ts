/** Who the commits of a push say wrote them, and which enrolled keys their signatures name. Claims; the rules judge them. */

import { digestOf } from '../bytes/digest.ts'
import { base64, hex } from '../bytes/text.ts'
import type { Directory } from '../control/directory.ts'
import { claimsOf, exhibitsOf } from '../domain/claims.ts'
import type { Command } from '../domain/command.ts'
import type { Claimed } from '../domain/commit.ts'
import type { Given } from '../domain/leaf.ts'
import type { PersonId } from '../domain/field.ts'
import type { ReadonlyState } from '../domain/state.ts'
import type { SignedCommit } from '../evidence/git-object.ts'
import { isOpenpgpSignature, parseOpenpgpPublicKey } from '../evidence/openpgp.ts'
import { attempt, isRefusal } from '../evidence/refusal.ts'
import type { EvidenceStore } from '../store/evidence.ts'
import type { Exhibit } from '../control/handle.ts'

type Authorship = NonNullable<Given['authorships']>[number]

const MAX_AUTHORS = 16

/** The key that signed, for each commit in order, as far as its signature verifies. Whose it is, is looked up when it is decided. */
export async function signingKeysOf(
  command: Command,
  exhibits: readonly Exhibit[],
  state: ReadonlyState,
  at: number,
): Promise<readonly (string | undefined)[]> {
  const references = exhibits.map(({ kind, bytes }) => ({ kind, digest: digestOf(bytes) }))
  const blobs = exhibits.map(({ bytes }) => bytes)
  const claims = await claimsOf(command, exhibitsOf(references, blobs), state, undefined, at)
  if (!Array.isArray(claims)) return []
  return (claims as readonly Claimed[]).map(({ fingerprint }) => fingerprint)
}

/**
 * People among author and co-authors, by the addresses they enrolled. An author is foreign when the signer enrolled addresses
 * and theirs is none of them; unknown co-authors say nothing.
 */
export function authorshipOf(
  { author, coAuthors }: SignedCommit,
  signer: PersonId | undefined,
  directory: Directory,
): Authorship {
  const people = [author, ...coAuthors].flatMap(({ email }) => directory.byEmail(email) ?? [])
  const enrolled = signer === undefined ? undefined : directory.person(signer)?.emails
  const isForeign = enrolled !== undefined && enrolled.size > 0 && directory.byEmail(author.email) !== signer
  return { authors: [...new Set(people)].sort().slice(0, MAX_AUTHORS) as PersonId[], hasForeignAuthor: isForeign }
}

const MAX_KEYS = 64

/** Finds the enrolled OpenPGP keys that signatures name. Their parts are remembered by digest: a key never changes. */
export class OpenpgpKeys {
  readonly #keyIds = new Map<string, readonly Buffer[]>()

  /** The binary public keys, at most 64. */
  async namedBy(
    commits: readonly SignedCommit[],
    state: ReadonlyState,
    evidence: EvidenceStore,
  ): Promise<Uint8Array[]> {
    const signatures = commits.flatMap(({ signature }) => bytesOf(signature))
    if (signatures.length === 0) return []
    const named: Uint8Array[] = []
    for (const { format, publicKey, removedAt } of state.keys.values()) {
      if (format !== 'openpgp' || removedAt !== undefined || named.length >= MAX_KEYS) continue
      const bytes = await evidence.get(publicKey as `sha256:${string}`)
      const keyIds = bytes && (await this.#keyIdsOf(publicKey, bytes))
      if (bytes && keyIds?.some((id) => signatures.some((signature) => signature.includes(id)))) named.push(bytes)
    }
    return named
  }

  async #keyIdsOf(digest: string, bytes: Uint8Array): Promise<readonly Buffer[]> {
    const known = this.#keyIds.get(digest)
    if (known) return known
    const key = await parseOpenpgpPublicKey(bytes)
    const keyIds = isRefusal(key) ? [] : key.fingerprints.map(keyIdOf)
    this.#keyIds.set(digest, keyIds)
    return keyIds
  }
}

/** RFC 9580, 5.5.4: the low 64 bits of a version 4 fingerprint, the high 64 bits of a version 6 one. */
function keyIdOf(fingerprint: string): Buffer {
  return Buffer.from(hex.decode(fingerprint.length === 40 ? fingerprint.slice(-16) : fingerprint.slice(0, 16)))
}

/** The packet inside the armor. A key id stands in it byte for byte, in whichever subpacket names the issuer. */
function bytesOf(signature: string | undefined): Buffer[] {
  if (signature === undefined || !isOpenpgpSignature(signature)) return []
  const lines = signature.trim().split(/\r?\n/)
  const blank = lines.findIndex((line) => line.trim() === '')
  const body = lines.slice(blank + 1, -1).filter((line) => !line.startsWith('='))
  const bytes = attempt(() => base64.decode(body.join('')))
  return bytes ? [Buffer.from(bytes)] : []
}
