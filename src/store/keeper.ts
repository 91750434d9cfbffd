/** Housekeeping behind the answers, one thing at a time: sealing, publishing, cosignatures, erasure. */

import { join } from 'node:path'
import { equal } from '../bytes/digest.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import type { VerifierKey } from '../tlog/key.ts'
import { formatNote, parseNote, parseSignatureLines } from '../tlog/note.ts'
import { TILE_WIDTH } from '../tlog/tile.ts'
import type { Compressor } from './compress.ts'
import type { Disclosures, Erasing } from './disclosure.ts'
import { reasonOf, StoreError } from './error.ts'
import type { Files } from './file.ts'
import type { Head } from './head.ts'
import type { Published, Publisher } from './publication.ts'
import type { Sealer } from './seal.ts'
import type { Tiles } from './tiles.ts'
import type { Wal } from './wal.ts'

export interface KeeperOptions {
  readonly origin: string
  readonly directory: string
  readonly files: Files
  readonly publishIntervalMs: number
  readonly keys: readonly VerifierKey[]
}

export interface KeeperParts {
  readonly tiles: Tiles
  readonly wal: Wal
  readonly sealer: Sealer
  readonly publisher: Publisher
  readonly disclosures: Disclosures
  /** Undefined where bundles stay raw. */
  readonly compressor: Compressor | undefined
}

/** Between two heads that are kept to be shown later; and so many of them. */
const MARK_LEAVES = 2048
const MAX_MARKS = 256

export class Keeper {
  readonly #options: KeeperOptions
  readonly #parts: KeeperParts
  readonly #keys: VerifierKey[]
  #cosigned: Published | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #latest: Head
  /** Heads that were signed while sealing was behind: one of them is shown as soon as what it needs is sealed. */
  #marks: Head[] = []
  #shownAt = 0
  #isSealing = false
  #isClosed = false
  #reason: string | undefined

  constructor(options: KeeperOptions, parts: KeeperParts, head: Head, cosigned: Published | undefined) {
    this.#options = options
    this.#parts = parts
    this.#keys = [...options.keys]
    this.#latest = head
    this.#cosigned = cosigned
  }

  get cosigned(): Published | undefined {
    return this.#cosigned
  }

  /** Why sealing or publishing fails right now. Appending goes on as long as the write-ahead log has room. */
  get trouble(): string | undefined {
    return this.#reason && `couldn't seal or publish the log: ${this.#reason}`
  }

  get keys(): readonly VerifierKey[] {
    return this.#keys
  }

  trust(key: VerifierKey): void {
    if (!this.#keys.some(({ name, keyId }) => name === key.name && keyId === key.keyId)) this.#keys.push(key)
  }

  /** After a commit: seals when a bundle became full, publishes when it is time. */
  committed(head: Head): void {
    this.#latest = head
    if (head.size >= (this.#marks.at(-1)?.size ?? 0) + MARK_LEAVES) this.#marks.push(head)
    if (this.#marks.length > MAX_MARKS) this.#marks = this.#marks.filter((_, i) => i % 2 === 1)
    if (!this.#isSealing && head.size - this.#parts.sealer.size >= TILE_WIDTH) {
      this.#isSealing = true
      void this.#attempt(() => this.#seal(this.#latest.size)).then(() => (this.#isSealing = false))
    }
    this.#schedule()
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#attempt(() => this.#publish(this.#latest))
    }, this.#options.publishIntervalMs).unref()
  }

  flush(head: Head): Promise<void> {
    return this.inTurn(() => this.#publish(head))
  }

  /** Seals now; rejects when it cannot. */
  relieve(): Promise<void> {
    return this.inTurn(() => this.#seal(this.#latest.size))
  }

  async addCosignatures(source: string, lines: string, durableSize: number): Promise<void> {
    const { note, size, rootHash } = openCheckpoint(source, this.#options.origin, this.#keys)
    if (size > durableSize || !equal(rootHash, await this.#parts.tiles.rootAt(size))) {
      throw new StoreError('rolled_back', `the cosigned checkpoint at ${size} leaves is not of this log's tree`)
    }
    await this.inTurn(() => this.#keepCosigned(size, source, note.text, lines))
  }

  async #keepCosigned(size: number, source: string, text: string, lines: string): Promise<void> {
    if (this.#cosigned && this.#cosigned.size > size) return
    const earlier = this.#cosigned && parseNote(this.#cosigned.note)
    const known = earlier?.text === text ? earlier.signatures : parseNote(source).signatures
    const isKnown = (line: { name: string; keyId: string }) =>
      known.some(({ name, keyId }) => name === line.name && keyId === line.keyId)
    const added = parseSignatureLines(lines).filter((line) => !isKnown(line))
    const merged = formatNote({ text, signatures: [...known, ...added] })
    await this.#options.files.replace(cosignedPath(this.#options.directory), Buffer.from(merged), 0o600)
    await this.#options.files.syncDirectory(this.#options.directory)
    this.#cosigned = { size, note: merged }
    await this.#publish(this.#latest)
  }

  async disclosures(leafIndex: number): Promise<Uint8Array | undefined> {
    const { wal, sealer, disclosures } = this.#parts
    if (leafIndex < sealer.size) return disclosures.get(leafIndex)
    // In turn: while it is read, the leaf must not be sealed and its segment used again.
    return this.inTurn(async () =>
      leafIndex < sealer.size
        ? disclosures.get(leafIndex)
        : ((await wal.segmentOf(leafIndex)?.disclosures(leafIndex)) ?? disclosures.get(leafIndex)),
    )
  }

  eraseDisclosures(leaves: Erasing): Promise<void> {
    return this.inTurn(async () => {
      const { wal, disclosures } = this.#parts
      // What is left of a leaf is in its file before the write-ahead log loses it: a crash in between loses nothing.
      await disclosures.erase(leaves)
      // A sealed leaf may still stand in the write-ahead log as well.
      for (const segment of wal.segments) await segment.eraseDisclosures([...leaves.keys()])
    })
  }

  async close(head: Head): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#latest = head
    await this.#parts.compressor?.close()
    await this.#attempt(() => this.#publish(head))
  }

  async #publish(head: Head): Promise<void> {
    await this.#seal(head.size)
    await this.#show(this.#cosigned ?? head)
  }

  /** While much is to be sealed: readers hear of what is, as often as ever. */
  async #showSealed(): Promise<void> {
    if (performance.now() - this.#shownAt < this.#options.publishIntervalMs) return
    const { sealer, publisher } = this.#parts
    const isSealed = ({ size }: Published) => Math.floor(size / TILE_WIDTH) * TILE_WIDTH <= sealer.size
    const shown = this.#cosigned ?? this.#marks.findLast(isSealed)
    // Whatever fails here is tried again, and told, when it is time to publish.
    if (shown && isSealed(shown) && shown.size > publisher.size) await this.#show(shown).catch(() => {})
  }

  async #show(published: Published): Promise<void> {
    await this.#parts.publisher.publish(published)
    this.#shownAt = performance.now()
    this.#marks = this.#marks.filter(({ size }) => size > published.size)
  }

  async #seal(size: number): Promise<void> {
    const { sealer, compressor } = this.#parts
    await sealer.seal(size, () => this.#showSealed())
    compressor?.sealed(sealer.size / TILE_WIDTH)
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await this.inTurn(work)
      this.#reason = undefined
    } catch (error) {
      this.#reason = reasonOf(error)
      if (!this.#isClosed) this.#schedule()
    }
  }

  /** Runs when nothing else that moves or rewrites files does. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }
}

export function cosignedPath(directory: string): string {
  return join(directory, 'cosigned')
}
