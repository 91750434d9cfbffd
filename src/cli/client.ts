/** The API as commands use it: typed answers, receipts that were verified before anyone sees them, refusals as failures. */

import { randomUUID, type KeyObject } from 'node:crypto'
import * as z from '../bytes/schema.ts'
import { proveRequest } from '../credential/dpop.ts'
import { discovery, receipt, type Discovery, type Receipt } from './contract.ts'
import { Failure } from './failure.ts'
import { followKey } from './log-key.ts'
import { rememberHead, resolvePin, type PinStore, type StoredPin } from './pin.ts'
import { asProblem } from './problem.ts'
import { verifyReceipt, type Head } from './proof.ts'
import type { Terminal } from './terminal.ts'
import { exchange, type Answer, type Exchange } from './transport.ts'

export interface ClientOptions {
  readonly server: string
  readonly terminal: Terminal
  readonly pin: PinStore
  /** The value of the Authorization header, `Bearer cs_…` or, with a key, `DPoP cs_…`, if there is a login. */
  readonly authorization?: string | undefined
  /** What the login is bound to: each request proves that it is held here. */
  readonly key?: KeyObject | undefined
}

export interface WriteOptions {
  readonly idempotencyKey?: string
  readonly timeoutMs?: number
  /** In place of the login's: a push speaks as its door. */
  readonly authorization?: string
  /** For a body that is text already. */
  readonly contentType?: string
}

/** The Date header has whole seconds, and was written a moment ago. */
const MAX_SKEW_MS = 5_000

export class Client {
  readonly server: string
  readonly #terminal: Terminal
  readonly #store: PinStore
  /** The value of the Authorization header; empty for a stranger. */
  readonly authorization: string
  readonly #key: KeyObject | undefined
  #pin: StoredPin | undefined
  /** What the last answer's Date header said, minus our clock, in ms. */
  clockSkewMs: number | undefined

  constructor({ server, terminal, pin, authorization, key }: ClientOptions) {
    this.#key = key
    this.server = server
    this.#terminal = terminal
    this.#store = pin
    this.authorization = authorization ?? ''
  }

  /** The same server and pinned log, spoken to as somebody else. */
  as(bearer: string): Client {
    return new Client({
      server: this.server,
      terminal: this.#terminal,
      pin: this.#store,
      authorization: `Bearer ${bearer}`,
    })
  }

  async discover(): Promise<Discovery> {
    return await this.get('/.well-known/countersign', discovery)
  }

  /** The pinned log, pinned now if it never was. */
  async pin(): Promise<StoredPin> {
    this.#pin ??= await resolvePin(this.#store, () => this.get('/.well-known/countersign', z.unknown()), this.#terminal)
    return this.#pin
  }

  /**
   * The pinned log, to judge this note by. Where another key of it signs by now, and the pinned one itself vouched for that, it is
   * that key from here on.
   */
  async pinFor(note: string): Promise<StoredPin> {
    const { logKey } = await this.pin()
    const next = await followKey(this.server, logKey, note)
    if (next !== undefined) {
      this.repin(next)
      this.#terminal.say(`the log has a new key, which the one that was trusted here vouches for: ${next}`)
    }
    return await this.pin()
  }

  /** Believes another key of the same log from here on; only after the old one has signed for it. */
  repin(logKey: string): void {
    if (!this.#pin) return
    this.#pin = { ...this.#pin, logKey }
    this.#store.write(this.#pin)
  }

  /** A read. `path` starts with a slash. Throws a Failure for every answer but a 200 of that shape. */
  async get<T>(path: string, shape: z.ZodType<T>, options: Pick<Exchange, 'timeoutMs' | 'signal'> = {}): Promise<T> {
    const answer = await this.#exchange({ method: 'GET', path, ...options }, this.authorization)
    if (answer.status !== 200) throw asProblem(answer, this.server)
    return this.#shaped(shape, answer.body)
  }

  /** A write: the verified receipt of what was allowed or waits. Throws a Failure for a refusal, its receipt verified too. */
  async write<R>(
    method: 'POST' | 'DELETE',
    path: string,
    body: unknown,
    result: z.ZodType<R>,
    options: WriteOptions = {},
  ): Promise<Receipt<R>> {
    const { idempotencyKey = randomUUID(), timeoutMs, authorization = this.authorization, contentType } = options
    // Pinned before anything is asked: a receipt must not choose the key that judges it.
    await this.pin()
    const headers = {
      ...(method === 'POST' && { 'idempotency-key': idempotencyKey }),
      ...(contentType !== undefined && { 'content-type': contentType }),
    }
    const given = body === undefined ? {} : { body }
    const answer = await this.#exchange(
      { method, path, headers, ...given, ...(timeoutMs && { timeoutMs }) },
      authorization,
    )
    if (![200, 201, 202].includes(answer.status)) throw await this.#refusal(answer)
    const proven = this.#shaped(receipt, answer.body)
    await this.verify(proven)
    return { ...proven, result: this.#shaped(result, proven.result) }
  }

  async post<R>(path: string, body: unknown, result: z.ZodType<R>, options?: WriteOptions): Promise<Receipt<R>> {
    return await this.write('POST', path, body, result, options)
  }

  /** Throws a Failure `unverified` unless the pinned log signed for this receipt. */
  async verify(proven: Receipt): Promise<void> {
    this.remember(verifyReceipt(proven, await this.pinFor(proven.proof.checkpoint)))
  }

  /** Keeps the largest verified head beside the pin. */
  remember(head: Head): void {
    if (this.#pin) this.#pin = rememberHead(this.#store, this.#pin, head)
  }

  async #refusal(answer: Answer): Promise<Failure> {
    const failure = asProblem(answer, this.server)
    const proven = receipt.safeParse((answer.body as { receipt?: unknown } | undefined)?.receipt)
    // Even a no must be on record: a refusal without its leaf would hide an attempt.
    if (proven.success) await this.verify(proven.data)
    return failure
  }

  async #exchange(request: Exchange, authorization: string | undefined): Promise<Answer> {
    const headers = { ...request.headers, ...(authorization && { authorization }) }
    const answer = await exchange(this.server, {
      ...request,
      headers,
      prove: () => this.#prove(request, authorization),
    })
    const date = Date.parse(answer.headers.get('date') ?? '')
    this.clockSkewMs = Number.isNaN(date) ? undefined : date - Date.now()
    return answer
  }

  #prove({ method, path }: Exchange, authorization: string | undefined): Record<string, string> {
    const accessToken = authorization?.startsWith('DPoP ') ? authorization.slice('DPoP '.length) : undefined
    if (!this.#key || accessToken === undefined) return {}
    // A job's clock may be wrong by more than a proof may be old; the server's answers say by how much.
    const skewMs = Math.abs(this.clockSkewMs ?? 0) > MAX_SKEW_MS ? this.clockSkewMs! : 0
    const asked = { method, url: `${this.server}${path}`, accessToken }
    return { dpop: proveRequest(this.#key, asked, { at: Date.now() + skewMs, id: randomUUID() }) }
  }

  #shaped<T>(shape: z.ZodType<T>, value: unknown): T {
    const parsed = shape.safeParse(value)
    if (parsed.success) return parsed.data
    const where = parsed.error.issues[0]?.path.join('.') || 'the whole'
    throw new Failure(
      'failed',
      'not_countersign',
      `${this.server} answered in a form that this client does not know (at ${where})`,
      {
        next: 'compare countersign version with the version of the server',
      },
    )
  }
}
