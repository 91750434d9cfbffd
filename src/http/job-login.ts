/** A CI job signs in with the token of its run, binds a key of its own to the login, and stays with fresh tokens of the same run. */

import * as z from '../bytes/schema.ts'
import { base64, base64url, utf8 } from '../bytes/text.ts'
import { parse } from '../bytes/json.ts'
import type { Directory } from '../control/directory.ts'
import { freshBearer, freshId } from '../control/fresh.ts'
import * as f from '../domain/field.ts'
import type { Given } from '../domain/leaf.ts'
import type { Issuer } from '../domain/issuer.ts'
import type { LoginEvent } from '../domain/login.ts'
import { peekIssuer } from '../evidence/oidc.ts'
import { describeJob, type RawClaims } from '../evidence/oidc-dialect.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { act, type Asked, type Asking, type Desk } from './act.ts'
import { formatInstant, instant } from './field.ts'
import type { Opened } from './opened.ts'
import type { Port } from './port.ts'
import { problemOfRefusal, type Problem } from './problem.ts'

const token = z.string().min(1).max(16_384).describe('The OIDC token of the run, made for the audience of this server.')
const proof = f.base64.min(1).max(256).describe('Signature over SHA-256 of the token, with the key of the job.')

export const jobBody = z.strictObject({
  method: z.literal('job'),
  token,
  publicKey: f.base64
    .min(1)
    .max(256)
    .describe('Ed25519 or P-256, SPKI DER, base64. Each request is proven with it (DPoP).'),
  proof,
})

const renewalBody = z.strictObject({ token, proof })

type ByToken = z.output<typeof jobBody>

export async function askAsJob(
  { at, personal }: Asked<unknown, unknown>,
  { token, publicKey, proof }: ByToken,
  port: Port,
): Promise<Asking<Opened> | Problem> {
  const found = await keysFor(token, port)
  if (isRefusal(found)) return unverified(found, port)
  const { issuer, exhibits } = withProof(found, token, proof)
  const { token: bearer, digest } = freshBearer()
  const login = freshId('login')
  // As long as the rules let it be.
  const expiresAt = at + MAX_LOGIN_MS
  const command = {
    type: 'open job login',
    login,
    bearerDigest: digest,
    expiresAt,
    issuer: issuer.issuer,
    jobKey: publicKey,
  } as const
  return {
    // Who the job is stands in its token, and is known once the token verified.
    perform: {
      command,
      caller: { id: 'system:ci', kind: 'job' },
      exhibits,
      personal: { ...personal, ...actorOf(token, issuer).named },
      given: (directory) => starterOf(directory, issuer.issuer, actorOf(token, issuer).id),
    },
    result: ({ leaf }) => {
      const { principal, expiresAt: end } = leaf.event as Opening
      return { login, token: bearer, expiresAt: formatInstant(end), who: port.views.who(principal) }
    },
  }
}

type Opening = Extract<LoginEvent, { type: 'login.opened' }>
type Renewal = Extract<LoginEvent, { type: 'login.renewed' }>

/** That the caller holds the key of its login, the proof of this very request says; that it is the run's, the fresh token. */
export function renewals(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/logins/current/renewals',
    summary: 'Keeps a job signed in, by a fresh token of the same run',
    body: renewalBody,
    result: z.object({ expiresAt: instant }),
    status: 201,
    ask: async ({ body, caller, personal }) => {
      const found = await keysFor(body.token, port)
      if (isRefusal(found)) return unverified(found, port)
      const { issuer, exhibits } = withProof(found, body.token, body.proof)
      return {
        perform: { command: { type: 'renew job login', issuer: issuer.issuer }, caller, exhibits, personal },
        result: ({ leaf }) => ({ expiresAt: formatInstant((leaf.event as Renewal).expiresAt) }),
      }
    },
  })
}

type Found = { readonly issuer: Issuer; readonly keys: Uint8Array }

function withProof({ issuer, keys }: Found, token_: string, proof_: string) {
  const exhibits = [
    { kind: 'ci-token', bytes: utf8.encode(token_) },
    { kind: 'issuer-keys', bytes: keys },
    { kind: 'key-proof', bytes: attempt(() => base64.decode(proof_)) ?? new Uint8Array(1) },
  ]
  return { issuer, exhibits }
}

const MAX_LOGIN_MS = 24 * 3_600_000
const NO_TOKEN = refuse('malformed', 'The token is not a signed JWT with iss, aud, sub, jti, iat and exp.')
const UNTRUSTED = refuse('issuer_unknown', 'The issuer of this token is not trusted here.')

async function keysFor(token: string, { ledger, issuerKeys }: Port): Promise<Found | Refusal> {
  const issuer = peekIssuer(token)
  if (issuer === undefined) return NO_TOKEN
  const trusted = ledger.state.issuers.get(issuer)
  if (!trusted) return UNTRUSTED
  const keys = await issuerKeys.of(trusted.issuer, trusted.jwksUri, keyIdOf(token))
  return 'refused' in keys ? keys : { issuer: trusted, keys }
}

function unverified(refusal: Refusal, { noise }: Port): Problem {
  noise.count(refusal.refused)
  return problemOfRefusal(refusal, false)
}

const header = z.looseObject({ kid: z.string().max(256).optional() })

/** Not verified: it only chooses which keys are fetched, and verification then goes by the keys. */
function keyIdOf(token: string): string | undefined {
  return attempt(() => header.parse(partOf(token, 0)).kid)
}

type Actor = { readonly named: { readonly actor?: string }; readonly id: string | undefined }

/** The person behind an account at the CI, as far as an administrator said so. */
function starterOf(directory: Directory, issuer: string, account: string | undefined): Given {
  const person = account === undefined ? undefined : directory.byAccount(issuer, account)
  return person === undefined ? {} : { startedBy: person as f.PersonId }
}

/** Who started the run, as the CI names them; kept only where the token verifies. */
function actorOf(token: string, { kind, claims }: Issuer): Actor {
  const said = attempt(() => describeJob(partOf(token, 1) as RawClaims, kind, claims))
  if (said === undefined || isRefusal(said)) return { named: {}, id: undefined }
  const { actor, actorId: id } = said
  return { named: actor === undefined ? {} : { actor: actor.slice(0, 256) }, id }
}

function partOf(token: string, index: number) {
  return parse(utf8.decode(base64url.decode(token.split('.')[index] ?? '')))
}
