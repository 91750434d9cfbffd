/**
 * The one way a route changes anything: the request becomes a command, the ledger decides and writes, the receipt goes back.
 * A route cannot answer from anything but what was recorded.
 */

import type * as z from '../bytes/schema.ts'
import { sha256 } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { handle, type Request } from '../control/handle.ts'
import type { Recorded } from '../control/ledger.ts'
import type { PersonalData } from '../control/seal.ts'
import type { Caller } from '../domain/leaf.ts'
import { isRefusal, type Refusal } from '../evidence/refusal.ts'
import type { Access, App, FastifyReply, FastifyRequest } from './app.ts'
import { doorOf, judgeLogin, personalOf } from './caller.ts'
import type { Answer, Idempotency } from './idempotency.ts'
import type { Port } from './port.ts'
import { problem, Problem, problemOfRefusal, problemShape, sendProblem } from './problem.ts'
import { formatReceipt, problemOfDecision, receiptOf } from './receipt.ts'

/** What a route is given: validated input, and who asks. */
export type Asked<B, P> = {
  readonly body: B
  readonly params: P
  readonly caller: Caller
  /** Address and program of the caller; a route adds what else is personal. */
  readonly personal: PersonalData
  readonly at: number
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** What a route makes of it: what is asked of the ledger, and what the receipt says besides its proof. */
export type Asking<R> = {
  readonly perform: Request | (() => Promise<Recorded | Refusal>)
  readonly result: (recorded: Recorded) => R | Problem | Promise<R | Problem>
  /** What a refusal says besides its reason. */
  readonly facts?: (recorded: Recorded) => Record<string, unknown>
}

export type Act<B extends z.ZodType, P extends z.ZodType, R extends z.ZodType> = {
  readonly method: 'POST' | 'DELETE'
  readonly url: string
  readonly summary: string
  readonly access?: Access
  readonly params?: P
  readonly body?: B
  readonly result: R
  /** 201 where the act makes something. */
  readonly status?: 200 | 201
  /** What a receipt that says "wait" tells; only for what can wait. */
  readonly waiting?: z.ZodType
  readonly bodyLimit?: number
  /** The answer holds something that only its receiver may know. */
  readonly isSecret?: boolean
  readonly ask: (
    asked: Asked<z.output<B>, z.output<P>>,
  ) => Asking<z.input<R>> | Problem | Promise<Asking<z.input<R>> | Problem>
}

export type Desk = { readonly app: App; readonly port: Port; readonly idempotency: Idempotency }

export function act<B extends z.ZodType, P extends z.ZodType, R extends z.ZodType>(
  { app, port, idempotency }: Desk,
  route: Act<B, P, R>,
): void {
  const { method, url, summary, access = 'login', params, body, result, status = 200, bodyLimit } = route
  const schema = {
    summary,
    tags: [tagOf(url)],
    security: securityOf(access),
    ...(params && { params }),
    ...(body && { body }),
    response: {
      [status]: receiptOf(result),
      ...(route.waiting && { 202: receiptOf(route.waiting) }),
      default: problemResponse,
    },
  }
  app.route({
    method,
    url,
    schema,
    config: { access },
    ...(bodyLimit !== undefined && { bodyLimit }),
    handler: async (request, reply) => {
      const work = () => answer(route, request, reply, port)
      if (method !== 'POST') return send(reply, await work())
      const bytes = request.bodyBytes ?? new Uint8Array()
      return inOneTurn({ port, idempotency }, request, reply, { bytes, isSecret: route.isSecret === true }, work)
    },
  })
}

type Body = { readonly bytes: Uint8Array; readonly isSecret: boolean }

/** Does what was asked; once, however often it is asked under one Idempotency-Key. */
export async function inOneTurn(
  { port, idempotency }: Pick<Desk, 'port' | 'idempotency'>,
  request: FastifyRequest,
  reply: FastifyReply,
  { bytes, isSecret }: Body,
  work: () => Promise<Answer>,
): Promise<FastifyReply> {
  const isDoor = request.routeOptions.config.access === 'door'
  const scope = request.caller?.login ?? (isDoor ? request.caller?.id : undefined)
  const key = request.headers['idempotency-key']
  if (scope === undefined || key === undefined) return send(reply, await work())
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    return sendProblem(reply, problem('malformed', 'Idempotency-Key is 1 to 255 visible ASCII characters.'))
  const digest = base64url.encode(sha256(utf8.encode(`${request.method} ${request.url}\n`), bytes))
  const turn = await idempotency.once({ caller: scope, key, digest, isSecret }, port.clock(), work)
  return turn.kind === 'answer' ? send(reply, turn.answer) : sendProblem(reply, refuseTurn(turn.kind))
}

async function answer<B extends z.ZodType, P extends z.ZodType, R extends z.ZodType>(
  route: Act<B, P, R>,
  request: FastifyRequest,
  reply: FastifyReply,
  port: Port,
): Promise<Answer> {
  const caller = request.caller ?? nobody
  const { body, params } = request as { body: z.output<B>; params: z.output<P> }
  const asked = { body, params, caller, personal: personalOf(request), at: port.clock(), request, reply }
  const asking = await route.ask(asked)
  // Whoever is not welcome any more learns nothing else, either.
  if (asking instanceof Problem)
    return spell((caller.login === undefined ? undefined : judgeLogin(caller, port)) ?? asking)
  const { perform, result, facts } = asking
  const recorded = typeof perform === 'function' ? await perform() : await handle(perform, port)
  if (isRefusal(recorded)) {
    port.noise.count(recorded.refused)
    return spell(problemOfRefusal(recorded, caller.login !== undefined))
  }
  if (recorded.decision.outcome === 'refused')
    return spell(problemOfDecision(recorded, port.ledger.policies, facts?.(recorded)))
  const told = await result(recorded)
  if (told instanceof Problem) return spell(told)
  const status = recorded.decision.outcome === 'waiting' ? 202 : (route.status ?? 200)
  return { status, text: reply.serializeInput(formatReceipt(recorded, told), String(status)) as string }
}

/** Stands where a route for `anyone` has no caller yet; its own command names who it is. */
const nobody: Caller = { id: 'system:http', kind: 'system' }

export function spell({ body }: Problem): Answer {
  return { status: body.status, text: JSON.stringify(body) }
}

function send(reply: FastifyReply, { status, text }: Answer): FastifyReply {
  void reply.header('cache-control', 'no-store')
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="countersign"')
  const type = status < 400 ? 'application/json; charset=utf-8' : 'application/problem+json; charset=utf-8'
  return reply
    .code(status)
    .type(type)
    .send(text as never)
}

function refuseTurn(kind: 'mismatch' | 'forgotten'): Problem {
  if (kind === 'mismatch')
    return problem('idempotency_mismatch', 'This Idempotency-Key was used for another request; make a new one.')
  return problem('conflict', 'This request was answered before. The answer held a secret, and is not kept.')
}

/** A git door is known only once its signature over the body was verified: before the body is looked into. */
export function authenticateDoor(request: FastifyRequest, port: Port): Problem | undefined {
  const caller = doorOf(request, port)
  if (caller instanceof Problem) return caller
  request.caller = caller
  return undefined
}

export const problemResponse = {
  description: 'Anything else: a problem (RFC 9457).',
  content: { 'application/problem+json': { schema: problemShape } },
}

export function securityOf(access: Access): { readonly [name: string]: string[] }[] {
  if (access === 'anyone') return []
  return access === 'door' ? [{ door: [] }] : [{ bearer: [] }, { cookie: [] }]
}

export function tagOf(url: string): string {
  return /^\/api\/v1\/([a-z]+)/.exec(url)?.[1] ?? 'server'
}
