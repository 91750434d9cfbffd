/** Signing in and out: with a passkey, with the token of a CI job, or with a code that a signed-in browser handed on. */

import * as z from '../bytes/schema.ts'
import { canonical, type Json } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { freshBearer, freshId, freshNonce } from '../control/fresh.ts'
import type { Request } from '../control/handle.ts'
import * as question from '../domain/question.ts'
import { rolesOf } from '../domain/principal.ts'
import type { State } from '../domain/state.ts'
import { attempt } from '../evidence/refusal.ts'
import { parseClientData } from '../evidence/passkey-data.ts'
import { base64url } from '../bytes/text.ts'
import { act, type Asked, type Asking, type Desk } from './act.ts'
import { clearLoginCookie, setLoginCookie } from './cookie.ts'
import { formatInstant, instant, nothing } from './field.ts'
import { askAsJob, jobBody } from './job-login.ts'
import { askByCode, codeBody, type Codes } from './login-code.ts'
import type { Port } from './port.ts'
import { problem, Problem } from './problem.ts'
import { read } from './read.ts'
import { who as whoShape } from '../control/view/shape.ts'
import { assertionResponse } from '../evidence/passkey.ts'

const CHALLENGE_LIFETIME_MS = 5 * 60_000
export const PERSON_LOGIN_MS = 12 * 3_600_000

const passkeyBody = z.strictObject({
  method: z.literal('passkey'),
  assertion: assertionResponse,
  cookie: z.boolean().optional().describe('Set the login as a cookie, and do not show its token.'),
})
const body = z.discriminatedUnion('method', [passkeyBody, jobBody, codeBody])

const opened = z.object({
  login: z.string(),
  token: z.string().optional().describe('Shown once; absent where it was set as a cookie.'),
  expiresAt: instant,
  who: whoShape,
})
export type Opened = z.input<typeof opened>

const current = z.object({
  login: z.string(),
  who: whoShape,
  openedAt: instant,
  expiresAt: instant,
  roles: z.array(z.string()),
  method: z.enum(['passkey', 'job', 'code']),
  can: z.object({ administer: z.boolean(), approve: z.boolean() }),
})

export function logins(desk: Desk, codes: Codes): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/logins/challenge',
    summary: 'A challenge for a passkey, good once within five minutes',
    access: 'anyone',
    answer: z.object({ challenge: z.string(), rpId: z.string(), expiresAt: instant }),
    look: () => freshChallenge(port),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/logins',
    summary: 'Signs in',
    access: 'anyone',
    body,
    result: opened,
    status: 201,
    isSecret: true,
    ask: (asked) => {
      if (asked.body.method === 'passkey') return askByPasskey(asked, asked.body, port)
      return asked.body.method === 'job' ? askAsJob(asked, asked.body, port) : askByCode(asked, asked.body, codes, port)
    },
  })
  read(desk, {
    url: '/api/v1/logins/current',
    summary: 'Whoever asks, and what they may do',
    answer: current,
    isOpenToRead: true,
    look: ({ caller }) => describeLogin(caller?.login ?? '', port),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/logins/current',
    summary: 'Signs out; what a job holds ends with its login',
    result: nothing,
    ask: ({ caller, personal, reply }) => {
      clearLoginCookie(reply, port.config)
      const command = { type: 'end login', login: caller.login as `login:${string}` } as const
      return { perform: { command, caller, personal }, result: () => ({}) }
    },
  })
}

/** `what` becomes part of nothing: a challenge stands for one ceremony, whoever carries it out. */
export function freshChallenge({ challenges, clock, ledger }: Port) {
  const challenge = freshNonce()
  const expiresAt = clock() + CHALLENGE_LIFETIME_MS
  if (!challenges.add(challenge, expiresAt, clock()))
    return problem('busy', 'Too many people are signing in at once; try again shortly.', { retryAfterSeconds: 10 })
  return { challenge, rpId: ledger.state.log!.rpId, expiresAt: formatInstant(expiresAt) }
}

/** The challenge that the browser signed, taken: nobody can use it again. */
export function takeChallenge(clientDataJson: string, { challenges, clock, noise }: Port): string | Problem {
  const said = attempt(() => parseClientData(base64url.decode(clientDataJson)))
  if (said && challenges.take(said.challenge, clock())) return said.challenge
  noise.count('challenge_unknown')
  const detail =
    'The passkey signed a challenge that was not given out here, was used already, or is over five minutes old.'
  return new Problem('challenge_unknown', detail, { status: 401, next: 'Try again with a fresh challenge.' })
}

type ByPasskey = z.output<typeof passkeyBody>

function askByPasskey(
  { at, personal, request, reply }: Asked<unknown, unknown>,
  { assertion, cookie }: ByPasskey,
  port: Port,
): Asking<Opened> | Problem {
  const challenge = takeChallenge(assertion.response.clientDataJSON, port)
  if (challenge instanceof Problem) return challenge
  const person = port.ledger.state.passkeys.get(assertion.id)?.person
  if (!person) {
    port.noise.count('passkey_unknown')
    return new Problem('passkey_unknown', 'This passkey is not enrolled here.', { status: 401 })
  }
  const { token, digest } = freshBearer()
  const login = freshId('login')
  const expiresAt = at + PERSON_LOGIN_MS
  const asCookie = cookie === true || (request.headers.accept ?? '').includes('text/html')
  const perform: Request = {
    command: { type: 'open login', login, bearerDigest: digest, expiresAt, challenge },
    caller: { id: person, kind: 'person' },
    exhibits: [{ kind: 'passkey-assertion', bytes: utf8.encode(canonical(assertion as Json)) }],
    personal,
  }
  return {
    perform,
    result: () => {
      if (asCookie) setLoginCookie(reply, token, expiresAt, port.config)
      return { login, ...(!asCookie && { token }), expiresAt: formatInstant(expiresAt), who: port.views.who(person) }
    },
  }
}

function describeLogin(id: string, { ledger, clock, views }: Port): z.input<typeof current> | Problem {
  const state = ledger.state as State
  const at = clock()
  const login = state.logins.get(id)
  if (!login) return problem('sign_in_needed', 'Sign in first.', { next: 'countersign login' })
  const person = state.people.get(login.principal)
  const roles = person ? rolesOf(person, at) : []
  const who = question.callerEntity(login, state, at)
  // Freshness is asked for when it comes to it; this says what somebody could do after signing in again.
  const asked = { loginAgeSeconds: 0, isSelf: false }
  const administer =
    person !== undefined && question.ask(ledger.policies, who, 'invitePerson', [question.instance], asked).isAllowed
  const approve = [...state.environments.values()].some(({ approverRole }) => roles.includes(approverRole))
  return {
    login: login.id,
    who: views.who(login.principal),
    openedAt: formatInstant(login.openedAt),
    expiresAt: formatInstant(login.expiresAt),
    roles,
    method: login.method,
    can: { administer, approve },
  }
}
