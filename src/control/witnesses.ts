/**
 * The witnesses of a log: each checkpoint goes to all of them, behind the answers, and comes back cosigned. A start asks them
 * first: a log that is behind, or other than, what it showed to a witness does not start.
 */

import { equal } from '../bytes/digest.ts'
import type { Log } from '../store/log.ts'
import { reasonOf, StoreError } from '../store/error.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import { verifyCosignatures } from '../tlog/cosignature.ts'

import { formatKey, type VerifierKey } from '../tlog/key.ts'
import { formatSignatureLine, parseNote } from '../tlog/note.ts'
import { WitnessClient } from './witness-client.ts'
import { feed, type Fed } from './witness-feed.ts'

export interface WitnessOptions {
  /** How people call it; unique. */
  readonly name: string
  /** Base URL of its HTTP interface. */
  readonly url: string
  /** Of type 4 or 6 (cosignature). */
  readonly key: VerifierKey
  /** It keeps a copy of the leaves, which is fed first. */
  readonly mirror?: boolean
}

export interface WitnessesOptions {
  readonly log: Log
  /** Keys that sign, or signed, checkpoints of the log. */
  readonly keys: readonly VerifierKey[]
  readonly witnesses: readonly WitnessOptions[]
  readonly clock?: () => number
  /** 0 to 1, for the jitter between attempts. */
  readonly random?: () => number
  /** Least time between two checkpoints to the same witness, 1,000 ms unless said. */
  readonly intervalMs?: number
}

export interface WitnessStatus {
  readonly name: string
  /** Its verifier key. */
  readonly key: string
  readonly url: string
  readonly mirror: boolean
  /** Size and time (ms) of the latest checkpoint that it cosigned; absent before the first. */
  readonly cosignedSize?: number
  readonly cosignedAt?: number
  /** Leaves that it has not cosigned yet. */
  readonly lag: number
  /** Why it does not cosign now: one sentence. */
  readonly trouble?: string
}

const INTERVAL_MS = 1_000
const MAX_BACKOFF_MS = 60_000

/**
 * Asks every witness what it saw, then feeds them all until disposed. A witness that does not answer is left for later.
 * Rejects with a StoreError `rolled_back` when one of them saw more leaves than the log has, or another root hash.
 */
export async function openWitnesses(options: WitnessesOptions): Promise<Witnesses> {
  const feeds = options.witnesses.map((witness) => new Feed(witness, options))
  await Promise.all(feeds.map((each) => each.begin()))
  return new Witnesses(feeds)
}

/**
 * Only asks, as `openWitnesses` does first. To be called before the log signs anything new: a log that was restored from an
 * old copy must not go on under its origin, not even by one leaf.
 */
export async function checkWitnesses(options: Pick<WitnessesOptions, 'log' | 'keys' | 'witnesses'>): Promise<void> {
  await Promise.all(options.witnesses.map((witness) => new Feed(witness, options).begin()))
}

export class Witnesses implements AsyncDisposable {
  readonly #feeds: readonly Feed[]

  constructor(feeds: readonly Feed[]) {
    this.#feeds = feeds
    for (const each of feeds) each.start()
  }

  status(): WitnessStatus[] {
    return this.#feeds.map((each) => each.status())
  }

  /** Feeds every witness once, now; resolves when each has cosigned or failed. */
  async settle(): Promise<void> {
    await Promise.all(this.#feeds.map((each) => each.settle()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#feeds.map((each) => each.close()))
  }
}

class Feed {
  readonly #witness: WitnessOptions
  readonly #options: WitnessesOptions
  readonly #client: WitnessClient
  #fed: Fed = { cosignedSize: 0, mirroredSize: 0 }
  #cosigned: { readonly size: number; readonly at: number } | undefined
  #trouble: string | undefined
  #failures = 0
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(witness: WitnessOptions, options: WitnessesOptions) {
    this.#witness = witness
    this.#options = options
    this.#client = new WitnessClient(witness.url, options.log.origin)
  }

  /** What the witness saw last must be a past of this log. */
  async begin(): Promise<void> {
    try {
      const note = await this.#client.latest()
      if (note !== undefined) await this.#compare(note)
    } catch (error) {
      if (error instanceof StoreError && error.code === 'rolled_back') throw error
      this.#trouble = reasonOf(error)
    }
  }

  async #compare(note: string): Promise<void> {
    const { log, keys } = this.#options
    const { name } = this.#witness
    // What neither the log nor anybody with its key signed proves nothing, and stops nothing.
    const { size, rootHash } = openCheckpoint(note, log.origin, keys)
    if (size > log.head.size)
      throw new StoreError(
        'rolled_back',
        `the witness ${name} has seen ${size} leaves of ${log.origin}, but the log ends at ${log.head.size}: it was restored from an old copy. Bring the newest leaves back with: countersign restore --from ${this.#witness.url}`,
      )
    if (!equal(rootHash, await log.rootAt(size)))
      throw new StoreError(
        'rolled_back',
        `the witness ${name} has seen another tree of ${log.origin} at ${size} leaves: two histories were signed with its key. Restore the directory from the copy that the witness knows; never go on with this one`,
      )
    this.#fed = { cosignedSize: size, mirroredSize: size }
    this.#remember(note)
  }

  #remember(note: string): void {
    const [cosignature] = verifyCosignatures(parseNote(note), [this.#witness.key])
    // "MAY be zero if the cosigner doesn't make any statement as to the tree being the largest": of a witness that is what is asked.
    if (cosignature!.timeSeconds === 0) throw new Error('its cosignature does not say when')
    const size = Number(note.split('\n', 2)[1])
    this.#cosigned = { size, at: cosignature!.timeSeconds * 1000 }
  }

  start(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      const { log } = this.#options
      const isDue = log.head.size > (this.#cosigned?.size ?? 0) || this.#trouble !== undefined
      void (isDue ? this.settle() : Promise.resolve()).then(() => this.start())
    }, this.#pauseMs()).unref()
  }

  #pauseMs(): number {
    const { intervalMs = INTERVAL_MS, random = Math.random } = this.#options
    if (this.#failures === 0) return intervalMs
    // Half of it is drawn, so that logs that lost a witness together do not come back together.
    const backoff = Math.min(MAX_BACKOFF_MS, intervalMs * 2 ** Math.min(16, this.#failures))
    return backoff / 2 + (backoff / 2) * random()
  }

  settle(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#once())
    return this.#turn
  }

  async #once(): Promise<void> {
    if (this.#isClosed) return
    const { log } = this.#options
    const head = log.head
    const isMirror = this.#witness.mirror ?? false
    try {
      const { fed, lines, mirrorError } = await feed(head, log, this.#client, this.#fed, isMirror)
      this.#fed = fed
      // "The client MUST ignore any cosignatures from unknown keys", and a wrong one of a known key is an error.
      const note = head.note + lines
      verifyCosignatures(parseNote(note), [this.#witness.key])
      const own = parseNote(note).signatures.filter(
        ({ name, keyId }) => name === this.#witness.key.name && keyId === this.#witness.key.keyId,
      )
      await log.addCosignatures(head.note, own.map(formatSignatureLine).join(''))
      // Nobody is told of a cosignature that is not served yet.
      this.#remember(note)
      if (mirrorError) throw mirrorError
      this.#failures = 0
      this.#trouble = undefined
    } catch (error) {
      this.#failures += 1
      this.#trouble = reasonOf(error)
    }
  }

  status(): WitnessStatus {
    const { name, url, key, mirror = false } = this.#witness
    return {
      name,
      url,
      mirror,
      key: formatKey(key),
      ...(this.#cosigned && { cosignedSize: this.#cosigned.size, cosignedAt: this.#cosigned.at }),
      lag: Math.max(0, this.#options.log.head.size - (this.#cosigned?.size ?? 0)),
      ...(this.#trouble !== undefined && { trouble: `the witness ${name} does not follow: ${this.#trouble}` }),
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
  }
}
