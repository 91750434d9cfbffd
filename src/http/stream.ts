/**
 * One open stream (server-sent events): it holds a position and not a queue, so that a slow reader costs nothing; one that stops
 * reading is dropped. Each leaf that is asked for comes once and in order.
 */

import type { ServerResponse } from 'node:http'
import { setImmediate as others } from 'node:timers/promises'
import type { Sieve } from '../control/view/sieve.ts'
import { reread } from '../domain/leaf.ts'
import * as login from '../domain/login.ts'
import type { State } from '../domain/state.ts'
import { formatInstant } from './field.ts'
import type { Port } from './port.ts'

const KEEP_ALIVE_MS = 15_000
const HEAD_MS = 1_000
const SLOW_MS = 20_000
/** Further back than this, the index says where the next leaves are. */
const FAR = 512
/** So often others have their turn, and the reader hears how far was looked, when nothing is found. */
const BREATH = 64
const SILENCE = 1_024

export type StreamTimes = { readonly keepAliveMs: number; readonly headMs: number; readonly slowMs: number }
export const STREAM_TIMES: StreamTimes = { keepAliveMs: KEEP_ALIVE_MS, headMs: HEAD_MS, slowMs: SLOW_MS }

export type Wanted = {
  readonly login: string
  /** The first leaf that was not seen yet. */
  readonly next: number
  /** Undefined for everything. */
  readonly sieve: Sieve | undefined
}

export class Stream {
  readonly login: string
  readonly #out: ServerResponse
  readonly #port: Port
  readonly #times: StreamTimes
  readonly #sieve: Sieve | undefined
  readonly #stops: (() => void)[] = []
  #next: number
  #saidAt: number
  #headSize = -1
  #isPumping = false
  #isOver = false

  constructor(out: ServerResponse, { login: own, next, sieve }: Wanted, port: Port, times: StreamTimes) {
    this.login = own
    this.#out = out
    this.#next = next
    this.#saidAt = next
    this.#sieve = sieve
    this.#port = port
    this.#times = times
    out.write('retry: 2000\n\n')
    const keepAlive = setInterval(() => this.#keepAlive(), times.keepAliveMs)
    const heads = setInterval(() => this.#sendHead(), times.headMs)
    const unfollow = port.ledger.follow(() => void this.#pump())
    out.on('close', () => this.end())
    out.on('error', () => this.end())
    this.#stops.push(
      () => clearInterval(keepAlive),
      () => clearInterval(heads),
      unfollow,
    )
    this.#sendHead()
    void this.#pump()
  }

  onEnd(listener: () => void): void {
    this.#stops.push(listener)
  }

  /** With a comment for whoever reads the stream by eye. */
  end(comment?: string): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const stop of this.#stops) stop()
    if (comment === undefined || this.#out.writableNeedDrain) this.#out.destroy()
    else this.#out.end(`: ${comment}\n\n`)
  }

  /** One at a time, whatever the log does meanwhile. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (!this.#isOver && this.#next < this.#port.ledger.publishedSize) {
        if (!this.#isWelcome()) return this.end('this login has ended')
        const isTaken = await this.#advance()
        if (!isTaken && !(await this.#drained())) return this.end('too slow')
      }
    } catch {
      this.end('a leaf could not be read')
    } finally {
      this.#isPumping = false
    }
  }

  /** By one leaf, or over many that nobody asked for. False when the reader must catch up first. */
  async #advance(): Promise<boolean> {
    const end = this.#port.ledger.publishedSize
    if (this.#sieve && end - this.#next > FAR) return await this.#leap(this.#sieve, end)
    const isTaken = await this.#sendLeaf(this.#next, this.#sieve)
    this.#next += 1
    if (this.#next % BREATH === 0) await others()
    return isTaken && this.#sayPosition()
  }

  async #leap(sieve: Sieve, end: number): Promise<boolean> {
    const leap = await sieve.leap(this.#next, end).catch(() => undefined)
    if (!leap) {
      this.end('the trail cannot be searched right now')
      return true
    }
    const { found, next } = leap
    for (const leafIndex of found) {
      if (this.#isOver) return true
      const isTaken = await this.#sendLeaf(leafIndex)
      this.#next = leafIndex + 1
      if (!isTaken) return false
    }
    this.#next = next
    return this.#sayPosition()
  }

  /** So that whoever comes back after a long silence need not be looked for from where they last heard something. */
  #sayPosition(): boolean {
    if (this.#isOver || this.#next - this.#saidAt < SILENCE) return true
    this.#saidAt = this.#next
    const leafIndex = this.#next - 1
    return this.#out.write(`id: ${leafIndex}\nevent: passed\ndata: {"leafIndex":${leafIndex}}\n\n`)
  }

  /** A leaf whose stored bytes are damaged is said to be, whatever was asked for, and not left out. */
  async #sendLeaf(leafIndex: number, sieve?: Sieve): Promise<boolean> {
    const { ledger, views } = this.#port
    const bytes = await ledger.log.leaf(leafIndex).catch(() => undefined)
    if (this.#isOver) return true
    if (!bytes) return this.#out.write(`id: ${leafIndex}\nevent: damaged\ndata: {"leafIndex":${leafIndex}}\n\n`)
    const row = await (sieve ? sieve.pick(leafIndex, bytes) : views.row({ leaf: reread(bytes), leafIndex }))
    if (this.#isOver || row === undefined) return true
    this.#saidAt = leafIndex
    const kind = row.type === 'alert.fired' ? `event: alert\ndata: ${JSON.stringify(row)}\n\n` : ''
    return this.#out.write(`${kind}id: ${leafIndex}\nevent: leaf\ndata: ${JSON.stringify(row)}\n\n`)
  }

  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), this.#times.slowMs)
      const settle = (isDrained: boolean) => {
        clearTimeout(timer)
        this.#out.off('drain', onDrain)
        this.#out.off('close', onClose)
        resolve(isDrained)
      }
      const onDrain = () => settle(true)
      const onClose = () => settle(false)
      this.#out.on('drain', onDrain)
      this.#out.on('close', onClose)
    })
  }

  #keepAlive(): void {
    if (!this.#isWelcome()) return this.end('this login has ended')
    if (!this.#out.writableNeedDrain) this.#out.write(': still here\n\n')
  }

  #sendHead(): void {
    const { treeSize, signedAt, witnesses } = this.#port.logStatus()
    if (treeSize === this.#headSize || this.#isOver || this.#out.writableNeedDrain) return
    this.#headSize = treeSize
    const at = signedAt ?? formatInstant(this.#port.clock())
    this.#out.write(`event: head\ndata: ${JSON.stringify({ treeSize, at, witnesses })}\n\n`)
  }

  /** A revocation ends the stream, too. */
  #isWelcome(): boolean {
    const state = this.#port.ledger.state as State
    return login.judge(state.logins.get(this.login), state, this.#port.clock()) === undefined
  }
}
