/**
 * Everything that goes wrong, told as `application/problem+json` (RFC 9457): a code for programs, one sentence and the next
 * step for people. Never a stack, never a path of this machine.
 */

import type { FastifyReply } from 'fastify'
import { adviceOf, isReason, type Reason } from '../domain/reason.ts'
import type { Refusal } from '../evidence/refusal.ts'
import type { QueryProblem } from '../match/query.ts'
import * as z from '../bytes/schema.ts'

const codes = {
  malformed: [400, 'The request is not well formed'],
  sign_in_needed: [401, 'Sign in first'],
  login_expired: [401, 'This login has expired'],
  proof_needed: [401, 'Prove that the key is yours'],
  proof_refused: [401, 'This is no proof for this request'],
  login_revoked: [401, 'This login was revoked'],
  cross_site: [403, 'The request comes from another site'],
  not_found: [404, 'There is nothing here'],
  method_not_allowed: [405, 'This cannot be done here'],
  conflict: [409, 'The request does not fit what is there'],
  too_large: [413, 'The request is too large'],
  unsupported_media_type: [415, 'The request is of an unknown type'],
  misdirected: [421, 'This server has another name'],
  idempotency_mismatch: [422, 'This idempotency key was used for another request'],
  too_many: [429, 'Too many requests'],
  failed: [500, 'The server failed'],
  nothing_damaged: [409, 'There is nothing to repair'],
  repair_failed: [502, 'The leaves could not be fetched'],
  mint_failed: [502, 'The credential could not be made'],
  issuer_unreachable: [502, 'The issuer’s keys could not be fetched'],
  log_damaged: [503, 'The log is damaged'],
  witnesses_behind: [503, 'The witnesses have not cosigned yet'],
  log_unwritable: [503, 'The log cannot be written'],
  busy: [503, 'The server is busy'],
  not_built: [503, 'The console is not built'],
} as const satisfies Record<string, readonly [number, string]>

export type ProblemCode = keyof typeof codes

export const problemShape = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('One sentence for people.'),
  code: z.string().describe('For programs; snake_case.'),
  next: z.string().optional().describe('A command or an act that helps.'),
  leafIndex: z.int().optional().describe('Where the refusal stands in the log.'),
  facts: z.record(z.string(), z.unknown()).optional(),
  policies: z.array(z.string()).optional().describe('The policies that determined the answer.'),
  receipt: z.unknown().optional().describe('The receipt of the refusal, with its proof.'),
})

export type ProblemBody = z.infer<typeof problemShape>

type Details = Partial<
  Pick<ProblemBody, 'next' | 'leafIndex' | 'facts' | 'policies' | 'receipt' | 'status' | 'title'>
> & {
  readonly retryAfterSeconds?: number
}

/** An answer that is not what was asked for. A value to return: only bugs are thrown. */
export class Problem {
  readonly body: ProblemBody
  readonly retryAfterSeconds: number | undefined

  constructor(code: string, detail: string, { retryAfterSeconds, ...details }: Details = {}) {
    const [status, title] = Object.hasOwn(codes, code) ? codes[code as ProblemCode] : [403, 'Refused']
    this.body = { type: `https://countersign.dev/errors/${code}`, title, status, detail, code, ...details }
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export function problem(code: ProblemCode, detail: string, details?: Details): Problem {
  return new Problem(code, detail, details)
}

/** Where a query is not understood, and what was probably meant. */
export function problemOfQuery({ at, problem: told, suggestion }: QueryProblem, path = 'query.q'): Problem {
  const facts = { path, at, ...(suggestion && { suggestion }) }
  return problem('malformed', `${path}: at character ${at + 1}: ${told}`, { facts })
}

/** Evidence that did not verify. There is no leaf: nobody is known to have asked. */
export function problemOfRefusal({ refused, because }: Refusal, isKnownCaller: boolean): Problem {
  const advice = isReason(refused) ? adviceOf(refused) : undefined
  const next = advice && 'next' in advice ? { next: advice.next } : {}
  if (MALFORMED.has(refused)) return new Problem(refused, because, { ...next, status: 400, title: codes.malformed[1] })
  if (Object.hasOwn(codes, refused)) return new Problem(refused, because, next)
  return new Problem(refused, because, { ...next, status: isKnownCaller ? 403 : 401 })
}

const MALFORMED = new Set(['malformed', 'provenance_incomplete', 'claims_missing', 'too_large', 'admin_file_unusable'])

/** What a reason of the rules is as a status and code of the API. */
export function statusOf(reason: Reason): { readonly status: number; readonly code: string } {
  switch (reason) {
    case 'login_unknown':
      return { status: 401, code: 'sign_in_needed' }
    case 'login_expired':
      return { status: 401, code: 'login_expired' }
    case 'login_ended':
    case 'principal_revoked':
      return { status: 401, code: 'login_revoked' }
    case 'log_damaged':
      return { status: 503, code: reason }
    default:
      return { status: reason.startsWith('no_such_') ? 404 : 403, code: reason }
  }
}

/** RFC 9449, 7.1: who did not prove a key is told how. */
export function challengeFor(code: string): string {
  if (code === 'proof_needed') return 'DPoP algs="EdDSA ES256"'
  if (code === 'proof_refused') return 'DPoP error="invalid_dpop_proof", algs="EdDSA ES256"'
  return 'Bearer realm="countersign"'
}

export function sendProblem(reply: FastifyReply, { body, retryAfterSeconds }: Problem): FastifyReply {
  if (body.status === 401) void reply.header('www-authenticate', challengeFor(body.code))
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds))
  void reply.header('cache-control', 'no-store')
  // As text, so that no response schema stands between a caller and the reason.
  return reply
    .code(body.status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(body) as never)
}
