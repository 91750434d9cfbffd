/**
 * A witness (C2SP tlog-witness): whoever holds its cosignature knows that this tree extends every tree of this log that the
 * witness ever cosigned. As a mirror it also keeps the leaves, proven to be under a signed checkpoint.
 */

import { verify } from 'node:crypto'
import { equal } from '../bytes/digest.ts'
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts'
import { cosign } from '../tlog/cosignature.ts'
import { TlogError } from '../tlog/error.ts'
import { EMPTY_ROOT } from '../tlog/hash.ts'
import type { Signer, VerifierKey } from '../tlog/key.ts'
import { formatNote, parseNote, verifyNote, type Note } from '../tlog/note.ts'
import { verifyConsistency } from '../tlog/verify.ts'
import { parseAddCheckpoint, type AddCheckpoint } from '../tlog/witness.ts'
import type { Mirror } from '../store/mirror.ts'
import type { Change, Witnessed, WitnessStore } from '../store/witness.ts'
import { parseSignature } from '../wire/http-signature.ts'
import { parseAddEntries } from './mirror-request.ts'

/** A log that this witness was told about. */
export interface KnownLog {
  readonly origin: string
  readonly keys: readonly VerifierKey[]
  readonly mirror?: Mirror
}

export interface WitnessParts {
  readonly logs: ReadonlyMap<string, KnownLog>
  readonly store: WitnessStore
  /** Its key is of type 4 or 6. */
  readonly signer: Signer
  readonly clock: () => number
}

export type WitnessRefusal =
  | 'malformed'
  | 'unknown_origin'
  | 'not_signed'
  /** The old size is beyond the checkpoint. */
  | 'backwards'
  /** The old size is not where we are; `size` is. */
  | 'stale'
  /** The same size with another root hash. */
  | 'forked'
  | 'inconsistent'

export type WitnessAnswer =
  | { readonly isCosigned: true; readonly lines: string }
  | { readonly isCosigned: false; readonly refused: WitnessRefusal; readonly because: string; readonly size?: number }

const NOTHING: Pick<Witnessed, 'size' | 'rootHash'> = { size: 0, rootHash: EMPTY_ROOT }

/** Judges an add-checkpoint request. Resolves when what it answers is durable; rejects only when the disk fails. */
export async function addCheckpoint(body: Uint8Array, parts: WitnessParts): Promise<WitnessAnswer> {
  const opened = open(() => parseAddCheckpoint(body), parts)
  if ('refused' in opened) return opened
  const { log, request, checkpoint, note } = opened
  return parts.store.update(log.origin, (present = { ...NOTHING, note: '' }): Change<WitnessAnswer> => {
    const refusal = judge(request, checkpoint, present, log.mirror)
    if (refusal) return { answer: refusal }
    const lines = cosign(note.text, parts.signer, Math.floor(parts.clock() / 1000))
    const next = { size: checkpoint.size, rootHash: checkpoint.rootHash, note: formatNote(note) + lines }
    return { answer: { isCosigned: true, lines }, next }
  })
}

function judge(
  { oldSize, proof }: AddCheckpoint,
  { size, rootHash }: Checkpoint,
  present: Pick<Witnessed, 'size' | 'rootHash'>,
  mirror: Mirror | undefined,
): WitnessAnswer | undefined {
  // "The old size MUST be equal to or lower than the checkpoint size."
  if (oldSize > size) return refuse('backwards', 'the old size is beyond the checkpoint')
  // "... MUST check that the old size matches the size of the latest checkpoint it cosigned (or zero)."
  if (oldSize !== present.size) return { ...refuse('stale', 'another size was cosigned last'), size: present.size }
  // "If the old size matches the checkpoint size, the witness MUST check that the root hashes are also identical."
  if (oldSize === size && !equal(rootHash, present.rootHash))
    return refuse('forked', `another root hash was cosigned at ${size} leaves: this log shows two histories`)
  if (!verifyConsistency(oldSize, size, present.rootHash, rootHash, proof))
    return refuse('inconsistent', `the tree of ${size} leaves is not proven to extend that of ${oldSize}`)
  if (mirror?.size === size && !equal(mirror.rootHash, rootHash))
    return refuse('forked', `the mirrored leaves have another root hash at ${size} leaves`)
  return undefined
}

function refuse(refused: WitnessRefusal, because: string) {
  return { isCosigned: false, refused, because } as const
}

type Opened = {
  readonly log: KnownLog
  readonly request: AddCheckpoint
  readonly checkpoint: Checkpoint
  /** With the signatures of the log alone. */
  readonly note: Note
}

/** "It MUST verify the checkpoint signature against the public key(s) it trusts for the checkpoint origin." */
function open(parse: () => AddCheckpoint, { logs }: WitnessParts): Opened | ReturnType<typeof refuse> {
  try {
    const request = parse()
    const note = parseNote(request.checkpoint)
    const checkpoint = parseCheckpoint(note.text)
    const log = logs.get(checkpoint.origin)
    if (!log) return refuse('unknown_origin', 'this witness does not know that log')
    const signers = verifyNote(note, log.keys)
    const signatures = note.signatures.filter(({ name, keyId }) =>
      signers.some((signer) => signer.name === name && signer.keyId === keyId),
    )
    return { log, request, checkpoint, note: { text: note.text, signatures } }
  } catch (error) {
    if (!(error instanceof TlogError)) throw error
    const isUnsigned = error.code === 'unknown_key' || error.code === 'bad_signature'
    const advice =
      error.code === 'unknown_key' ? '; if the log has a new key, this witness must be told: --log KEY' : ''
    return refuse(isUnsigned ? 'not_signed' : 'malformed', error.message + advice)
  }
}

export type MirrorAnswer =
  | { readonly isStored: true; readonly size: number }
  | { readonly isStored: false; readonly refused: WitnessRefusal; readonly because: string; readonly size?: number }

/** Judges leaves for the copy of a log, from leaf index `from` on. Durable when it resolves with `isStored`. */
export async function addEntries(
  log: KnownLog,
  from: number,
  body: Uint8Array,
  parts: WitnessParts,
): Promise<MirrorAnswer> {
  let leaves: readonly Uint8Array[] = []
  const opened = open(() => {
    const { head, leaves: sent } = parseAddEntries(body)
    leaves = sent
    return head
  }, parts)
  if ('refused' in opened) return { isStored: false, refused: opened.refused, because: opened.because }
  const { request, checkpoint } = opened
  const refused = (reason: WitnessRefusal, because: string) => ({ isStored: false, refused: reason, because }) as const
  if (opened.log !== log || !log.mirror) return refused('unknown_origin', 'this witness keeps no copy of that log')
  if (from + leaves.length !== request.oldSize || leaves.length === 0)
    return refused('malformed', 'the leaves do not end at the size that is said')
  if (request.oldSize > checkpoint.size) return refused('backwards', 'the leaves go beyond the checkpoint')

  const isProven = (size: number, rootHash: Uint8Array) =>
    verifyConsistency(size, checkpoint.size, rootHash, checkpoint.rootHash, request.proof)
  const { outcome, size } = await log.mirror.extend(from, leaves, isProven, parts.store.latest(log.origin))
  if (outcome === 'extended') return { isStored: true, size }
  if (outcome === 'conflict') return { ...refused('stale', 'the copy does not end there'), size }
  return refused('inconsistent', 'the leaves are not those of the checkpoint, or not of the tree that was cosigned')
}

const MAX_AGE_S = 60

export interface ReadRequest {
  readonly method: string
  /** The URIs by which this very request may have been made. */
  readonly targetUris: readonly string[]
  readonly signatureInput: string | undefined
  readonly signature: string | undefined
}

/** Whether one of the log's keys signed this very request within the last minute: leaves are for the log alone. */
export function mayReadLeaves({ keys }: KnownLog, request: ReadRequest, at: number): boolean {
  const claimed = parseSignature(request.signatureInput, request.signature)
  if (!claimed || Math.abs(at / 1000 - claimed.created) > MAX_AGE_S) return false
  const key = keys.find(({ name, keyId }) => `${name}+${keyId}` === claimed.keyId)
  if (!key) return false
  return request.targetUris.some((uri) =>
    verify(null, claimed.base(request.method, uri), key.keyObject, claimed.signature),
  )
}
