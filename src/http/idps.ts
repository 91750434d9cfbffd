/** The identity providers that people sign in at, and whose account there is whose. */

import * as z from '../bytes/schema.ts'
import { freshNonce } from '../control/fresh.ts'
import { isSafeAddress } from '../control/foreign.ts'
import * as f from '../domain/field.ts'
import { byName, nameAt, type Idp } from '../domain/idp.ts'
import type { State } from '../domain/state.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { redirectUriOf } from './idp-login.ts'
import { findPerson } from './people.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'
import { read } from './read.ts'

const visible = (length: number) => z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${length}}$`))

const body = z.strictObject({
  idp: f.role.describe('A short name of your own, shown at the sign-in.'),
  issuer: f.url,
  clientId: visible(256),
  clientSecret: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('Kept encrypted beside the log; left out for a public client.'),
  scopes: z.array(visible(64)).min(1).max(16).default(['openid']),
  subjectClaim: visible(64)
    .default('sub')
    .describe('The claim of the ID token that names a person for good, such as `oid` at Microsoft Entra ID.'),
})
const trusted = z.object({ redirectUri: z.string(), backchannelLogoutUri: z.string() })
const provider = z.object({ idp: z.string(), issuer: z.string() })
const byIdp = z.object({ idp: f.role })

export function idps(desk: Desk): void {
  providers(desk)
  identities(desk)
}

function providers(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/idps',
    summary: 'Identity providers that people sign in at',
    access: 'anyone',
    answer: z.object({ idps: z.array(provider) }),
    look: () => ({
      idps: [...port.ledger.state.idps.values()].map(({ idp: name, issuer }) => ({ idp: name, issuer })),
    }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/idps',
    summary: 'Trusts an identity provider: people whose accounts there are linked sign in with them',
    body,
    result: trusted,
    status: 201,
    ask: ({ body: { clientSecret, ...told }, caller, personal }) => {
      if (!told.scopes.includes('openid')) return problem('malformed', 'body.scopes: openid is missing')
      if (!isSafeAddress(told.issuer)) return problem('malformed', 'body.issuer: only https is accepted')
      const isConfidential = clientSecret !== undefined
      return {
        perform: { command: { type: 'trust idp', ...told, isConfidential, salt: freshNonce() }, caller, personal },
        result: () => keepSecret(told.idp, clientSecret, port),
      }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/idps/:idp',
    summary: 'Removes an identity provider; every login that rests on it ends',
    params: byIdp,
    result: nothing,
    ask: ({ params, caller, personal }) => ({
      perform: { command: { type: 'remove idp', idp: params.idp }, caller, personal },
      result: async () => {
        await port.providers.secrets.forget(`idp-${params.idp}`)
        return {}
      },
    }),
  })
}

/** Only once it is decided: a crash in between leaves a provider that says its secret is missing. */
async function keepSecret(idp: string, secret: string | undefined, { providers: { secrets }, config }: Port) {
  const name = `idp-${idp}`
  await (secret === undefined ? secrets.forget(name) : secrets.keep(name, secret))
  return { redirectUri: redirectUriOf({ config }), backchannelLogoutUri: `${config.publicUrl}/api/v1/idps/logout` }
}

function identities(desk: Desk): void {
  const { port } = desk
  const byPerson = z.object({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') })
  act(desk, {
    method: 'POST',
    url: '/api/v1/people/:id/identities',
    summary: 'Links a person with their account at an identity provider',
    params: byPerson,
    body: z.strictObject({
      idp: f.role,
      subject: z
        .string()
        .regex(/^[\x20-\x7e]{1,255}$/)
        .describe('What the provider calls them for good, character by character.'),
    }),
    result: nothing,
    status: 201,
    ask: ({ params, body: { idp: name, subject }, caller, personal }) => {
      const [person, at] = [findPerson(params.id, port), findIdp(name, port)]
      if (typeof person !== 'string') return person
      if (!('issuer' in at)) return at
      const command = {
        type: 'link identity',
        person,
        issuer: at.issuer,
        subject: nameAt(at, 'subject', subject),
      } as const
      return { perform: { command, caller, personal }, result: () => ({}) }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/people/:id/identities/:idp',
    summary: 'Unlinks a person from their account; logins that rest on it end',
    params: byPerson.extend({ idp: f.role }),
    result: nothing,
    ask: ({ params, caller, personal }) => {
      const [person, at] = [findPerson(params.id, port), findIdp(params.idp, port)]
      if (typeof person !== 'string') return person
      if (!('issuer' in at)) return at
      return {
        perform: { command: { type: 'remove identity', person, issuer: at.issuer }, caller, personal },
        result: () => ({}),
      }
    },
  })
}

function findIdp(name: string, { ledger }: Port): Idp | Problem {
  return (
    byName(name, ledger.state as State) ??
    problem('not_found', 'No identity provider of that name is trusted.', { next: 'countersign idp list' })
  )
}
