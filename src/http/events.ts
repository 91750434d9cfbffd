/**
 * The live stream of leaves (server-sent events): each leaf once, in order, from wherever the reader left off. A stream holds
 * a position and not a queue, so that a slow reader costs nothing; one that stops reading is dropped.
 */

import type { ServerResponse } from 'node:http'
import * as z from '../bytes/schema.ts'
import { reread } from '../domain/leaf.ts'
import * as login from '../domain/login.ts'
import type { State } from '../domain/state.ts'
import { problemResponse, securityOf, type Desk } from './act.ts'
import type { FastifyReply } from './app.ts'
import { formatInstant } from './field.ts'
import { enter } from './look.ts'
import type { Port } from './port.ts'
import { problem, sendProblem } from './problem.ts'

const KEEP_ALIVE_MS = 15_000
const HEAD_MS = 1_000
const SLOW_MS = 20_000
const MAX_STREAMS = 500
const MAX_PER_LOGIN = 10

export type StreamTimes = { readonly keepAliveMs: number; readonly headMs: number; readonly slowMs: number }
export const STREAM_TIMES: StreamTimes = { keepAliveMs: KEEP_ALIVE_MS, headMs: HEAD_MS, slowMs: SLOW_MS }

/** Returns how to end all streams, so that a server that closes does not wait for them. */
export function events({ app, port }: Desk, times: StreamTimes): () => void {
  const open = new Set<Stream>()
  app.get(
    '/api/v1/events',
    {
      // Nobody wants the head of a stream, and it would never end.
      exposeHeadRoute: false,
      config: { isOpenToRead: true },
      schema: {
        summary: 'Leaves as they are written, from `Last-Event-ID` or `after` on (text/event-stream)',
        tags: ['events'],
        security: securityOf('login'),
        querystring: z.object({ after: z.coerce.number().int().min(-1).optional() }),
        response: {
          200: {
            description: 'Events leaf, head and alert.',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          default: problemResponse,
        },
      },
    },
    async (request, reply) => {
      const refused = await enter({ kind: 'stream', page: { before: positionOf(request, port) } }, request, port)
      if (refused) return sendProblem(reply, refused) as never
      const own = request.caller!.login!
      const mine = [...open].filter(({ login: other }) => other === own).length
      if (open.size >= MAX_STREAMS || mine >= MAX_PER_LOGIN)
        return sendProblem(reply, problem('too_many', 'Too many streams are open.', { retryAfterSeconds: 10 })) as never
      const stream = new Stream(begin(reply), own, positionOf(request, port), port, times)
      open.add(stream)
      stream.onEnd(() => open.delete(stream))
      return reply as never
    },
  )
  return () => {
    for (const stream of open) stream.end('the server stops')
  }
}

/** The next leaf to send: after the one that was seen last, or after those that are there now. */
function positionOf(
  request: { headers: NodeJS.Dict<string | string[]>; query: { after?: number | undefined } },
  port: Port,
): number {
  const last = request.headers['last-event-id']
  const seen = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : request.query.after
  const size = port.ledger.publishedSize
  return seen === undefined ? size : Math.min(seen + 1, size)
}

function begin(reply: FastifyReply): ServerResponse {
  reply.hijack()
  const headers = reply.getHeaders() as Record<string, string>
  reply.raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  reply.raw.flushHeaders()
  return reply.raw
}

class Stream {
  readonly login: string
  readonly #out: ServerResponse
  readonly #port: Port
  readonly #times: StreamTimes
  readonly #stops: (() => void)[] = []
  #next: number
  #headSize = -1
  #isPumping = false
  #isOver = false

  constructor(out: ServerResponse, own: string, next: number, port: Port, times: StreamTimes) {
    this.login = own
    this.#out = out
    this.#next = next
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
        const isTaken = await this.#sendLeaf(this.#next)
        this.#next += 1
        if (!isTaken && !(await this.#drained())) return this.end('too slow')
      }
    } catch {
      this.end('a leaf could not be read')
    } finally {
      this.#isPumping = false
    }
  }

  /** False when the reader must catch up first. A leaf whose stored bytes are damaged is said to be, and not left out. */
  async #sendLeaf(leafIndex: number): Promise<boolean> {
    const { ledger, views } = this.#port
    const bytes = await ledger.log.leaf(leafIndex).catch(() => undefined)
    if (this.#isOver) return true
    if (!bytes) return this.#out.write(`id: ${leafIndex}\nevent: damaged\ndata: {"leafIndex":${leafIndex}}\n\n`)
    const row = await views.row({ leaf: reread(bytes), leafIndex })
    if (this.#isOver) return true
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
