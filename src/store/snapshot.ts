/**
 * Snapshots of state, so that a start does not replay everything. One is believed only if this log signed it:
 *
 *     [u32 length of the note][signed note][bytes]
 *
 *     log.example/snapshot                             origin, so that no checkpoint can pass for it
 *     20852163                                         leaves folded into it
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     SHA-256 of the bytes
 *
 *     — log.example Az3grl...
 */

import { join } from 'node:path'
import { equal, sha256 } from '../bytes/digest.ts'
import { openCheckpoint, signCheckpoint } from '../tlog/checkpoint.ts'
import type { Signer, VerifierKey } from '../tlog/key.ts'
import { diskFiles, type Files } from './file.ts'

export interface Snapshot {
  /** Leaves that are folded into it. */
  readonly size: number
  readonly bytes: Uint8Array
}

export interface SnapshotStore {
  /** Durable when it resolves; older ones than the last two go. */
  save(size: number, bytes: Uint8Array): Promise<void>
  /** The newest of at most `maxSize` leaves that is whole and signed; edited or torn ones are passed over. */
  load(maxSize: number): Promise<Snapshot | undefined>
}

export interface SnapshotOptions {
  readonly directory: string
  /** Of the log. */
  readonly origin: string
  /** The log's. */
  readonly signer: Signer
  readonly formerKeys?: readonly VerifierKey[]
  readonly files?: Files
}

const KEPT = 2
const LENGTH_BYTES = 4

export async function openSnapshots(options: SnapshotOptions): Promise<SnapshotStore> {
  const files = options.files ?? diskFiles
  await files.makeDirectory(options.directory, 0o700)
  return { save: (size, bytes) => save(options, files, size, bytes), load: (maxSize) => load(options, files, maxSize) }
}

async function save(
  { directory, origin, signer }: SnapshotOptions,
  files: Files,
  size: number,
  bytes: Uint8Array,
): Promise<void> {
  const note = Buffer.from(signCheckpoint({ origin: snapshotOrigin(origin), size, rootHash: sha256(bytes) }, signer))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(note.length)
  await files.replace(join(directory, String(size)), Buffer.concat([length, note, bytes]), 0o600)
  await files.syncDirectory(directory)
  for (const old of (await sizes(files, directory)).slice(KEPT)) await files.remove(join(directory, String(old)))
}

async function load(options: SnapshotOptions, files: Files, maxSize: number): Promise<Snapshot | undefined> {
  for (const size of await sizes(files, options.directory)) {
    if (size > maxSize) continue
    const stored = await files.read(join(options.directory, String(size)))
    const bytes = stored && openSnapshot(stored, size, options)
    if (bytes) return { size, bytes }
  }
  return undefined
}

function openSnapshot(
  stored: Buffer,
  size: number,
  { origin, signer, formerKeys = [] }: SnapshotOptions,
): Uint8Array | undefined {
  if (stored.length < LENGTH_BYTES) return undefined
  const end = LENGTH_BYTES + stored.readUInt32BE(0)
  const bytes = stored.subarray(end)
  try {
    const signed = openCheckpoint(stored.subarray(LENGTH_BYTES, end), snapshotOrigin(origin), [
      signer.key,
      ...formerKeys,
    ])
    return signed.size === size && equal(signed.rootHash, sha256(bytes)) ? bytes : undefined
  } catch {
    return undefined
  }
}

/** Newest first. */
async function sizes(files: Files, directory: string): Promise<number[]> {
  const names = await files.list(directory)
  return names
    .filter((name) => /^(?:0|[1-9]\d{0,15})$/.test(name))
    .map(Number)
    .sort((a, b) => b - a)
}

function snapshotOrigin(origin: string): string {
  return `${origin}/snapshot`
}
