/**
 * A route that only looks, and shows nothing to whom the policies do not let read. What shows the trail says so by `sees`: that is
 * written down first, refusals too. Others never write.
 */

import type { FastifySchema } from 'fastify'
import type * as z from '../bytes/schema.ts'
import type { Caller } from '../domain/leaf.ts'
import { problemResponse, securityOf, tagOf } from './act.ts'
import type { Access, App, FastifyReply, FastifyRequest } from './app.ts'
import { enter, type Looking } from './look.ts'
import type { Port } from './port.ts'
import { Problem, sendProblem } from './problem.ts'

export type Looked<P, Q> = {
  readonly params: P
  readonly query: Q
  /** Undefined for `anyone`. */
  readonly caller: Caller | undefined
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export type Read<P extends z.ZodType, Q extends z.ZodType, T extends z.ZodType> = {
  readonly url: string
  readonly summary: string
  readonly access?: Access
  readonly params?: P
  readonly query?: Q
  readonly answer: T
  readonly isOpenToRead?: boolean
  readonly isForPeople?: boolean
  /** What of the trail this shows. */
  readonly sees?: (looked: Looked<z.output<P>, z.output<Q>>) => Looking | Problem
  readonly look: (looked: Looked<z.output<P>, z.output<Q>>) => z.input<T> | Problem | Promise<z.input<T> | Problem>
}

export function read<P extends z.ZodType, Q extends z.ZodType, T extends z.ZodType>(
  { app, port }: { readonly app: App; readonly port: Port },
  {
    url,
    summary,
    access = 'login',
    params,
    query,
    answer,
    isOpenToRead = false,
    isForPeople = false,
    sees,
    look,
  }: Read<P, Q, T>,
): void {
  const schema: FastifySchema = {
    summary,
    tags: [tagOf(url)],
    security: securityOf(access),
    ...(params && { params }),
    ...(query && { querystring: query }),
    response: { 200: answer, default: problemResponse },
  }
  app.route({
    method: 'GET',
    url,
    schema,
    // Whoever sees the trail is judged by the ledger.
    config: { access, isOpenToRead: isOpenToRead || sees !== undefined, isForPeople },
    handler: async (request, reply) => {
      const { params: found, query: asked } = request as { params: z.output<P>; query: z.output<Q> }
      const looked = { params: found, query: asked, caller: request.caller, request, reply }
      const looking = sees?.(looked)
      if (looking instanceof Problem) return sendProblem(reply, looking) as never
      const refused = looking && (await enter(looking, request, port))
      if (refused) return sendProblem(reply, refused) as never
      const told = await look(looked)
      if (told instanceof Problem) return sendProblem(reply, told) as never
      if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store')
      return reply.code(200).send(told as never) as never
    },
  })
}
