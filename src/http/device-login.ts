/**
 * A command line without a browser (after RFC 8628): it shows a code, and a person who types that code where they are signs with a
 * passkey for it. Only the program that asked, with the verifier of its challenge, gets the login; whoever sends a code to others gets
 * a page that says who asks and from where.
 */

import { createHash, randomInt } from 'node:crypto'
import { canonical, type Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { digestOf, equal } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { freshBearer, freshId, freshNonce } from '../control/fresh.ts'
import { parseClientData } from '../evidence/passkey-data.ts'
import { assertionResponse } from '../evidence/passkey.ts'
import { attempt } from '../evidence/refusal.ts'
import { act, problemResponse, type Asked, type Asking, type Desk } from './act.ts'
import { formatInstant, instant, nothing } from './field.ts'
import { addressKey, Limit } from './limit.ts'
import { opened, PERSON_LOGIN_MS } from './opened.ts'
import type { Port } from './port.ts'
import { Problem, problem, sendProblem } from './problem.ts'
import { read } from './read.ts'
import { formatReceipt, receiptOf } from './receipt.ts'

const LIFETIME_MS = 10 * 60_000
const INTERVAL_MS = 2_000
const MAX_PENDING = 1_000
/** RFC 8628, section 6.1: no vowels, so that no words come out. Eight of them are 34 bits, and guesses are few. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'
const GUESSES = { burst: 20, perSecond: 0.2 }

const userCode = z.string().regex(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
/** Visible ASCII: what another program says of itself is shown to people. */
const told = z.string().regex(/^[\x20-\x7e]{1,100}$/)
const asking = z.strictObject({
  challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'SHA-256 of the verifier in base64url'),
  host: told,
  program: told,
})
const shownCode = z.object({
  device: z.string(),
  userCode: z.string(),
  page: z.string(),
  expiresAt: instant,
  intervalSeconds: z.int(),
})
const poll = z.strictObject({
  device: z.string().max(64),
  verifier: z.string().regex(/^[A-Za-z0-9._~-]{43,128}$/),
})
const described = z.object({
  ...{ ip: z.string(), host: z.string(), program: z.string(), askedAt: instant },
  ...{ challenge: z.string(), rpId: z.string() },
})

type Pending = z.output<typeof asking> & {
  readonly device: string
  readonly ip: string
  readonly askedAt: number
  readonly until: number
  /** What the passkey is to sign, for this request and no other. */
  readonly nonce: string
  polledAt: number
  /** The receipt with the token: handed over once. */
  receipt?: object
}

/** By the code that people type; in memory alone, and gone after ten minutes. */
export class Devices {
  readonly #pending = new Map<string, Pending>()
  readonly guesses = new Limit(GUESSES)

  add(
    asked: z.output<typeof asking>,
    ip: string,
    at: number,
  ): { readonly code: string; readonly is: Pending } | undefined {
    for (const [code, { until }] of this.#pending)
      if (until <= at) this.#pending.delete(code)
      else break
    if (this.#pending.size >= MAX_PENDING) return undefined
    const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
    const code = `${letters.slice(0, 4)}-${letters.slice(4)}`
    const times = { askedAt: at, until: at + LIFETIME_MS, polledAt: 0 }
    const is = { ...asked, ip, device: freshNonce(), nonce: freshNonce(), ...times }
    this.#pending.set(code, is)
    return { code, is }
  }

  /** One that nobody confirmed yet. */
  find(code: string, at: number): Pending | undefined {
    const found = this.#pending.get(code)
    return found && found.until > at && !found.receipt ? found : undefined
  }

  byDevice(device: string, at: number): Pending | undefined {
    return [...this.#pending.values()].find((one) => one.device === device && one.until > at)
  }

  drop({ device }: Pending): void {
    for (const [code, one] of this.#pending) if (one.device === device) this.#pending.delete(code)
  }
}

export function deviceLogins(desk: Desk): void {
  const devices = new Devices()
  begin(desk, devices)
  confirm(desk, devices)
  handOver(desk, devices)
}

function begin({ app, port }: Desk, devices: Devices): void {
  read(
    { app, port },
    {
      url: '/api/v1/logins/devices',
      summary:
        'A code that a person confirms elsewhere, for a command line without a browser; changes nothing until then',
      access: 'anyone',
      query: asking,
      answer: shownCode,
      look: ({ query, request }) => {
        const added = devices.add(query, request.ip, port.clock())
        if (!added) return problem('busy', 'Too many codes are waiting.', { retryAfterSeconds: 30 })
        const { code, is } = added
        return {
          ...{ device: is.device, userCode: code, page: `${port.config.publicUrl}/device` },
          ...{ expiresAt: formatInstant(is.until), intervalSeconds: INTERVAL_MS / 1000 },
        }
      },
    },
  )
}

/** Guesses are counted by address: a code that is not waiting says no more than that. */
function findFor(ip: string, code: string, devices: Devices, port: Port): Pending | Problem {
  const at = port.clock()
  const waitSeconds = devices.guesses.take(addressKey(ip), at)
  if (waitSeconds > 0)
    return problem('too_many', `Too many codes were tried; try again in ${waitSeconds} s.`, {
      retryAfterSeconds: waitSeconds,
    })
  const found = devices.find(code, at)
  if (found) return found
  port.noise.count('code_unknown')
  return problem(
    'not_found',
    'No command line waits for this code: it was used, is over ten minutes old, or is mistyped.',
  )
}

function confirm(desk: Desk, devices: Devices): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/logins/devices/:code',
    summary: 'Which program waits for this code, and from where it asks',
    access: 'anyone',
    params: z.object({ code: userCode }),
    answer: described,
    look: ({ params, request }) => {
      const found = findFor(request.ip, params.code, devices, port)
      if (found instanceof Problem) return found
      const { ip, host, program, askedAt, nonce } = found
      return { ip, host, program, askedAt: formatInstant(askedAt), challenge: nonce, rpId: port.ledger.state.log!.rpId }
    },
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/logins/devices/:code/confirmation',
    summary: 'Opens a login for the program that waits for this code, with a passkey',
    access: 'anyone',
    params: z.object({ code: userCode }),
    body: z.strictObject({ assertion: assertionResponse }),
    result: nothing,
    status: 201,
    ask: (asked) => open(asked, devices, port),
  })
}

type Confirmation = { readonly assertion: z.output<typeof assertionResponse> }

function open(
  { at, body: { assertion }, params, personal, request }: Asked<Confirmation, { readonly code: string }>,
  devices: Devices,
  port: Port,
): Asking<Record<string, never>> | Problem {
  const pending = findFor(request.ip, params.code, devices, port)
  if (pending instanceof Problem) return pending
  const person = port.ledger.state.passkeys.get(assertion.id)?.person
  const signed = attempt(() => parseClientData(base64url.decode(assertion.response.clientDataJSON)))?.challenge
  if (!person || signed !== pending.nonce) {
    port.noise.count('challenge_unknown')
    return new Problem('challenge_unknown', 'This passkey is not known here, or signed something else.', {
      status: 401,
    })
  }
  const { token, digest } = freshBearer()
  const login = freshId('login')
  const expiresAt = at + PERSON_LOGIN_MS
  return {
    perform: {
      command: { type: 'open login', login, bearerDigest: digest, expiresAt, challenge: pending.nonce },
      caller: { id: person, kind: 'person' },
      exhibits: [{ kind: 'passkey-assertion', bytes: utf8.encode(canonical(assertion as Json)) }],
      // The login is used from where the program is; who confirmed it may be elsewhere.
      personal: {
        ...personal,
        ip: pending.ip,
        userAgent: `${pending.program} on ${pending.host}`,
        confirmedFrom: personal['ip'],
      },
    },
    result: (recorded) => {
      const result = { login, token, expiresAt: formatInstant(expiresAt), who: port.views.who(person) }
      pending.receipt = formatReceipt(recorded, result)
      return {}
    },
  }
}

function handOver({ app, port }: Desk, devices: Devices): void {
  app.post(
    '/api/v1/logins/devices/polls',
    {
      schema: {
        summary: 'The login, once somebody confirmed its code; once, and only to the program that asked',
        tags: ['logins'],
        security: [],
        body: poll,
        response: { 200: receiptOf(opened), default: problemResponse },
      },
      config: { access: 'anyone' },
    },
    async ({ body }, reply) => {
      const at = port.clock()
      const found = devices.byDevice(body.device, at)
      const proven = base64url.encode(createHash('sha256').update(body.verifier).digest())
      const isOurs =
        found && equal(utf8.encode(digestOf(utf8.encode(proven))), utf8.encode(digestOf(utf8.encode(found.challenge))))
      void reply.header('cache-control', 'no-store')
      if (!isOurs) return sendProblem(reply, expired()) as never
      if (!found.receipt)
        return sendProblem(reply, found.polledAt + INTERVAL_MS / 2 > at ? slower() : later(found, at)) as never
      devices.drop(found)
      return reply.code(200).send(found.receipt as never)
    },
  )
}

function expired(): Problem {
  return new Problem('expired_token', 'This code was used, or is over ten minutes old.', {
    status: 400,
    next: 'countersign login --device',
  })
}

function later(found: Pending, at: number): Problem {
  found.polledAt = at
  return new Problem('authorization_pending', 'Nobody confirmed the code yet.', { status: 400 })
}

function slower(): Problem {
  return new Problem('slow_down', 'Ask less often.', { status: 400 })
}
