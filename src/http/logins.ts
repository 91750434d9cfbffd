/** Signing in and out: with a passkey, with the token of a CI job, or with a code that a signed-in browser handed on. */

import * as z from '../bytes/schema.ts'
import { who as whoShape } from '../control/view/shape.ts'
import { rolesOf } from '../domain/role.ts'
import { networksGiven } from '../control/given.ts'
import * as question from '../domain/question.ts'
import type { State } from '../domain/state.ts'
import { act, type Desk } from './act.ts'
import { freshChallenge } from './challenge.ts'
import { clearLoginCookie } from './cookie.ts'
import { formatInstant, instant, nothing } from './field.ts'
import { askByIdp, idpBody } from './idp-login.ts'
import { askAsJob, jobBody } from './job-login.ts'
import { askByCode, codeBody, type Codes } from './login-code.ts'
import { opened } from './opened.ts'
import { askByPasskey, passkeyBody } from './passkey-login.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'
import { read } from './read.ts'

const body = z.discriminatedUnion('method', [passkeyBody, jobBody, codeBody, idpBody])

const current = z.object({
  login: z.string(),
  who: whoShape,
  openedAt: instant,
  expiresAt: instant,
  roles: z.array(z.string()),
  method: z.enum(['passkey', 'job', 'code', 'oidc']),
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
      if (asked.body.method === 'idp') return askByIdp(asked, asked.body, port)
      if (asked.body.method === 'passkey') return askByPasskey(asked, asked.body, port)
      return asked.body.method === 'job' ? askAsJob(asked, asked.body, port) : askByCode(asked, asked.body, codes, port)
    },
  })
  read(desk, {
    url: '/api/v1/logins/current',
    summary: 'Whoever asks, and what they may do',
    answer: current,
    isOpenToRead: true,
    look: ({ caller, request }) => describeLogin(caller?.login ?? '', request.ip, port),
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

function describeLogin(id: string, ip: string, { ledger, clock, views }: Port): z.input<typeof current> | Problem {
  const state = ledger.state as State
  const at = clock()
  const login = state.logins.get(id)
  if (!login) return problem('sign_in_needed', 'Sign in first.', { next: 'countersign login' })
  const person = state.people.get(login.principal)
  const rolesIn = (...scopes: string[]) => (person ? rolesOf(person, state, at, scopes) : [])
  const roles = rolesIn()
  const who = question.callerEntity(
    login,
    state,
    at,
    networksGiven({ kind: login.job ? 'job' : 'person' }, { ip }, state),
  )
  // Freshness is asked for when it comes to it; this says what somebody could do after signing in again.
  const asked = { loginAgeSeconds: 0, isSelf: false }
  const administer =
    person !== undefined && question.ask(ledger.policies, who, 'invitePerson', [question.instance], asked).isAllowed
  const approve = [...state.environments.values()].some(({ environment, approverRole }) =>
    rolesIn(`environment:${environment}`).includes(approverRole),
  )
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
