/** The trail is kept as long as the log: filled as leaves come, and from the log wherever it lacks some or is of another one. */

import { read } from '../../domain/leaf.ts'
import type { Trail } from '../../index/trail.ts'
import type { Ledger, Published } from '../ledger.ts'
import { openSeal } from '../seal.ts'
import { indexed } from './row.ts'

const BATCH = 256
const RETRY_AFTER_MS = 1_000

export class Filling {
  readonly #ledger: Ledger
  readonly #trail: Trail
  #running: Promise<void> | undefined
  #triedAt = -Infinity

  constructor(ledger: Ledger, trail: Trail) {
    this.#ledger = ledger
    this.#trail = trail
  }

  /** A leaf that is not the next one, since an earlier one could not be written, is fetched from the log in its turn. */
  ingest({ leaf, leafIndex, disclosures }: Published): void {
    if (leafIndex === this.#trail.size) this.#trail.append([indexed(leaf, leafIndex, this.#ledger.state, disclosures)])
    else if (leafIndex > this.#trail.size) this.#fillSoon()
  }

  catchUp(): Promise<void> {
    this.#running ??= this.#fill().finally(() => (this.#running = undefined))
    return this.#running
  }

  #fillSoon(): void {
    const now = performance.now()
    if (this.#running || now - this.#triedAt < RETRY_AFTER_MS) return
    this.#triedAt = now
    // A log that cannot be read says so itself, to everyone who asks; the trail stays as it is until it can.
    this.catchUp().catch(() => undefined)
  }

  async #fill(): Promise<void> {
    if (!(await this.#isOfThisLog())) this.#trail.clear()
    while (this.#trail.size < this.#ledger.publishedSize) {
      const from = this.#trail.size
      await this.#fillBatch(from, Math.min(from + BATCH, this.#ledger.publishedSize))
      if (this.#trail.size <= from) throw new Error(this.#trail.trouble ?? 'the trail takes no rows')
    }
  }

  async #fillBatch(from: number, to: number): Promise<void> {
    for await (const { leafIndex, leaf: bytes } of this.#ledger.log.leaves(from, to)) {
      const leaf = read(bytes)
      const kept = leaf.personal && (await this.#ledger.log.disclosures(leafIndex))
      const row = indexed(leaf, leafIndex, this.#ledger.state, openSeal(leaf.personal, kept))
      if (leafIndex === this.#trail.size) this.#trail.append([row])
    }
    this.#trail.flush()
  }

  /** The first, a middle and the last row must be of the very leaves that stand there: their ids are random. */
  async #isOfThisLog(): Promise<boolean> {
    const { size } = this.#trail
    if (size > this.#ledger.publishedSize) return false
    const sample = [...new Set([0, Math.floor(size / 2), size - 1])].filter(
      (leafIndex) => leafIndex >= 0 && leafIndex < size,
    )
    const rows = this.#trail.rows(sample)
    const leaves = await Promise.all(sample.map(async (leafIndex) => read(await this.#ledger.log.leaf(leafIndex))))
    return (
      rows.length === sample.length &&
      rows.every(({ id, at }, index) => id === leaves[index]!.id && at === leaves[index]!.at)
    )
  }
}
