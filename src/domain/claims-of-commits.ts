/** What the objects of a push say when they are read: each commit's own name, its parents, and the key that signed it. */

import { utf8 } from '../bytes/text.ts'
import { parseCommit, type SignedCommit } from '../evidence/git-object.ts'
import { isOpenpgpSignature, verifyOpenpgp } from '../evidence/openpgp.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { verifySshsig } from '../evidence/sshsig.ts'
import type { Claimed } from './commit.ts'
import { MAX_COMMITS } from './repository.ts'

/**
 * Splits what `git cat-file --batch` prints: `<name> commit <size>\n<bytes>\n`, over and over. That stream, whole, is the
 * evidence of a push. Undefined when it is anything else or holds more than 100 commits.
 */
export function splitObjects(stream: Uint8Array): { readonly name: string; readonly object: Uint8Array }[] | undefined {
  const found: { name: string; object: Uint8Array }[] = []
  let offset = 0
  while (offset < stream.length && found.length <= MAX_COMMITS) {
    const end = stream.indexOf(0x0a, offset)
    const header =
      end < 0
        ? null
        : /^([0-9a-f]{40}(?:[0-9a-f]{24})?) commit (\d{1,7})$/.exec(
            attempt(() => utf8.decode(stream.subarray(offset, end))) ?? '',
          )
    if (!header) return undefined
    const from = end + 1
    const to = from + Number(header[2])
    if (stream[to] !== 0x0a) return undefined
    found.push({ name: header[1]!, object: stream.subarray(from, to) })
    offset = to + 1
  }
  return found.length > MAX_COMMITS ? undefined : found
}

/** A leaf names no more; git itself stops at as many. */
const MAX_PARENTS = 16

export async function claimCommits(
  stream: Uint8Array | undefined,
  openpgpKeys: readonly Uint8Array[],
  at: number,
): Promise<readonly Claimed[] | Refusal> {
  const objects = splitObjects(stream ?? new Uint8Array())
  if (!objects)
    return refuse(
      'malformed',
      `A push is sent as commit objects, ${MAX_COMMITS} at most; push older history first, in parts.`,
    )
  const claims: Claimed[] = []
  for (const { name, object } of objects) {
    const claim = await claimCommit(object, openpgpKeys, at)
    if (isRefusal(claim)) return claim
    if (claim.id !== name) return refuse('malformed', `The object sent as ${name} is ${claim.id}.`)
    claims.push(claim)
  }
  return claims
}

async function claimCommit(
  object: Uint8Array,
  openpgpKeys: readonly Uint8Array[],
  at: number,
): Promise<Claimed | Refusal> {
  const commit = parseCommit(object)
  if (isRefusal(commit)) return commit
  const known = { id: commit.id, sha256: commit.sha256, parents: commit.parents.slice(0, MAX_PARENTS) }
  if (commit.parents.length > MAX_PARENTS) return { ...known, problem: 'commit_malformed' }
  if (commit.signature === undefined) return { ...known, problem: 'unsigned' }
  return { ...known, ...(await claimSignature(commit, commit.signature, openpgpKeys, at)) }
}

/** SSH signatures carry their key, so they verify without anybody's list; whose key it is, the state decides. */
async function claimSignature(
  { payload }: SignedCommit,
  signature: string,
  openpgpKeys: readonly Uint8Array[],
  at: number,
): Promise<Pick<Claimed, 'fingerprint' | 'problem'>> {
  if (isOpenpgpSignature(signature)) {
    const verified = await verifyOpenpgp(signature, payload, openpgpKeys, at)
    if (!isRefusal(verified)) return { fingerprint: verified.fingerprint }
    return { problem: verified.refused === 'unknown_key' ? 'unknown_key' : 'bad_signature' }
  }
  const verified = verifySshsig(signature, payload, 'git')
  if (isRefusal(verified)) return { problem: 'bad_signature' }
  return { fingerprint: verified.key.fingerprint }
}
