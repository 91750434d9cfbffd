/**
 * A damaged log, written anew while nobody serves it: from what is whole of it, and a copy for the rest. It is put in place only
 * when its root is one that the log signed; what was there is kept beside it.
 */

import { join } from 'node:path'
import { equal } from '../bytes/digest.ts'
import { Disclosures } from '../store/disclosure.ts'
import { StoreError } from '../store/error.ts'
import { diskFiles } from '../store/file.ts'
import { cosignedPath } from '../store/keeper.ts'
import { lockDirectory } from '../store/lock.ts'
import { openLog } from '../store/log.ts'
import { locateLog, type StoredLog } from '../store/stored.ts'
import { openCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts'
import { hashText, leafHash } from '../tlog/hash.ts'
import type { Signer, VerifierKey } from '../tlog/key.ts'
import { formatSignatureLine, parseNote } from '../tlog/note.ts'
import { Tree } from '../tlog/tree.ts'
import { openCopy, type Copy } from './copy.ts'
import { openSource, type Source } from './verification-source.ts'

export interface RestoreOptions {
  /** The data directory of a server that is not running. */
  readonly directory: string
  /** Base URL of a witness that keeps a copy, or a directory with one. */
  readonly from: string
  /** The key of the log, its former keys, and its origin. */
  readonly origin: string
  readonly signer: Signer
  readonly formerKeys: readonly VerifierKey[]
  /** Leave out local leaves that are not in the history that the copy's signed checkpoint shows. */
  readonly discardLocal?: boolean
  readonly clock?: () => number
  readonly onProgress?: (done: number, total: number) => void
}

export interface Restored {
  readonly treeSize: number
  /** Leaves that came out of the copy. */
  readonly fetched: readonly number[]
  /** Local leaves that were left out, when that was allowed. */
  readonly discarded: number
  /** Where the damaged log is now; undefined when nothing had to be done, or nothing was there. */
  readonly kept?: string
}

/** Rejects with a StoreError: `locked` by a running server, `damaged` when no signed tree can be put together. */
export async function restoreLog(options: RestoreOptions): Promise<Restored> {
  const { directory, from, origin, signer, clock = Date.now } = options
  const log = await locateLog(directory).catch(() => undefined)
  using _lock = log?.logDirectory ? lockDirectory(log.logDirectory) : undefined
  const local = log && (await readLocal(log))
  const copy = await openCopy(from, origin, signer, clock)
  const plan = await choose(local, copy, options)
  if (plan.fetched.length === 0 && plan.discarded === 0 && local?.isWhole)
    return { treeSize: plan.leaves.length, fetched: [], discarded: 0 }

  const fresh = join(directory, 'log.restored')
  await diskFiles.remove(fresh)
  await write(fresh, plan.leaves, local, options)
  // Everything up to here is durable in a directory that nobody reads; the next two names make it the log.
  const kept = log && (await freeName(directory))
  if (kept) await diskFiles.rename(join(directory, 'log'), kept)
  await diskFiles.rename(fresh, join(directory, 'log'))
  // They were folded from what was there, and are folded again at the next start.
  for (const projection of ['snapshots', 'trail.db', 'trail.db-wal', 'trail.db-shm'])
    await diskFiles.remove(join(directory, projection))
  await diskFiles.syncDirectory(directory)
  const { fetched, discarded, leaves } = plan
  return { treeSize: leaves.length, fetched, discarded, ...(kept !== undefined && { kept }) }
}

interface Local {
  readonly log: StoredLog
  readonly disclosures: Disclosures | undefined
  readonly source: Source
  /** Undefined where no copy fits the tree. */
  readonly leaves: readonly (Uint8Array | undefined)[]
  readonly isWhole: boolean
}

async function readLocal(log: StoredLog): Promise<Local> {
  let findings = 0
  const source = await openSource(log, () => (findings += 1))
  const leaves: (Uint8Array | undefined)[] = Array.from({ length: source.tree.endSize })
  for await (const { leafIndex, stored } of source.tree.leaves()) leaves[leafIndex] = stored?.bytes
  source.tree.compareRoots(source.signed)
  const { logDirectory } = log
  const disclosures = logDirectory ? new Disclosures(diskFiles, join(logDirectory, 'disclosures')) : undefined
  return { log, disclosures, source, leaves, isWhole: findings === 0 }
}

interface Plan {
  readonly leaves: readonly Uint8Array[]
  readonly fetched: readonly number[]
  readonly discarded: number
}

/** The newest tree that the log signed and that can be put together. */
async function choose(local: Local | undefined, copy: Copy, options: RestoreOptions): Promise<Plan> {
  const ours = (local?.source.signed ?? []).map(({ source }) => source.toString())
  const signed = trusted([...ours, ...copy.notes], options)
  const [newest] = signed
  if (!newest) throw damaged('neither the directory nor the copy has a checkpoint that this log signed')
  const [theirs] = trusted(copy.notes, options)
  const inPlace = await gather(newest.size, async (i) => local?.leaves[i], copy, options)
  // What the copy was shown must be a past of it: else two histories were signed, and this one is not the one that is known.
  if (inPlace && [newest, ...(theirs ? [theirs] : [])].every((each) => hasRoot(inPlace.leaves, each)))
    return { ...inPlace, discarded: 0 }

  const instead = theirs && (await gather(theirs.size, (i) => copy.leaf(i), copy, options))
  if (!theirs || !instead || !hasRoot(instead.leaves, theirs))
    throw damaged(
      `the leaves under the checkpoint at ${newest.size} are not all to be had; use another copy with --from`,
    )
  const fetched = instead.leaves.flatMap((leaf, i) => (isEqual(leaf, local?.leaves[i]) ? [] : [i]))
  const discarded = (local?.leaves ?? []).filter((leaf, i) => leaf && !isEqual(leaf, instead.leaves[i])).length
  if (discarded === 0 || options.discardLocal) return { leaves: instead.leaves, fetched, discarded }
  throw damaged(
    `${discarded} leaves here are not in the history of ${theirs.size} leaves that the copy shows; allow leaving them out with --discard-local`,
  )
}

function trusted(notes: readonly string[], { origin, signer, formerKeys }: RestoreOptions): Checkpoint[] {
  const keys = [signer.key, ...formerKeys]
  const opened = notes.flatMap((note) => {
    try {
      return [openCheckpoint(note, origin, keys)]
    } catch {
      return []
    }
  })
  return opened.sort((a, b) => b.size - a.size)
}

/** `size` leaves, out of the copy where `local` has none; undefined when one is nowhere. */
async function gather(
  size: number,
  local: (leafIndex: number) => Promise<Uint8Array | undefined>,
  copy: Copy,
  { onProgress }: RestoreOptions,
) {
  const leaves: Uint8Array[] = []
  const fetched: number[] = []
  for (let leafIndex = 0; leafIndex < size; leafIndex += 1) {
    let leaf = await local(leafIndex)
    if (!leaf) {
      leaf = await copy.leaf(leafIndex)
      fetched.push(leafIndex)
    }
    if (!leaf) return undefined
    leaves.push(leaf)
    onProgress?.(leafIndex, size)
  }
  return { leaves, fetched }
}

function hasRoot(leaves: readonly Uint8Array[], { size, rootHash }: Checkpoint): boolean {
  const tree = new Tree()
  for (const leaf of leaves.slice(0, size)) tree.push(hashText(leafHash(leaf)))
  return equal(tree.root(), rootHash)
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && equal(a, b)
}

async function write(
  directory: string,
  leaves: readonly Uint8Array[],
  local: Local | undefined,
  options: RestoreOptions,
) {
  const { origin, signer, formerKeys } = options
  await using log = await openLog({ directory, origin, signer, formerKeys })
  for (const [leafIndex, leaf] of leaves.entries()) {
    // Disclosures are in no copy; what stands beside a damaged leaf is still its own.
    const isOther = local?.leaves[leafIndex] !== undefined && !isEqual(leaf, local.leaves[leafIndex])
    const beside = local && !isOther ? await disclosuresOf(local, leafIndex) : undefined
    const { durable } = log.append(leaf, beside)
    if (leafIndex % 512 === 511 || leafIndex === leaves.length - 1) await durable
  }
  await keepCosignatures(log.addCosignatures.bind(log), local)
}

async function disclosuresOf({ disclosures, source }: Local, leafIndex: number): Promise<Uint8Array | undefined> {
  const inWal = source.wal.disclosures.get(leafIndex)
  if (inWal) return inWal.isWhole ? inWal.bytes : undefined
  return disclosures?.get(leafIndex)
}

/** What witnesses signed for the log stays with it, where it is of this tree. */
async function keepCosignatures(add: (note: string, lines: string) => Promise<void>, local: Local | undefined) {
  const note = local?.log.logDirectory && (await diskFiles.read(cosignedPath(local.log.logDirectory)))?.toString()
  if (!note) return
  try {
    await add(note, parseNote(note).signatures.map(formatSignatureLine).join(''))
  } catch {
    // Of another tree, or changed: witnesses sign again at the next start.
  }
}

async function freeName(directory: string): Promise<string> {
  const names = new Set(await diskFiles.list(directory))
  let number = 1
  while (names.has(`log.damaged-${number}`)) number += 1
  return join(directory, `log.damaged-${number}`)
}

function damaged(message: string): StoreError {
  return new StoreError('damaged', message)
}
