/** What leaves say, checked as far as one leaf and what is kept beside it go: schema, order, evidence, disclosures. */

import { join } from 'node:path'
import type { DigestText } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import { read, type Leaf } from '../domain/leaf.ts'
import { Disclosures } from '../store/disclosure.ts'
import { reasonOf } from '../store/error.ts'
import { openEvidence, type EvidenceStore } from '../store/evidence.ts'
import { diskFiles } from '../store/file.ts'
import type { StoredLeaf, StoredLog } from '../store/stored.ts'
import type { StoredWal } from '../store/stored-wal.ts'
import { parseKey, type VerifierKey } from '../tlog/key.ts'
import { parse } from '../bytes/json.ts'
import { attempt } from '../evidence/refusal.ts'
import { digestOfDisclosure } from '../bytes/disclosure.ts'
import type { VerifyFinding } from './verification-source.ts'
import { StampCheck } from './verification-stamp.ts'
import type { CheckedLeaf } from './verification-tree.ts'

export interface ContentCounts {
  readonly leaves: number
  readonly evidence: { readonly checked: number; readonly withheld: number }
  readonly disclosures: { readonly checked: number; readonly withheld: number }
}

export class ContentCheck {
  readonly #log: StoredLog
  readonly #wal: StoredWal
  readonly #origin: string
  readonly #report: (finding: VerifyFinding) => void
  readonly #disclosures: Disclosures | undefined
  readonly #seen = new Set<string>()
  #evidence: Promise<EvidenceStore> | undefined
  #at = 0
  readonly keys: VerifierKey[] = []
  readonly stamps = new StampCheck()
  #leaves = 0
  readonly #evidenceCount = { checked: 0, withheld: 0 }
  readonly #disclosureCount = { checked: 0, withheld: 0 }

  constructor(log: StoredLog, wal: StoredWal, origin: string, report: (finding: VerifyFinding) => void) {
    this.#log = log
    // One for all leaves: it remembers the file that it read last.
    this.#disclosures = log.logDirectory ? new Disclosures(diskFiles, join(log.logDirectory, 'disclosures')) : undefined
    this.#wal = wal
    this.#origin = origin
    this.#report = report
  }

  get counts(): ContentCounts {
    return { leaves: this.#leaves, evidence: this.#evidenceCount, disclosures: this.#disclosureCount }
  }

  /** In order. A leaf of which no copy is left is passed over: that was reported. */
  async check({ leafIndex, stored }: CheckedLeaf): Promise<void> {
    if (!stored) return
    this.#leaves += 1
    const at = { leafIndex, file: stored.file, offset: stored.offset }
    const leaf = this.#read(stored, at)
    if (!leaf) return
    const { event } = leaf
    if (event.type === 'log.created' || event.type === 'log.rotated') {
      const key = attempt(() => parseKey(event.logKey))
      if (key) this.keys.push(key)
    }
    this.stamps.take(leaf, leafIndex)
    await this.#checkEvidence(leaf, leafIndex)
    await this.#checkDisclosures(leaf, leafIndex)
  }

  #read(stored: StoredLeaf, at: Pick<VerifyFinding, 'leafIndex' | 'file' | 'offset'>): Leaf | undefined {
    try {
      const leaf = read(stored.bytes)
      const told = { ...at, meaning: describe(leaf) }
      if (leaf.sequence !== at.leafIndex)
        this.#report({ ...told, problem: `the leaf says that it is number ${leaf.sequence}` })
      if (leaf.at < this.#at) this.#report({ ...told, problem: 'the leaf is older than the one before it' })
      const source = `"source":"//${this.#origin}"`
      if (!utf8.decode(stored.bytes).includes(source)) this.#report({ ...told, problem: 'the leaf is of another log' })
      this.#at = leaf.at
      return leaf
    } catch (error) {
      const meaning = meaningOf(stored)
      this.#report({
        ...at,
        problem: `the leaf does not fit its schema: ${reasonOf(error)}`,
        ...(meaning && { meaning }),
      })
      return undefined
    }
  }

  async #checkEvidence(leaf: Leaf, leafIndex: number): Promise<void> {
    for (const { kind, digest } of leaf.evidence) {
      if (this.#seen.has(digest)) continue
      this.#seen.add(digest)
      try {
        const isThere = (await (await this.#openEvidence())?.get(digest as DigestText)) !== undefined
        this.#evidenceCount[isThere ? 'checked' : 'withheld'] += 1
      } catch (error) {
        const file = join(this.#log.evidenceDirectory ?? '', digest.slice(7, 9), digest.slice(9))
        this.#report({
          leafIndex,
          file,
          problem: `the evidence (${kind}) was changed: ${reasonOf(error)}`,
          meaning: describe(leaf),
        })
      }
    }
  }

  #openEvidence(): Promise<EvidenceStore> | undefined {
    const { evidenceDirectory } = this.#log
    if (evidenceDirectory) this.#evidence ??= openEvidence(evidenceDirectory)
    return this.#evidence
  }

  async #checkDisclosures(leaf: Leaf, leafIndex: number): Promise<void> {
    if (!leaf.personal || !this.#log.logDirectory) return
    const directory = join(this.#log.logDirectory, 'disclosures')
    const inWal = this.#wal.disclosures.get(leafIndex)
    const bytes = inWal?.bytes ?? (await this.#disclosures?.get(leafIndex))
    this.#disclosureCount[bytes ? 'checked' : 'withheld'] += 1
    if (!bytes) return
    const texts = attempt(() => parse(utf8.decode(bytes)))
    const { _sd: committed } = leaf.personal
    const isTrue =
      Array.isArray(texts) &&
      texts.every((text) => typeof text === 'string' && committed.includes(digestOfDisclosure(text)))
    if (isTrue && (inWal?.isWhole ?? true)) return
    const place = inWal ? { file: inWal.file, offset: inWal.offset } : { file: directory }
    this.#report({
      leafIndex,
      ...place,
      problem: 'the disclosures beside the leaf are not those that it committed to',
      meaning: describe(leaf),
    })
  }
}

function describe({ event, outcome, at }: Leaf): string {
  return `${event.type}, ${outcome}, ${new Date(at).toISOString()}`
}

/** What a damaged leaf said, as far as its bytes still spell it. */
export function meaningOf(stored: StoredLeaf | undefined): string | undefined {
  if (!stored) return undefined
  const leaf = attempt(() => read(stored.bytes))
  if (leaf) return describe(leaf)
  const text = Buffer.from(stored.bytes).toString('latin1')
  const parts = [
    /"type":"dev\.countersign\.([a-z]+\.[a-z]+)\.v1"/.exec(text)?.[1],
    /"outcome":"([a-z]{1,16})"/.exec(text)?.[1],
    /"time":"([0-9T:.Z-]{1,30})"/.exec(text)?.[1],
  ].filter((part) => part !== undefined)
  return parts.length > 0 ? parts.join(', ') : undefined
}
