/** A CI issuer with keys of every kind, and whoever would like to be it. */

import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import { base64url, utf8 } from '../../src/bytes/text.ts'
import { ISSUER, ORIGIN } from '../world/company.ts'

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
export type Signer = (input: Uint8Array) => Uint8Array

export const ed25519: Pair = generateKeyPairSync('ed25519')
export const p256: Pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const rsa: Pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const stranger: Pair = generateKeyPairSync('ed25519')

function listed({ publicKey }: Pair, kid: string, alg: string) {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
}

export const KEYS = [listed(ed25519, 'ed', 'EdDSA'), listed(p256, 'ec', 'ES256'), listed(rsa, 'rsa', 'RS256')]
export const ROTATED = [listed(stranger, 'new', 'EdDSA')]

export const signers = {
  EdDSA: (input) => sign(null, input, ed25519.privateKey),
  ES256: (input) => sign('sha256', input, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' }),
  RS256: (input) => sign('sha256', input, rsa.privateKey),
  stranger: (input) => sign(null, input, stranger.privateKey),
  nobody: () => new Uint8Array(64),
} satisfies Record<string, Signer>

export function hmac(key: string | Uint8Array): Signer {
  return (input) => createHmac('sha256', key).update(input).digest()
}

export function claimsAt(at: number): Record<string, unknown> {
  const iat = Math.floor(at / 1000)
  return {
    iss: ISSUER,
    aud: ORIGIN,
    sub: 'repo:acme/shop:ref:refs/heads/main',
    jti: randomUUID(),
    iat,
    exp: iat + 300,
    repository: 'acme/shop',
    repository_id: '4711',
    repository_owner_id: '1',
    ref: 'refs/heads/main',
    sha: 'c'.repeat(40),
    run_id: '12',
    run_attempt: '1',
    check_run_id: '9',
    event_name: 'push',
    runner_environment: 'github-hosted',
    job_workflow_ref: 'acme/shop/.ci/release.yml@refs/heads/main',
  }
}

const spell = (value: unknown) =>
  base64url.encode(utf8.encode(typeof value === 'string' ? value : JSON.stringify(value)))

/** `claims` may be text, for JSON that no program would write. */
export function forge(head: object, claims: object | string, by: Signer): string {
  const input = `${spell(head)}.${spell(claims)}`
  return `${input}.${base64url.encode(by(utf8.encode(input)))}`
}
