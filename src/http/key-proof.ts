/** A login that is bound to a key is spoken through by whoever proves, with each request, that they hold the key (DPoP, RFC 9449). */

import { createPublicKey } from 'node:crypto'
import { base64 } from '../bytes/text.ts'
import { DPOP_LEEWAY_MS, thumbprintOf, verifyDpop } from '../evidence/dpop.ts'
import { publicJwkOf } from '../evidence/public-key.ts'
import { isRefusal } from '../evidence/refusal.ts'
import type { FastifyRequest } from './app.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'

export type Shown = { readonly scheme: 'bearer' | 'dpop'; readonly token: string }

/** `boundKey`: SPKI DER in base64. Undefined when this very request was proven, for the first time. */
export function judgeKeyProof(
  request: FastifyRequest,
  { scheme, token }: Shown,
  boundKey: string,
  { clock, proofs, ...port }: Port,
): Problem | undefined {
  const { dpop } = request.headers
  if (scheme !== 'dpop' || typeof dpop !== 'string')
    return problem(
      'proof_needed',
      'This login is bound to a key: Authorization: DPoP <token>, and a DPoP proof (RFC 9449).',
    )
  const at = clock()
  const asked = { method: request.method, url: addressOf(request, port), accessToken: token }
  const claims = verifyDpop(dpop, asked, at)
  if (isRefusal(claims)) return problem('proof_refused', claims.because, { facts: { because: claims.refused } })
  if (claims.thumbprint !== thumbprintOfSpki(boundKey))
    return problem('proof_refused', 'The DPoP proof is by another key than this login is bound to.', {
      facts: { because: 'another_key' },
    })
  if (proofs.add(`${claims.thumbprint}\n${claims.proofId}`, claims.issuedAt + DPOP_LEEWAY_MS + 1, at)) return undefined
  return problem('proof_refused', 'This DPoP proof was used before; each is for one request.', {
    facts: { because: 'replayed' },
  })
}

/** As we are known: the host was found to be ours, and the way to it is what our own addresses say. */
function addressOf(request: FastifyRequest, { config, ledger }: Pick<Port, 'config' | 'ledger'>): string {
  const ours = [config.publicUrl, ...(ledger.state.log?.origins ?? [])].map((url) => new URL(url))
  const { origin } = ours.find(({ host }) => host === request.headers.host) ?? ours[0]!
  return request.url.startsWith('/') ? origin + request.url : ''
}

function thumbprintOfSpki(spki: string): string {
  return thumbprintOf(
    publicJwkOf(createPublicKey({ key: Buffer.from(base64.decode(spki)), format: 'der', type: 'spki' })),
  )
}
