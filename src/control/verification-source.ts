/** The signed checkpoints of a stored log, with its leaves in order: what verification and replay both read. */

import { join, relative } from 'node:path'
import { reasonOf } from '../store/error.ts'
import { diskFiles } from '../store/file.ts'
import { cosignedPath } from '../store/keeper.ts'
import { Stamps, stampPath } from '../store/stamps.ts'
import { readPublic, type StoredLog } from '../store/stored.ts'
import { readWal, type StoredCommit, type StoredWal } from '../store/stored-wal.ts'
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.ts'
import { formatNote, parseNote, type Note } from '../tlog/note.ts'
import { TreeCheck } from './verification-tree.ts'

export interface VerifyFinding {
  readonly problem: string
  readonly leafIndex?: number
  /** Relative to what was asked about. */
  readonly file?: string
  /** Bytes from the start of the file to the record. */
  readonly offset?: number
  /** What the leaf says, as far as it can still be read: `approval.given, allowed, 2026-11-23T14:02:11.000Z`. */
  readonly meaning?: string
}

export type Report = (finding: VerifyFinding) => void

/** The finding with its file named from where the reader looks. */
export function inside({ root }: StoredLog, finding: VerifyFinding): VerifyFinding {
  return finding.file?.startsWith('/') ? { ...finding, file: relative(root, finding.file) } : finding
}

/** A signed checkpoint in a file, parsed and not yet believed. */
export interface Signed {
  readonly file: string
  readonly offset?: number
  readonly source: Buffer
  readonly note: Note
  readonly checkpoint: Checkpoint
  /** It was kept for its time stamp, and may be from the time of an older key. */
  readonly isStamped?: boolean
}

export interface Source {
  readonly origin: string
  readonly wal: StoredWal
  readonly signed: readonly Signed[]
  readonly tree: TreeCheck
  readonly publishedSize: number
}

/** The published checkpoint is read first: whatever is written meanwhile only adds to it. */
export async function openSource(log: StoredLog, report: Report): Promise<Source> {
  const published = await openPublished(log, report)
  const cosigned = await openCosigned(log, report)
  const origin = log.origin ?? published?.checkpoint.origin ?? ''
  const wal = await readWal(log, origin)
  // In the first second of a log nothing is published yet; its write-ahead log has everything.
  if (!published && wal.start !== 0) report({ problem: 'there is no published checkpoint', file: publishedPath(log) })
  const commits = wal.commits.map((commit) => openSigned(commit.file, commit.note, report, commit))
  const publishedSize = published?.checkpoint.size ?? 0
  const stamped = await openStamped(log, Math.max(publishedSize, wal.size), report)
  const signed = [published, cosigned, ...stamped, ...commits].filter((each) => each !== undefined)
  const extent = { publishedSize, size: Math.max(publishedSize, wal.size) }
  const tree = new TreeCheck(
    log,
    wal,
    extent,
    signed.map(({ checkpoint }) => checkpoint),
    report,
  )
  return { origin, wal, signed, tree, publishedSize }
}

async function openPublished(log: StoredLog, report: Report): Promise<Signed | undefined> {
  const source = await readPublic(log, 'checkpoint')
  return source && openSigned(publishedPath(log), source, report)
}

function publishedPath({ publicDirectory }: StoredLog): string {
  return join(publicDirectory, 'checkpoint')
}

async function openCosigned({ logDirectory }: StoredLog, report: Report): Promise<Signed | undefined> {
  const source = logDirectory && (await diskFiles.read(cosignedPath(logDirectory)))
  return source ? openSigned(cosignedPath(logDirectory), source, report) : undefined
}

/** What was stamped was published: every one of them must be of this very tree. */
async function openStamped(log: StoredLog, treeSize: number, report: Report): Promise<Signed[]> {
  const stamps = new Stamps(log.publicDirectory)
  const opened: Signed[] = []
  for (const size of (await stamps.sizes()).filter((each) => each <= treeSize)) {
    const kept = await stamps.read(size).catch(() => undefined)
    const file = join(log.publicDirectory, stampPath(size))
    const signed = kept && openSigned(file, Buffer.from(kept.checkpoint), report)
    // A checkpoint of another size under this name is found out by the leaf that names its digest.
    if (signed && signed.checkpoint.size <= treeSize) opened.push({ ...signed, isStamped: true })
  }
  return opened
}

/** "Byte-exact": a checkpoint that can be spelled in two ways could be changed unseen. */
function openSigned(file: string, source: Buffer, report: Report, at?: StoredCommit): Signed | undefined {
  const place = { file, ...(at && { offset: at.offset, leafIndex: Math.max(0, at.size - 1) }) }
  try {
    const note = parseNote(source)
    const checkpoint = parseCheckpoint(note.text)
    if (Buffer.from(formatNote(note)).equals(source)) return { ...place, source, note, checkpoint }
    report({ ...place, problem: 'a signed checkpoint is not spelled as it was written' })
  } catch (error) {
    report({ ...place, problem: `a signed checkpoint cannot be read: ${reasonOf(error)}` })
  }
  return undefined
}
