/**
 * One period of the log as one file that proves itself: leaves, proofs, evidence, lists, samples. The same words over the same
 * log make the same bytes; who took it away, and when, is a leaf of the log and not in the package. What has to be in memory at
 * once does not grow with what is in the package.
 */

import type { DigestText } from '../../bytes/digest.ts'
import { canonical, parse, type Json } from '../../bytes/json.ts'
import { base64, utf8 } from '../../bytes/text.ts'
import { parseControlMap } from '../../domain/package/control.ts'
import { Derived } from '../../domain/package/derived.ts'
import { DigestTable } from '../../domain/package/digest-table.ts'
import * as layout from '../../domain/package/layout.ts'
import { formatHowto } from '../../domain/package/howto.ts'
import { Leaves } from '../../domain/package/leaves.ts'
import { formatManifest } from '../../domain/package/manifest.ts'
import { nodeTools } from '../../domain/package/node-tools.ts'
import { parsePlainLeaf, type PlainLeaf } from '../../domain/package/plain-leaf.ts'
import { rules } from '../../domain/package/population.ts'
import type { SampleSource } from '../../domain/package/sample.ts'
import { PackageWriter, type Written } from '../../store/package.ts'
import { leafHash } from '../../tlog/hash.ts'
import type { FedLeaf, Feed, Order } from './feed.ts'
import { Filed } from './sheet.ts'

/** What may name a person without the leaf doing so: tokens name who started a run, commits their authors, keys their owner. */
const PERSONAL_EVIDENCE: ReadonlySet<string> = new Set(['ci-token', 'commits', 'openpgp-key', 'public-key'])

/** Writes the package to `path`, which must not be there yet. Rejects with a StoreError when it does not fit or the disk fails. */
export async function exportPackage(order: Order, feed: Feed, path: string): Promise<Written> {
  using writer = new PackageWriter(path)
  return await new Exporter(order, feed, writer).run()
}

class Exporter {
  readonly #order: Order
  readonly #feed: Feed
  readonly #writer: PackageWriter
  readonly #leaves: Leaves
  readonly #derived: Derived
  /** Evidence that goes out. */
  readonly #named = new DigestTable()

  constructor(order: Order, feed: Feed, writer: PackageWriter) {
    this.#order = order
    this.#feed = feed
    this.#writer = writer
    const { from, asked } = order.manifest
    this.#leaves = new Leaves(from, writer)
    this.#derived = new Derived(asked, (name) => new Filed(name, writer))
  }

  async run(): Promise<Written> {
    const { manifest, closing, proof } = this.#order
    const policy = await this.#addState()
    await this.#addLeaves()
    this.#writer.add(layout.CHECKPOINT, utf8.encode(closing.note))
    if (closing.stamp) this.#writer.add(layout.CHECKPOINT_STAMP, closing.stamp)
    this.#writer.add(layout.PROOF, utf8.encode(canonical(proof as unknown as Json)))
    if (policy !== undefined) this.#name('policies', policy)
    await this.#addEvidence()
    await this.#addDerived(policy)
    const statement = utf8.encode(formatManifest({ ...manifest, members: this.#writer.members() }))
    this.#writer.add(layout.MANIFEST, await this.#feed.sign(statement))
    return this.#writer.finish()
  }

  /** What the leaves before the range fold to, and the policies that were in force then. */
  async #addState(): Promise<string | undefined> {
    const { from } = this.#order.manifest
    if (from === 0) return undefined
    // What it takes to fold leaves is as much code as everything else here together.
    const { foldBefore } = await import('./start.ts')
    const { snapshot, policy } = await foldBefore(this.#feed.leaves(0, from))
    for (const piece of snapshot) this.#writer.append(layout.STATE, piece)
    return policy
  }

  async #addLeaves(): Promise<void> {
    const { from, to } = this.#order.manifest
    for (let first = from; first < to; first += layout.CHUNK)
      for await (const batch of this.#feed.leaves(first, Math.min(to, first + layout.CHUNK)))
        await this.#addBatch(first, batch)
  }

  async #addBatch(first: number, batch: readonly FedLeaf[]): Promise<void> {
    const leaves = batch.map(({ leaf }) => leaf)
    let at = this.#writer.appendLines(layout.leavesName(first), leaves)
    this.#writer.append(layout.HASHES, Buffer.concat(leaves.map(leafHash)))
    const disclosures: string[] = []
    for (const { leafIndex, leaf, disclosures: kept } of batch) {
      this.#leaves.add({ at, bytes: leaf })
      at += leaf.length + 1
      await this.#take(parsePlainLeaf(utf8.decode(leaf), leafIndex)!)
      if (kept && !this.#order.manifest.asked.withhold)
        disclosures.push(canonical({ leafIndex, disclosures: parse(utf8.decode(kept)) }))
    }
    if (disclosures.length > 0) this.#writer.append(layout.disclosuresName(first), layout.formatLines(disclosures))
  }

  async #take(leaf: PlainLeaf): Promise<void> {
    await this.#derived.take(leaf)
    for (const { kind, digest } of leaf.evidence) this.#name(kind, digest)
  }

  #name(kind: string, digest: string): void {
    if (!this.#order.manifest.asked.withhold || !PERSONAL_EVIDENCE.has(kind)) this.#named.add(digest)
  }

  async #addEvidence(): Promise<void> {
    for (const slot of this.#named.sorted()) {
      const digest = this.#named.digest(slot)
      const bytes = await this.#blob(digest)
      if (!bytes) continue
      const line = canonical({ digest, base64: base64.encode(bytes) })
      this.#writer.appendLines(layout.evidenceName(digest), [line])
    }
  }

  /** Undefined when it was erased, or is withheld. */
  async #blob(digest: string): Promise<Uint8Array | undefined> {
    return this.#named.slotOf(digest) < 0 ? undefined : this.#feed.blob(digest as DigestText)
  }

  async #addDerived(policy: string | undefined): Promise<void> {
    const { manifest, controls, closing } = this.#order
    const { framework } = manifest.asked
    const chosen = [...controls].filter(([name]) => framework === undefined || framework === name)
    for (const [name, text] of chosen) this.#writer.add(layout.controlsName(name), utf8.encode(text))
    const source: SampleSource = {
      leafText: (leafIndex) => this.#leaves.text(leafIndex),
      leaf: (leafIndex) => this.#leaves.leaf(leafIndex),
      blob: (digest) => this.#blob(digest),
    }
    await this.#derived.finish(source.leaf)
    const maps = chosen.map(([, text]) => parseControlMap(text))
    const coverage = this.#derived.coverage(manifest, maps)
    const howto = { name: layout.HOWTO, bytes: utf8.encode(formatHowto(rules)) }
    for (const { name, bytes } of [coverage, howto]) this.#writer.add(name, bytes)
    for await (const { name, bytes } of this.#derived.policies(policy, source.blob)) this.#writer.add(name, bytes)
    const rootHash = base64.encode(closing.rootHash)
    for await (const { name, bytes } of this.#derived.samples(rootHash, source, nodeTools))
      this.#writer.add(name, bytes)
  }
}
