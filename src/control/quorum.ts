/** How many witnesses must have seen the log: who reads its state is told when they have not, and what must wait for them waits. */

import { setTimeout as pause } from 'node:timers/promises'
import type { WitnessStatus } from './witnesses.ts'

export interface QuorumPolicy {
  /** Witnesses that must have cosigned, 1 or more. */
  readonly needed: number
  /** Credentials are made only once their grant was cosigned by that many. */
  readonly isRequired: boolean
}

export interface QuorumOptions extends QuorumPolicy {
  readonly witnesses: { status(): readonly WitnessStatus[]; settle(): Promise<void> }
  /** Leaves that are durable. */
  readonly size: () => number
  readonly clock: () => number
  /** What witnesses may take before anybody is told, and what a credential waits for them; 10 s each unless said. */
  readonly graceMs?: number
  readonly waitMs?: number
}

const GRACE_MS = 10_000
const WAIT_MS = 10_000
const SAMPLE_MS = 1_000
const ASK_AGAIN_MS = 200

export class Quorum implements Disposable {
  readonly #options: QuorumOptions
  readonly #timer: NodeJS.Timeout
  /** A size that was not cosigned by enough when it was looked at, and when that was. */
  #uncovered: { readonly size: number; readonly at: number } | undefined
  #asking: Promise<void> | undefined

  constructor(options: QuorumOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS).unref()
    this.#sample()
  }

  get isRequired(): boolean {
    return this.#options.isRequired
  }

  /** Leaves that enough witnesses have cosigned. */
  get size(): number {
    const { witnesses, needed } = this.#options
    const sizes = witnesses.status().map(({ cosignedSize = 0 }) => cosignedSize)
    return sizes.sort((a, b) => b - a)[needed - 1] ?? 0
  }

  /** Undefined, or that a checkpoint waits for witnesses longer than it should: one sentence. */
  trouble(): string | undefined {
    this.#sample()
    const { needed, isRequired, witnesses, clock, graceMs = GRACE_MS } = this.#options
    const since = this.#uncovered
    if (!since || clock() - since.at < graceMs) return undefined
    const seen = witnesses.status().filter(({ cosignedSize = 0 }) => cosignedSize >= since.size).length
    const behind = Math.max(1, needed - seen)
    const then = isRequired ? '; no credential is made until they follow' : ''
    const verb = behind === 1 ? 'is' : 'are'
    return `${behind} of ${needed} witnesses needed ${verb} behind since ${new Date(since.at).toISOString()}${then}.`
  }

  /** Whether enough witnesses have cosigned a tree with this leaf; asks them, and waits a bounded time. */
  async covers(leafIndex: number): Promise<boolean> {
    const until = performance.now() + (this.#options.waitMs ?? WAIT_MS)
    for (;;) {
      if (this.size > leafIndex) return true
      const left = until - performance.now()
      if (left <= 0) return false
      await Promise.race([this.#ask(), pause(left, undefined, { ref: false })])
      if (this.size <= leafIndex) await pause(Math.min(ASK_AGAIN_MS, Math.max(0, until - performance.now())))
    }
  }

  /** All who wait are answered by one round. */
  #ask(): Promise<void> {
    this.#asking ??= this.#options.witnesses.settle().finally(() => (this.#asking = undefined))
    return this.#asking
  }

  #sample(): void {
    const [covered, size] = [this.size, this.#options.size()]
    if (this.#uncovered && this.#uncovered.size > covered) return
    this.#uncovered = size > covered ? { size, at: this.#options.clock() } : undefined
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
