/**
 * Time stamps of a log: now and then the newest published checkpoint goes to an authority that has nothing to do with us. From then on
 * nobody, not even with every key of ours, can say that its leaves came later, or make others with an earlier time.
 */

import { join } from 'node:path'
import { sha256 } from '../bytes/digest.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { reasonOf } from '../store/error.ts'
import { Stamps, type Stamp } from '../store/stamps.ts'
import { parseCheckpoint } from '../tlog/checkpoint.ts'
import { parseNote } from '../tlog/note.ts'
import { handle, systemCaller, type Desk } from './handle.ts'
import { TimestampClient, type AuthorityOptions } from './timestamp-client.ts'

export interface TimestampPolicy extends AuthorityOptions {
  /** Between two stamps, while there is something new. */
  readonly everyMs: number
}

export interface TimestampsOptions {
  readonly desk: Desk
  readonly policy: TimestampPolicy
  /** Of the log. */
  readonly directory: string
  /** 0 to 1, for the jitter between attempts. */
  readonly random?: () => number
}

export interface StampStatus {
  /** Host of the authority. */
  readonly authority: string
  /** Of the newest stamped checkpoint; absent before the first. */
  readonly treeSize?: number
  readonly stampedAt?: number
  /** Why stamping is behind: one sentence. */
  readonly trouble?: string
}

/** The least time between two looks at whether a stamp is due, or between two attempts. */
const TICK_MS = 1_000
const MAX_PAUSE_MS = 60_000
const MAX_BACKOFF_MS = 15 * 60_000
/** What a stamp may be late before anybody is told. */
const GRACE_MS = 10 * 60_000

export class Timestamps implements AsyncDisposable {
  readonly #options: TimestampsOptions
  readonly #client: TimestampClient
  readonly #stamps: Stamps
  readonly #unfollow: () => void
  /** The leaf that says what was stamped last: by itself it is nothing new. */
  #ownLeaf = -1
  #failures = 0
  #reason: string | undefined
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false

  /** Begins at once. Throws a SyntaxError when there is no certificate to trust. */
  constructor(options: TimestampsOptions) {
    const { desk, policy, directory } = options
    this.#options = options
    this.#client = new TimestampClient(policy, desk.clock)
    this.#stamps = new Stamps(join(directory, 'public'))
    this.#unfollow = desk.ledger.follow(({ leaf, leafIndex }) => {
      if (leaf.event.type === 'log.stamped') this.#ownLeaf = leafIndex
    })
    this.#schedule(TICK_MS)
  }

  status(): StampStatus {
    const stamped = this.#options.desk.ledger.state.log?.stamped
    const trouble = this.#trouble()
    return {
      authority: this.#client.host,
      ...(stamped && { treeSize: stamped.treeSize, stampedAt: stamped.at }),
      ...(trouble !== undefined && { trouble }),
    }
  }

  #trouble(): string | undefined {
    const { desk, policy } = this.#options
    const since = desk.ledger.state.log?.stamped?.at
    if (this.#reason === undefined || !this.#hasNews()) return undefined
    // A failure before the first stamp is told at once: it is most often a wrong address or certificate.
    if (since !== undefined && desk.clock() - since - policy.everyMs <= GRACE_MS) return undefined
    const stamped =
      since === undefined ? 'never stamped the log' : `not stamped the log since ${new Date(since).toISOString()}`
    return `The time-stamping authority ${this.#client.host} has ${stamped}: ${this.#reason}.`
  }

  #hasNews(): boolean {
    const { ledger } = this.#options.desk
    return ledger.publishedSize > Math.max(ledger.state.log?.stamped?.treeSize ?? 0, this.#ownLeaf + 1)
  }

  #dueInMs(): number {
    const { desk, policy } = this.#options
    if (!this.#hasNews()) return MAX_PAUSE_MS
    const last = desk.ledger.state.log?.stamped?.at
    return last === undefined ? 0 : last + policy.everyMs - desk.clock()
  }

  #schedule(pauseMs: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      const isDue = this.#failures > 0 || this.#dueInMs() <= 0
      void (isDue ? this.settle() : Promise.resolve()).then(() => this.#schedule(this.#pauseMs()))
    }, pauseMs).unref()
  }

  #pauseMs(): number {
    const { random = Math.random } = this.#options
    if (this.#failures === 0) return Math.min(MAX_PAUSE_MS, Math.max(TICK_MS, this.#dueInMs()))
    // Half of it is drawn, so that logs that lost an authority together do not come back together.
    const backoffMs = Math.min(MAX_BACKOFF_MS, TICK_MS * 2 ** Math.min(16, this.#failures))
    return backoffMs / 2 + (backoffMs / 2) * random()
  }

  /** Has the newest published checkpoint stamped now, if anything is new; resolves when that is done, or failed. */
  settle(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#once())
    return this.#turn
  }

  async #once(): Promise<void> {
    if (this.#isClosed || !this.#hasNews()) return
    try {
      await this.#stampNewest()
      this.#failures = 0
      this.#reason = undefined
    } catch (error) {
      this.#failures += 1
      this.#reason = reasonOf(error)
    }
  }

  async #stampNewest(): Promise<void> {
    const { ledger } = this.#options.desk
    const published = await ledger.log.resource('checkpoint')
    if (!published) return
    const { size } = parseCheckpoint(parseNote(published).text)
    if (size <= (ledger.state.log?.stamped?.treeSize ?? 0)) return
    // After a crash between the files and the leaf the stamp is there already, and is only said.
    const kept = await this.#stamps.read(size)
    const stamp = kept ?? (await this.#obtain(size, published))
    if (kept) await this.#client.verify(kept.reply, sha256(kept.checkpoint))
    await this.#record(size, stamp)
  }

  async #obtain(size: number, checkpoint: Uint8Array): Promise<Stamp> {
    const { reply } = await this.#client.stamp(sha256(checkpoint))
    const stamp = { checkpoint, reply }
    await this.#stamps.keep(size, stamp)
    return stamp
  }

  /** The stamp is on disk, also as evidence, before the leaf that names it. */
  async #record(treeSize: number, { checkpoint, reply }: Stamp): Promise<void> {
    const exhibits = [
      { kind: 'checkpoint', bytes: checkpoint },
      { kind: 'timestamp', bytes: reply },
      { kind: 'tsa-ca', bytes: this.#options.policy.anchors },
    ]
    const command = { type: 'stamp log', treeSize } as const
    const recorded = await handle({ command, caller: systemCaller('timestamps'), exhibits }, this.#options.desk)
    if (isRefusal(recorded)) throw new Error(recorded.because)
    if (recorded.decision.outcome === 'refused') throw new Error('the log did not take the stamp')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#unfollow()
    await this.#turn
  }
}
