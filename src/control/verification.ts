/**
 * Whether a stored log is what was signed: every leaf, tile and checkpoint, compared from the bytes on the disk alone. What was
 * changed is named: which leaf, in which file, at which byte, and what it said.
 */

import { join } from 'node:path'
import { reasonOf, StoreError } from '../store/error.ts'
import { locateLog, type StoredLog } from '../store/stored.ts'
import type { StoredWal } from '../store/stored-wal.ts'
import type { Certificate } from '../evidence/x509.ts'
import { verifyCosignatures } from '../tlog/cosignature.ts'
import { formatKey, type VerifierKey } from '../tlog/key.ts'
import { verifyNote } from '../tlog/note.ts'
import { ContentCheck, type ContentCounts } from './verification-content.ts'
import type { StampReport } from './verification-stamp.ts'
import { inside, openSource, type Report, type Signed, type VerifyFinding } from './verification-source.ts'

export interface VerifyOptions {
  /** A data directory, a log directory, or any C2SP tlog-tiles directory. */
  readonly path: string
  /** Keys that may have signed. Without any, those that leaf 0 and later rotations name are believed. */
  readonly logKeys?: readonly VerifierKey[]
  /** Witnesses whose cosignature must be on the published checkpoint or the one kept beside it. */
  readonly witnessKeys?: readonly VerifierKey[]
  /** Certificates of authorities whose time stamps must be there. */
  readonly anchors?: readonly Certificate[]
  readonly onProgress?: (done: number, total: number) => void
}

export interface VerifyReport {
  readonly origin: string
  readonly treeSize: number
  readonly rootHash: Uint8Array
  /** Leaves under the published checkpoint; the rest is in the write-ahead log, under a signed checkpoint of its own. */
  readonly publishedSize: number
  /** The verifier key that signed, and how it came to be believed. */
  readonly key: string | undefined
  readonly isPinned: boolean
  readonly cosignatures: readonly { readonly witness: string; readonly size: number; readonly at: number }[]
  readonly stamps: StampReport
  readonly counts: ContentCounts & { readonly tiles: number; readonly checkpoints: number }
  readonly findings: readonly VerifyFinding[]
}

/** Attempts before a finding is believed: a server may have moved files under us. */
const ATTEMPTS = 3
const PAUSE_MS = 100

/** Changes nothing and takes no lock. A StoreError `absent` when there is no log. */
export async function verifyLog(options: VerifyOptions): Promise<VerifyReport> {
  const log = await locateLog(options.path)
  let report = await examine(log, options)
  for (let attempts = 1; attempts < ATTEMPTS && report.findings.length > 0; attempts += 1) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    const again = await examine(log, options)
    const isStill = (finding: VerifyFinding) => report.findings.some((earlier) => isSame(earlier, finding))
    report = { ...again, findings: again.findings.filter(isStill) }
  }
  return report
}

function isSame(a: VerifyFinding, b: VerifyFinding): boolean {
  return a.leafIndex === b.leafIndex && a.file === b.file && a.problem === b.problem
}

async function examine(log: StoredLog, options: VerifyOptions): Promise<VerifyReport> {
  const findings: VerifyFinding[] = []
  const report = (finding: VerifyFinding) => void findings.push(inside(log, finding))
  const { origin, wal, signed, tree, publishedSize } = await openSource(log, report)
  const content = new ContentCheck(log, wal, origin, report)
  for await (const leaf of tree.leaves()) {
    await content.check(leaf)
    options.onProgress?.(leaf.leafIndex + 1, tree.endSize)
  }
  if (log.logDirectory) checkWal(wal, publishedSize, join(log.logDirectory, 'wal'), findings, report)

  const keys = options.logKeys ?? content.keys
  // The tree that a known key signed has the leaves that name the keys before it.
  const allKeys = [...keys, ...content.keys]
  const believed = signed.filter((each) => isSignedBy(each, origin, each.isStamped ? allKeys : keys, report))
  tree.compareRoots(believed.length > 0 ? believed : signed)
  const stamps = await content.stamps.check(log, options.anchors, report)
  const cosignatures = checkWitnesses(signed, options.witnessKeys ?? [], report)
  return {
    origin,
    treeSize: tree.size,
    rootHash: tree.rootHash,
    publishedSize,
    key: keyOf(
      believed.filter(({ isStamped }) => !isStamped),
      keys,
    ),
    isPinned: options.logKeys !== undefined,
    cosignatures,
    stamps,
    counts: { ...content.counts, tiles: tree.tiles, checkpoints: signed.length },
    findings,
  }
}

/** What no leaf and no checkpoint was named for. */
function checkWal(
  wal: StoredWal,
  publishedSize: number,
  file: string,
  found: readonly VerifyFinding[],
  report: Report,
): void {
  if (wal.start === undefined) return report({ problem: 'the write-ahead log is gone', file })
  if (wal.size < publishedSize)
    report({ problem: `the write-ahead log ends at ${wal.size} leaves, before the published checkpoint`, file })
  for (const { leafIndex, file: segment, offset } of wal.breaks) {
    if (found.some((finding) => finding.leafIndex === leafIndex)) continue
    report({ problem: 'a record that is neither leaf nor signed checkpoint', leafIndex, file: segment, offset })
  }
}

function isSignedBy(
  { file, offset, note, checkpoint }: Signed,
  origin: string,
  keys: readonly VerifierKey[],
  report: Report,
): boolean {
  const place = { file, ...(offset !== undefined && { offset, leafIndex: Math.max(0, checkpoint.size - 1) }) }
  try {
    if (checkpoint.origin !== origin) throw new StoreError('damaged', `it is of ${checkpoint.origin}, not of ${origin}`)
    verifyNote(note, keys)
    return true
  } catch (error) {
    report({
      ...place,
      problem: `the checkpoint at ${checkpoint.size} leaves is not signed by this log: ${reasonOf(error)}`,
    })
    return false
  }
}

/** The key under the newest checkpoint. */
function keyOf(signed: readonly Signed[], keys: readonly VerifierKey[]): string | undefined {
  const newest = signed.toSorted((a, b) => a.checkpoint.size - b.checkpoint.size).at(-1)
  const [key] = newest ? verifyNote(newest.note, keys) : []
  return key && formatKey(key)
}

function checkWitnesses(signed: readonly Signed[], witnesses: readonly VerifierKey[], report: Report) {
  return witnesses.flatMap((witness) => {
    for (const { note, checkpoint } of signed.toSorted((a, b) => b.checkpoint.size - a.checkpoint.size)) {
      try {
        const [found] = verifyCosignatures(note, [witness])
        return [{ witness: formatKey(witness), size: checkpoint.size, at: found!.timeSeconds * 1000 }]
      } catch {
        // Another checkpoint may carry it.
      }
    }
    report({ problem: `no checkpoint carries a cosignature of the witness ${witness.name}` })
    return []
  })
}
