/** This instance as an OpenID issuer of jobs' tokens: where its keys are and what its tokens say. It signs nobody in. */

import * as z from '../bytes/schema.ts'
import { publicJwk } from '../credential/token.ts'
import { act, type Desk } from './act.ts'
import { instantOf } from '../control/view/phrase.ts'
import { keyOf } from '../control/authority.ts'
import type { AuthorityEvent } from '../domain/authority.ts'
import { read } from './read.ts'

const discovery = z.object({
  issuer: z.string(),
  jwks_uri: z.string(),
  response_types_supported: z.array(z.string()),
  subject_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  claims_supported: z.array(z.string()),
})
const jwk = z.object({
  ...{ kty: z.string(), n: z.string(), e: z.string() },
  ...{ kid: z.string(), use: z.string(), alg: z.string() },
})

const CLAIMS = [
  ...['iss', 'sub', 'aud', 'jti', 'iat', 'nbf', 'exp', 'job', 'release', 'repository', 'environment', 'commit'],
  ...['artifact', 'approvals', 'approvers', 'target', 'log', 'leaf_index'],
]

export function oidcIssuer(desk: Desk): void {
  const { port } = desk
  const { publicUrl } = port.config
  read(desk, {
    url: '/.well-known/openid-configuration',
    summary: 'What clouds and clusters need to know of this issuer (OpenID Connect Discovery 1.0)',
    access: 'anyone',
    answer: discovery,
    look: () => ({
      issuer: port.ledger.state.log!.audience,
      jwks_uri: new URL('/.well-known/jwks.json', publicUrl).href,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: CLAIMS,
    }),
  })
  read(desk, {
    url: '/.well-known/jwks.json',
    summary: 'Keys that tokens of this issuer are signed with now, were, and will be',
    access: 'anyone',
    answer: z.object({ keys: z.array(jwk) }),
    look: ({ reply }) => {
      void reply.header('cache-control', 'public, max-age=300')
      return { keys: port.authorities.listed('oidc').map((key) => publicJwk(keyOf(key))) }
    },
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/authorities/:name/rotation',
    summary: 'A new key for what is lent: listed at once, used in an hour; the old one stays listed for a day',
    params: z.object({ name: z.enum(['oidc', 'x509', 'ssh-host']) }),
    body: z.strictObject({}),
    result: z.object({ keyId: z.string(), signsFrom: z.string() }),
    ask: ({ params: { name }, caller, personal }) => ({
      perform: () => port.authorities.rotate(name, { caller, personal }),
      result: ({ leaf }) => {
        const { keyId, signsFrom } = leaf.event as AuthorityEvent
        return { keyId, signsFrom: instantOf(signsFrom) }
      },
    }),
  })
}
