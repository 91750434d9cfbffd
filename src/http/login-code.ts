/**
 * From the browser to the command line (RFC 8252, RFC 7636): a signed-in person hands on a code, and whoever made the
 * challenge exchanges it for a login of its own. A code alone is worth nothing, and so it is no leaf; the exchange is.
 */

import { createHash } from 'node:crypto'
import * as z from '../bytes/schema.ts'
import { digestOf, equal } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { freshBearer, freshId, freshNonce } from '../control/fresh.ts'
import type { Caller } from '../domain/leaf.ts'
import type { LoginEvent } from '../domain/login.ts'
import type { Asked, Asking, Desk } from './act.ts'
import { problemResponse, securityOf } from './act.ts'
import { judgeLogin } from './caller.ts'
import { formatInstant } from './field.ts'
import { PERSON_LOGIN_MS, type Opened } from './opened.ts'
import type { Port } from './port.ts'
import { Problem, problem, sendProblem } from './problem.ts'

const LIFETIME_MS = 2 * 60_000
const MAX_CODES = 1_000

export const codeBody = z.strictObject({
  method: z.literal('code'),
  code: z.string().min(16).max(128),
  verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/, 'RFC 7636: 43 to 128 unreserved characters'),
})

const handOver = z.strictObject({
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'SHA-256 of the verifier in base64url'),
  redirectPort: z.int().min(1024).max(65_535),
  state: z.string().regex(/^[A-Za-z0-9_-]{16,128}$/),
})

type Handed = { readonly caller: Caller; readonly challenge: string; readonly until: number }

/** Codes by their digest, a thousand at most. */
export class Codes {
  readonly #handed = new Map<string, Handed>()

  add(caller: Caller, challenge: string, at: number): string | undefined {
    for (const [digest, { until }] of this.#handed) if (until <= at) this.#handed.delete(digest)
    if (this.#handed.size >= MAX_CODES) return undefined
    const code = freshNonce()
    this.#handed.set(digestOf(utf8.encode(code)), { caller, challenge, until: at + LIFETIME_MS })
    return code
  }

  /** Once, whether the verifier fits or not: there is no second guess. */
  take(code: string, verifier: string, at: number): Caller | undefined {
    const digest = digestOf(utf8.encode(code))
    const handed = this.#handed.get(digest)
    this.#handed.delete(digest)
    if (!handed || handed.until <= at) return undefined
    const proven = base64url.encode(createHash('sha256').update(verifier).digest())
    return equal(utf8.encode(proven), utf8.encode(handed.challenge)) ? handed.caller : undefined
  }
}

export function loginCodes({ app, port }: Desk, codes: Codes): void {
  app.post(
    '/api/v1/logins/codes',
    {
      schema: {
        summary: 'A code for the command line, handed over by the browser; changes nothing until it is exchanged',
        tags: ['logins'],
        security: securityOf('login'),
        body: handOver,
        response: { 200: z.object({ code: z.string(), redirect: z.string() }), default: problemResponse },
      },
    },
    async (request, reply) => {
      const caller = request.caller!
      const refused = judgeLogin(caller, port) ?? (caller.kind === 'person' ? undefined : onlyPeople())
      if (refused) return sendProblem(reply, refused) as never
      const { challenge, redirectPort, state } = request.body
      const code = codes.add(caller, challenge, port.clock())
      if (code === undefined)
        return sendProblem(reply, problem('busy', 'Too many codes are waiting.', { retryAfterSeconds: 30 })) as never
      const query = new URLSearchParams({ code, state })
      return reply
        .header('cache-control', 'no-store')
        .code(200)
        .send({ code, redirect: `http://127.0.0.1:${redirectPort}/callback?${query}` })
    },
  )
}

function onlyPeople(): Problem {
  return new Problem('wrong_principal', 'Only a person hands a login on.')
}

export function askByCode(
  { at, personal }: Asked<unknown, unknown>,
  { code, verifier }: z.output<typeof codeBody>,
  codes: Codes,
  port: Port,
): Asking<Opened> | Problem {
  const caller = codes.take(code, verifier, at)
  if (!caller) {
    port.noise.count('code_unknown')
    const detail = 'This code is unknown, was used already, is over two minutes old, or was made for another program.'
    return new Problem('code_unknown', detail, { status: 401, next: 'countersign login' })
  }
  const { token, digest } = freshBearer()
  const login = freshId('login')
  const expiresAt = at + PERSON_LOGIN_MS
  return {
    perform: { command: { type: 'lend login', login, bearerDigest: digest, expiresAt }, caller, personal },
    result: ({ leaf }) => {
      const until = (leaf.event as Extract<LoginEvent, { type: 'login.opened' }>).expiresAt
      return { login, token, expiresAt: formatInstant(until), who: port.views.who(caller.id) }
    },
  }
}
