/** The types that every route shares: fastify with zod schemas, and what the hooks found out about a request. */

import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller } from '../domain/leaf.ts'

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse<IncomingMessage>,
  FastifyBaseLogger,
  ZodTypeProvider
>

/**
 * Who may ask at all. `login`: whoever is signed in, and it is what a route without a word has. `door`: a git door, which
 * signs each request. `anyone`: nobody needs to be known, and the route itself verifies what it is shown.
 */
export type Access = 'login' | 'door' | 'anyone'

declare module 'fastify' {
  interface FastifyInstance {
    /** Address pattern to the methods of its routes. */
    readonly routesMade: ReadonlyMap<string, ReadonlySet<string>>
  }
  interface FastifyContextConfig {
    access?: Access
    /** Served from memory and harmless, so that it is not counted against an address. */
    isFree?: boolean
    /** The route asks the policies itself, or answers about the caller alone. */
    isOpenToRead?: boolean
    /** The body is lines of JSON, and comes to the route as bytes. */
    takesLines?: boolean
    /** The body is a form, and comes to the route as an object of texts. */
    takesForms?: boolean
    /** The body is JSON under the name of SCIM. */
    takesScim?: boolean
    /** Shows what is personal: a job has no business with it. */
    isForPeople?: boolean
  }
  interface FastifyRequest {
    /** Whose words these are; undefined for `anyone`. */
    caller: Caller | undefined
    /** The body as it came, for signatures and for comparing. */
    bodyBytes: Uint8Array | undefined
    startedAt: number
  }
}

export type { FastifyReply, FastifyRequest }
