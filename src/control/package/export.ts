/**
 * One period of the log as one file that proves itself: leaves, proofs, evidence, lists, samples. The same words over the same
 * log make the same bytes; who took it away, and when, is a leaf of the log and not in the package.
 */

import { setImmediate } from 'node:timers/promises'
import type { DigestText } from '../../bytes/digest.ts'
import { canonical, parse, type Json } from '../../bytes/json.ts'
import { base64, utf8 } from '../../bytes/text.ts'
import { read, type Leaf } from '../../domain/leaf.ts'
import { parseControlMap } from '../../domain/package/control.ts'
import { Derived } from '../../domain/package/derived.ts'
import * as layout from '../../domain/package/layout.ts'
import { formatHowto } from '../../domain/package/howto.ts'
import { formatManifest, PAYLOAD_TYPE, type Asked, type Manifest } from '../../domain/package/manifest.ts'
import { parsePlainLeaf } from '../../domain/package/plain-leaf.ts'
import type { SampleSource } from '../../domain/package/sample.ts'
import { formatSnapshot } from '../../domain/snapshot.ts'
import { replay } from '../../domain/state.ts'
import { formatEnvelope } from '../../evidence/envelope.ts'
import type { EvidenceStore } from '../../store/evidence.ts'
import type { Log } from '../../store/log.ts'
import { PackageWriter, type Written } from '../../store/package.ts'
import { leafHash } from '../../tlog/hash.ts'
import { formatKey, type Signer, type VerifierKey } from '../../tlog/key.ts'
import { closingOf, proveRange, type Closing } from './proof.ts'
import type { LeafRange } from './range.ts'
import { nodeTools } from '../../domain/package/node-tools.ts'

export type ExportSource = {
  readonly log: Log
  readonly evidence: Pick<EvidenceStore, 'get'>
  readonly signer: Signer
  readonly witnesses: readonly VerifierKey[]
  readonly version: string
  /** Framework to the text of its control map. */
  readonly controls: ReadonlyMap<string, string>
}

/** What may name a person without the leaf doing so: tokens name who started a run, commits their authors, keys their owner. */
const PERSONAL_EVIDENCE: ReadonlySet<string> = new Set(['ci-token', 'commits', 'openpgp-key', 'public-key'])
/** Leaves between two moments in which others get their turn. */
const TURN = 128

/** Writes the package to `path`, which must not be there yet. Rejects with a StoreError when it does not fit or the disk fails. */
export async function exportPackage(
  source: ExportSource,
  asked: Asked,
  range: LeafRange,
  path: string,
): Promise<Written> {
  await using writer = await PackageWriter.create(path)
  const closing = closingOf(source.log, range, source.signer, source.witnesses)
  const manifest = {
    ...{ origin: source.log.origin, logKey: formatKey(source.signer.key), witnesses: closing.witnesses },
    ...{ ...range, checkpointSize: closing.size, asked, version: source.version },
  }
  return await new Exporter(source, manifest, writer).run(closing)
}

class Exporter {
  readonly #source: ExportSource
  readonly #manifest: Omit<Manifest, 'members'>
  readonly #writer: PackageWriter
  readonly #derived = new Derived()
  /** Digests that go out, under the first two digits of each. */
  readonly #evidence = new Map<string, Set<string>>()
  readonly #withheld = new Set<string>()

  constructor(source: ExportSource, manifest: Omit<Manifest, 'members'>, writer: PackageWriter) {
    this.#source = source
    this.#manifest = manifest
    this.#writer = writer
  }

  async run(closing: Closing): Promise<Written> {
    const { log, signer } = this.#source
    const policy = await this.#addState()
    await this.#addLeaves()
    await this.#writer.add(layout.CHECKPOINT, utf8.encode(closing.note))
    const proof = await proveRange(log, this.#manifest, closing)
    await this.#writer.add(layout.PROOF, utf8.encode(canonical(proof as unknown as Json)))
    if (policy !== undefined) this.#name('policies', policy)
    await this.#addEvidence()
    await this.#addDerived(policy, closing)
    const statement = utf8.encode(formatManifest({ ...this.#manifest, members: this.#writer.members() }))
    const envelope = formatEnvelope(PAYLOAD_TYPE, statement, (bytes) => signer.sign(bytes))
    await this.#writer.add(layout.MANIFEST, envelope)
    return this.#writer.finish()
  }

  /** What the leaves before the range fold to, and the policies that were in force then. */
  async #addState(): Promise<string | undefined> {
    const { from } = this.#manifest
    if (from === 0) return undefined
    const fold = replay()
    for await (const { leafIndex, leaf } of this.#source.log.leaves(0, from)) {
      fold.apply(read(leaf), leafIndex)
      if (leafIndex % TURN === 0) await setImmediate()
    }
    await this.#writer.add(layout.STATE, Buffer.concat([...formatSnapshot(fold.state)]))
    return fold.state.policy?.digest
  }

  async #addLeaves(): Promise<void> {
    const { from, to } = this.#manifest
    const hashes = Buffer.alloc(32 * (to - from))
    for (let first = from; first < to; first += layout.CHUNK) {
      const lines: string[] = []
      const disclosures: string[] = []
      for await (const { leafIndex, leaf } of this.#source.log.leaves(first, Math.min(to, first + layout.CHUNK))) {
        const text = utf8.decode(leaf)
        lines.push(text)
        hashes.set(leafHash(leaf), 32 * (leafIndex - from))
        this.#take(text, read(leaf), leafIndex)
        disclosures.push(...(await this.#disclosuresOf(leaf, leafIndex)))
        if (leafIndex % TURN === 0) await setImmediate()
      }
      await this.#writer.add(layout.leavesName(first), layout.formatLines(lines))
      if (disclosures.length > 0) await this.#writer.add(layout.disclosuresName(first), layout.formatLines(disclosures))
    }
    await this.#writer.add(layout.HASHES, hashes)
  }

  #take(text: string, { evidence }: Leaf, leafIndex: number): void {
    this.#derived.take(parsePlainLeaf(text, leafIndex)!)
    for (const { kind, digest } of evidence) this.#name(kind, digest)
  }

  #name(kind: string, digest: string): void {
    if (this.#manifest.asked.withhold && PERSONAL_EVIDENCE.has(kind)) return void this.#withheld.add(digest)
    const group = layout.evidenceName(digest)
    this.#evidence.set(group, (this.#evidence.get(group) ?? new Set<string>()).add(digest))
  }

  async #disclosuresOf(leaf: Uint8Array, leafIndex: number): Promise<string[]> {
    if (this.#manifest.asked.withhold || !Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).includes('"_sd"'))
      return []
    const kept = await this.#source.log.disclosures(leafIndex)
    return kept ? [canonical({ leafIndex, disclosures: parse(utf8.decode(kept)) })] : []
  }

  async #addEvidence(): Promise<void> {
    for (const [group, digests] of this.#evidence) {
      const lines: string[] = []
      for (const digest of [...digests].sort()) {
        const bytes = await this.#blob(digest)
        if (bytes) lines.push(canonical({ digest, base64: base64.encode(bytes) }))
      }
      if (lines.length > 0) await this.#writer.add(group, layout.formatLines(lines))
    }
  }

  /** Undefined when it was erased, or is withheld. */
  async #blob(digest: string): Promise<Uint8Array | undefined> {
    if (this.#withheld.has(digest) && !this.#evidence.get(layout.evidenceName(digest))?.has(digest)) return undefined
    return this.#source.evidence.get(digest as DigestText)
  }

  async #addDerived(policy: string | undefined, { rootHash }: Closing): Promise<void> {
    const { log, controls } = this.#source
    const { asked } = this.#manifest
    const chosen = [...controls].filter(([framework]) => asked.framework === undefined || asked.framework === framework)
    for (const [framework, text] of chosen) await this.#writer.add(layout.controlsName(framework), utf8.encode(text))
    const source: SampleSource = {
      leafText: async (leafIndex) => utf8.decode(await log.leaf(leafIndex)),
      leaf: async (leafIndex) => parsePlainLeaf(utf8.decode(await log.leaf(leafIndex)), leafIndex),
      blob: (digest) => this.#blob(digest),
    }
    const maps = chosen.map(([, text]) => parseControlMap(text))
    for (const { name, bytes } of this.#derived.documents(this.#manifest, maps)) {
      await this.#writer.add(name, bytes)
      await setImmediate()
    }
    const policies = await this.#derived.policies(policy, source.blob)
    const samples = await this.#derived.samples(this.#manifest, base64.encode(rootHash), source, nodeTools)
    const howto = { name: layout.HOWTO, bytes: utf8.encode(formatHowto(this.#derived.tables)) }
    for (const { name, bytes } of [...policies, ...samples, howto]) await this.#writer.add(name, bytes)
  }
}
