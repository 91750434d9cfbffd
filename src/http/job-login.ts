/** A CI job signs in with the token of its run, and binds a key of its own to the login. */

import * as z from '../bytes/schema.ts'
import { base64, base64url, utf8 } from '../bytes/text.ts'
import { parse } from '../bytes/json.ts'
import { freshBearer, freshId } from '../control/fresh.ts'
import * as f from '../domain/field.ts'
import { peekIssuer } from '../evidence/oidc.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import type { Asked, Asking } from './act.ts'
import { formatInstant } from './field.ts'
import type { Opened } from './opened.ts'
import type { Port } from './port.ts'
import { problemOfRefusal, type Problem } from './problem.ts'

/** As long as the longest job of the large CI services: a job waits for people within its login. */
const JOB_LOGIN_MS = 6 * 3_600_000

export const jobBody = z.strictObject({
  method: z.literal('job'),
  token: z.string().min(1).max(16_384).describe('The OIDC token of the run, made for the audience of this server.'),
  publicKey: f.base64.min(1).max(256).describe('Ed25519, SPKI DER, base64.'),
  proof: f.base64.min(1).max(256).describe('Ed25519 signature over SHA-256 of the token.'),
})

type ByToken = z.output<typeof jobBody>

export async function askAsJob(
  { at, personal }: Asked<unknown, unknown>,
  { token, publicKey, proof }: ByToken,
  port: Port,
): Promise<Asking<Opened> | Problem> {
  const found = await keysFor(token, port)
  if (isRefusal(found)) return unverified(found, port)
  const { issuer, keys } = found
  const exhibits = [
    { kind: 'ci-token', bytes: utf8.encode(token) },
    { kind: 'issuer-keys', bytes: keys },
    { kind: 'key-proof', bytes: attempt(() => base64.decode(proof)) ?? new Uint8Array(1) },
  ]
  const { token: bearer, digest } = freshBearer()
  const login = freshId('login')
  const expiresAt = at + JOB_LOGIN_MS
  const command = { type: 'open job login', login, bearerDigest: digest, expiresAt, issuer, jobKey: publicKey } as const
  return {
    // Who the job is stands in its token, and is known once the token verified.
    perform: {
      command,
      caller: { id: 'system:ci', kind: 'job' },
      exhibits,
      personal: { ...personal, ...actorOf(token) },
    },
    result: ({ leaf }) => {
      const who = port.views.who((leaf.event as { principal: string }).principal)
      return { login, token: bearer, expiresAt: formatInstant(expiresAt), who }
    },
  }
}

const UNTRUSTED = refuse('issuer_unknown', 'The issuer of this token is not trusted here.')

async function keysFor(token: string, { ledger, issuerKeys }: Port) {
  const issuer = peekIssuer(token)
  const trusted = issuer === undefined ? undefined : ledger.state.issuers.get(issuer)
  if (!trusted) return UNTRUSTED
  const keys = await issuerKeys.of(trusted.issuer, trusted.jwksUri, keyIdOf(token))
  return 'refused' in keys ? keys : { issuer: trusted.issuer, keys }
}

function unverified(refusal: Refusal, { noise }: Port): Problem {
  noise.count(refusal.refused)
  return problemOfRefusal(refusal, false)
}

const header = z.looseObject({ kid: z.string().max(256).optional() })
const payload = z.looseObject({ actor: z.string().max(256).optional(), user_login: z.string().max(256).optional() })

/** Not verified: it only chooses which keys are fetched, and verification then goes by the keys. */
function keyIdOf(token: string): string | undefined {
  return attempt(() => header.parse(partOf(token, 0)).kid)
}

/** Who started the run, as the CI names them; read from a token that has been verified. */
function actorOf(token: string): { actor?: string } {
  const { actor, user_login: gitlab } = attempt(() => payload.parse(partOf(token, 1))) ?? {}
  const name = actor ?? gitlab
  return name === undefined ? {} : { actor: name }
}

function partOf(token: string, index: number) {
  return parse(utf8.decode(base64url.decode(token.split('.')[index] ?? '')))
}
