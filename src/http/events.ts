/**
 * The live stream of leaves (server-sent events): each leaf that is asked for once, in order, from wherever the reader left off. What
 * is asked for is a query of the trail's own language.
 */

import type { ServerResponse } from 'node:http'
import * as z from '../bytes/schema.ts'
import { searchId } from '../domain/search.ts'
import type { Sieve } from '../control/view/sieve.ts'
import { problemResponse, securityOf, type Desk } from './act.ts'
import type { FastifyReply, FastifyRequest } from './app.ts'
import { enter } from './look.ts'
import type { Port } from './port.ts'
import { problem, Problem, problemOfQuery, sendProblem } from './problem.ts'
import { queryOf } from './searches.ts'
import { Stream, STREAM_TIMES, type StreamTimes } from './stream.ts'

const MAX_STREAMS = 500
const MAX_PER_LOGIN = 10

const query = z.object({
  q: z.string().max(1000).optional().describe('As for /api/v1/leaves, without | count by.'),
  search: searchId.optional().describe('A saved search, in place of q.'),
  after: z.coerce.number().int().min(-1).max(Number.MAX_SAFE_INTEGER).optional(),
})

/** Returns how to end all streams, so that a server that closes does not wait for them. */
export function events({ app, port }: Desk, times: StreamTimes = STREAM_TIMES): () => void {
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
        querystring: query,
        response: {
          200: {
            description:
              'Events leaf, head and alert. With q, `passed` says how far was looked in vain; its id is as good to resume from.',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          default: problemResponse,
        },
      },
    },
    async (request, reply) => {
      const sieve = await admit(request, port)
      if (sieve instanceof Problem) return sendProblem(reply, sieve) as never
      const own = request.caller!.login!
      const mine = [...open].filter(({ login: other }) => other === own).length
      if (open.size >= MAX_STREAMS || mine >= MAX_PER_LOGIN)
        return sendProblem(reply, problem('too_many', 'Too many streams are open.', { retryAfterSeconds: 10 })) as never
      const stream = new Stream(begin(reply), { login: own, next: positionOf(request, port), sieve }, port, times)
      open.add(stream)
      stream.onEnd(() => open.delete(stream))
      return reply as never
    },
  )
  return () => {
    for (const stream of open) stream.end('the server stops')
  }
}

type Asked = FastifyRequest & { readonly query: z.output<typeof query> }

/** What is asked for, once the log says who follows it. Undefined for everything. */
async function admit(request: FastifyRequest, port: Port): Promise<Sieve | Problem | undefined> {
  const q = queryOf((request as Asked).query, request.caller!, port)
  if (q instanceof Problem) return q
  const refused = await enter(
    { kind: 'stream', query: q || undefined, page: { before: positionOf(request, port) } },
    request,
    port,
  )
  if (refused) return refused
  if (q.trim() === '') return undefined
  const sieve = port.views.sieve(q)
  return 'problem' in sieve ? problemOfQuery(sieve) : sieve
}

/** The next leaf to send: after the one that was seen last, or after those that are there now. */
function positionOf(request: FastifyRequest, port: Port): number {
  const last = request.headers['last-event-id']
  const seen = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : (request as Asked).query.after
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
