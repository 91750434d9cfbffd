/**
 * A person signs in at their identity provider. The browser that began is the only one that can finish (a cookie that no script
 * reads), it comes back to a page of ours and to a path of ours, and what it brings back is worth nothing without our own secrets.
 */

import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import * as shape from '../control/view/shape.ts'
import { freshBearer, freshId } from '../control/fresh.ts'
import { systemCaller, type Exhibit } from '../control/handle.ts'
import type { Returned } from '../control/provider.ts'
import * as f from '../domain/field.ts'
import { byName } from '../domain/idp.ts'
import type { State } from '../domain/state.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { act, problemResponse, type Asked, type Asking, type Desk } from './act.ts'
import type { FastifyReply, FastifyRequest } from './app.ts'
import { setLoginCookie } from './cookie.ts'
import { formatInstant } from './field.ts'
import { PERSON_LOGIN_MS, type Opened } from './opened.ts'
import type { Config, Port } from './port.ts'
import { Problem, problem, problemOfRefusal, sendProblem } from './problem.ts'

const COOKIE = 'countersign_idp'
const LIFETIME_S = 600
const token = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

/** A path of ours: nothing that a browser could read as another host. */
const ownPath = z
  .string()
  .max(512)
  .regex(/^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%?/-]*)?$/)

const begin = z.strictObject({
  idp: f.role,
  returnTo: ownPath.default('/'),
  enrolmentToken: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,256}$/)
    .optional()
    .describe('To enrol with this account.'),
})

const back = {
  state: token,
  code: z.string().regex(/^[\x20-\x7e]{1,2048}$/),
  iss: z.string().max(512).optional().describe('RFC 9207; as it came.'),
}
export const idpBody = z.strictObject({ method: z.literal('idp'), ...back })
const enrolled = z.object({ person: z.string(), who: shape.who })

export function redirectUriOf({ config }: Pick<Port, 'config'>): string {
  return `${config.publicUrl}/signed-in`
}

export function idpLogins(desk: Desk): void {
  const { app, port } = desk
  app.post(
    '/api/v1/logins/idp',
    {
      schema: {
        summary: 'Begins a sign-in at an identity provider; changes nothing until the browser comes back',
        tags: ['logins'],
        security: [],
        body: begin,
        response: { 200: z.object({ redirect: z.string() }), default: problemResponse },
      },
      config: { access: 'anyone' },
    },
    async (request, reply) => {
      const begun = await beginAt(request.body, port)
      if (begun instanceof Problem) return sendProblem(reply, begun) as never
      void reply.setCookie(COOKIE, begun.binder, { ...attributes(port.config), maxAge: LIFETIME_S })
      return reply.header('cache-control', 'no-store').code(200).send({ redirect: begun.address })
    },
  )
  act(desk, {
    method: 'POST',
    url: '/api/v1/enrolments/idp',
    summary: 'Enrols by an invitation and the account that its holder signed in with',
    access: 'anyone',
    body: z.strictObject(back),
    result: enrolled,
    status: 201,
    ask: (asked) => enrol(asked, port),
  })
}

function attributes({ publicUrl }: Config) {
  return { path: '/api/v1', httpOnly: true, sameSite: 'strict', secure: publicUrl.startsWith('https:') } as const
}

async function beginAt({ idp: name, returnTo, enrolmentToken }: z.output<typeof begin>, port: Port) {
  const idp = byName(name, port.ledger.state as State)
  if (!idp) return problem('not_found', 'No identity provider of that name is trusted.')
  const invite = enrolmentToken === undefined ? undefined : digestOf(utf8.encode(enrolmentToken))
  if (invite !== undefined && !port.ledger.state.invitations.has(invite)) {
    port.noise.count('no_such_invitation')
    return problem('not_found', 'This enrolment link is unknown, was used already, or has expired.')
  }
  const errand = { returnTo, ...(invite !== undefined && { inviteDigest: invite }) }
  const begun = await port.providers.begin(idp, redirectUriOf(port), errand)
  return isRefusal(begun) ? unverified(begun, port) : begun
}

type Back = { readonly state: string; readonly code: string; readonly iss?: string | undefined }

async function finish(
  { state, code, iss }: Back,
  request: FastifyRequest,
  reply: FastifyReply,
  port: Port,
): Promise<Returned | Problem> {
  const binder = request.cookies[COOKIE] ?? ''
  void reply.clearCookie(COOKIE, attributes(port.config))
  const returned = await port.providers.finish(
    { state, code, iss },
    binder,
    redirectUriOf(port),
    port.ledger.state.idps,
  )
  return isRefusal(returned) ? unverified(returned, port) : returned
}

function unverified(refusal: Parameters<typeof problemOfRefusal>[0], { noise }: Port): Problem {
  noise.count(refusal.refused)
  return problemOfRefusal(refusal, false)
}

function exhibitsOf({ idToken, keys }: Returned): Exhibit[] {
  return [
    { kind: 'id-token', bytes: idToken },
    { kind: 'idp-keys', bytes: keys },
  ]
}

export async function askByIdp(
  { at, personal, request, reply }: Asked<unknown, unknown>,
  sent: z.output<typeof idpBody>,
  port: Port,
): Promise<Asking<Opened> | Problem> {
  const returned = await finish(sent, request, reply, port)
  if (returned instanceof Problem) return returned
  const { issuer, nonce, errand } = returned
  if (errand.inviteDigest !== undefined)
    return problem('conflict', 'This sign-in was begun to enrol; open the enrolment link again.')
  const { token: bearer, digest } = freshBearer()
  const login = freshId('login')
  const expiresAt = at + PERSON_LOGIN_MS
  return {
    perform: {
      command: { type: 'open idp login', login, bearerDigest: digest, expiresAt, issuer, nonce },
      caller: { id: 'system:idp', kind: 'person' },
      exhibits: exhibitsOf(returned),
      personal,
    },
    result: ({ leaf }) => {
      // Always a new login, and never one that the browser brought along.
      setLoginCookie(reply, bearer, expiresAt, port.config)
      const who = port.views.who((leaf.event as { readonly principal: string }).principal)
      return { login, expiresAt: formatInstant(expiresAt), who, returnTo: errand.returnTo }
    },
  }
}

async function enrol(
  { body, personal, request, reply }: Asked<Back, unknown>,
  port: Port,
): Promise<Asking<z.input<typeof enrolled>> | Problem> {
  const returned = await finish(body, request, reply, port)
  if (returned instanceof Problem) return returned
  const { issuer, nonce, errand } = returned
  if (errand.inviteDigest === undefined) return problem('conflict', 'This sign-in was not begun by an enrolment link.')
  const inviteDigest = errand.inviteDigest as f.Digest
  return {
    perform: {
      command: { type: 'accept identity', inviteDigest, issuer, nonce },
      caller: systemCaller('enrolment'),
      exhibits: exhibitsOf(returned),
      personal,
    },
    result: ({ leaf }) => {
      const { person } = leaf.event as { readonly person: string }
      return { person, who: port.views.who(person) }
    },
  }
}
