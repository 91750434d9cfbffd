/** One checkpoint to one witness: the leaves first if it keeps a copy, then the consistency proof, then its cosignature comes back. */

import type { Head } from '../store/head.ts'
import type { Log } from '../store/log.ts'
import { formatSignatureLine } from '../tlog/note.ts'
import { MAX_MIRROR_BODY_BYTES, MAX_MIRROR_LEAVES } from './mirror-request.ts'
import { WitnessError, type WitnessClient } from './witness-client.ts'

/** How far a witness got, as far as we know. */
export interface Fed {
  readonly cosignedSize: number
  readonly mirroredSize: number
}

/** A request body must also hold the checkpoint with its proof, and the lengths of the leaves. */
const MAX_LEAVES_BYTES = MAX_MIRROR_BODY_BYTES - (128 << 10) - 2 * MAX_MIRROR_LEAVES

export interface FedOnce {
  readonly fed: Fed
  /** Cosignature lines, not yet verified. */
  readonly lines: string
  /** What went wrong with the copy; the checkpoint is cosigned all the same. */
  readonly mirrorError?: Error
}

/** Rejects with a WitnessError or the log's own error when there is no cosignature. */
export async function feed(head: Head, log: Log, client: WitnessClient, fed: Fed, isMirror: boolean): Promise<FedOnce> {
  let { mirroredSize } = fed
  let mirrorError: Error | undefined
  try {
    if (isMirror) mirroredSize = await feedMirror(head, log, client, mirroredSize)
  } catch (error) {
    mirrorError = error instanceof Error ? error : new WitnessError(String(error))
  }
  const lines = await feedCheckpoint(head, log, client, fed.cosignedSize)
  return { fed: { cosignedSize: head.size, mirroredSize }, lines, ...(mirrorError && { mirrorError }) }
}

async function feedCheckpoint(head: Head, log: Log, client: WitnessClient, from: number): Promise<string> {
  let oldSize = Math.min(from, head.size)
  // A second time when the witness says where it is.
  for (let attempts = 0; attempts < 2; attempts += 1) {
    const proof = await log.consistencyProof(oldSize, head.size)
    const submitted = await client.addCheckpoint({ oldSize, proof, checkpoint: head.note })
    if (submitted.answer === 'taken') return submitted.value.map(formatSignatureLine).join('')
    oldSize = pastOf(submitted.size, head, log)
  }
  throw new WitnessError('it changed its mind about the size twice; is another process feeding it?')
}

async function feedMirror(head: Head, log: Log, client: WitnessClient, from: number): Promise<number> {
  let size = Math.min(from, head.size)
  let conflicts = 0
  while (size < head.size) {
    const leaves = await nextLeaves(log, size, head.size)
    const oldSize = size + leaves.length
    const proof = await log.consistencyProof(oldSize, head.size)
    const submitted = await client.addEntries(size, { head: { oldSize, proof, checkpoint: head.note }, leaves })
    if (submitted.answer === 'elsewhere') {
      conflicts += 1
      if (conflicts > 1) throw new WitnessError('its copy changed its size twice; is another process feeding it?')
    }
    size = submitted.answer === 'taken' ? oldSize : pastOf(submitted.size, head, log)
  }
  return size
}

/** The witness may be ahead of the checkpoint in hand, but not of the log. */
function pastOf(size: number, head: Head, log: Log): number {
  if (size <= head.size) return size
  if (size <= log.head.size) throw new WitnessError(`it is at ${size} leaves already`)
  throw new WitnessError(
    `it has seen ${size} leaves and the log has ${log.head.size}: somebody else signs with the key of this log, or this log was restored from an old copy`,
  )
}

async function nextLeaves(log: Log, from: number, to: number): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = []
  let bytes = 0
  for await (const { leaf } of log.leaves(from, Math.min(to, from + MAX_MIRROR_LEAVES))) {
    bytes += leaf.length
    if (bytes > MAX_LEAVES_BYTES) break
    leaves.push(leaf)
  }
  return leaves
}
