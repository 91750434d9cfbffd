/** What a job sends: a proof of its key with each request, and a fresh token of its run before its login ends. */

import { createPublicKey, verify } from 'node:crypto'
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/bytes/digest.ts'
import { obtainToken } from '../../src/cli/ci-token.ts'
import { thumbprintOf, verifyDpop } from '../../src/evidence/dpop.ts'
import { publicJwkOf } from '../../src/evidence/public-key.ts'
import { Home, TOKEN } from './command-line.ts'
import { FakeServer, type Seen } from './fake-server.ts'
import { ana, DIGEST, job, openedOf, releaseOf } from './world.ts'

const { release, fingerprint } = releaseOf()
const base = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const CLAIMS = { repository: 'acme/shop', ref: 'refs/heads/main', sha: '4'.repeat(40), run_id: '7', run_attempt: '1' }
const tokenOf = (number: number) => `${base({ alg: 'RS256' })}.${base({ ...CLAIMS, jti: `token ${number}` })}.c2ln`

/** A server whose logins end after that many ms, and a CI that gives a new token to whoever asks. */
async function openServer(lifetimeMs: number): Promise<FakeServer> {
  const server = await FakeServer.open()
  let given = 0
  const endOf = (ms: number) => new Date(Date.now() + ms).toISOString()
  server.on('GET', '/token', () => ({ body: { value: tokenOf((given += 1)) } }))
  const opened = () => ({ ...openedOf(TOKEN, job), expiresAt: endOf(lifetimeMs) })
  server.on('POST', '/api/v1/logins', () => ({ status: 201, body: server.receipt('login.opened', opened()) }))
  server.on('POST', '/api/v1/logins/current/renewals', () => ({
    ...{ status: 201, body: server.receipt('login.renewed', { expiresAt: endOf(3_600_000) }) },
  }))
  server.on('DELETE', '/api/v1/logins/current', () => ({ body: server.receipt('login.ended', {}) }))
  const requested = {
    ...{ release, fingerprint, statementDigest: DIGEST, approvalUrl: `${server.url}/a`, required: 0 },
    ...{ canApprove: [ana], expiresAt: endOf(60_000) },
  }
  server.on('POST', '/api/v1/releases', () => ({ status: 201, body: server.receipt('release.requested', requested) }))
  server.on('GET', '/api/v1/environments', () => ({
    body: { environments: [{ environment: 'production', targets: [] }] },
  }))
  server.on('POST', '/api/v1/observations', () => ({
    body: server.receipt('observation.recorded', { firstLeafIndex: 7, lines: 1, refused: [] }),
  }))
  server.on('POST', '/api/v1/releases/:id/outcome', () => ({ status: 201, body: server.receipt('release.ended', {}) }))
  return server
}

async function run(server: FakeServer, home: Home, script: string) {
  const artifact = home.write('shop.tgz', 'the artifact')
  const args = ['run', '--env', 'production', '--artifact', artifact, '--', process.execPath, '-e', script]
  const ci = { ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}/token?a=b`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x' }
  return await home.launch(args, { env: ci })
}

type SignIn = { readonly token: string; readonly publicKey: string; readonly proof: string }
const keyOf = ({ publicKey }: SignIn) =>
  createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })

test('each request of a job proves its key, for itself alone', async () => {
  await using server = await openServer(3_600_000)
  using home = new Home(server)
  expect(await run(server, home, '')).toMatchObject({ code: 0 })
  const thumbprint = thumbprintOf(publicJwkOf(keyOf(server.seenAt('POST', '/api/v1/logins')[0]!.body as SignIn)))
  const bound = server.seen.filter(({ headers }) => headers.authorization?.startsWith('DPoP '))
  expect(bound.map(({ method, path }) => `${method} ${path}`)).toEqual([
    ...['POST /api/v1/releases', 'GET /api/v1/environments', 'POST /api/v1/observations'],
    ...[`POST /api/v1/releases/${encodeURIComponent(release)}/outcome`, 'DELETE /api/v1/logins/current'],
  ])
  const proofs = bound.map((seen) => proven(seen, server))
  expect(proofs).toEqual(proofs.map(() => expect.objectContaining({ thumbprint })))
  expect(new Set(proofs.map((claims) => 'proofId' in claims && claims.proofId)).size).toBe(proofs.length)
  expect(server.seenAt('POST', '/api/v1/logins/current/renewals')).toEqual([])
})

function proven({ method, path, headers }: Seen, { url }: FakeServer) {
  const asked = { method, url: url + path, accessToken: headers.authorization!.slice('DPoP '.length) }
  return verifyDpop(String(headers['dpop']), asked, Date.now())
}

test('a job that works for longer than its login lives is signed in anew, once, with another token and the same key', async () => {
  await using server = await openServer(3_000)
  using home = new Home(server)
  const { code, stderr } = await run(server, home, 'setTimeout(() => {}, 4_000)')
  expect({ code, warned: stderr.includes('renewed') }).toEqual({ code: 0, warned: false })
  const [first] = server.seenAt('POST', '/api/v1/logins')
  const renewals = server.seenAt('POST', '/api/v1/logins/current/renewals')
  expect(renewals).toHaveLength(1)
  const { token, proof } = renewals[0]!.body as SignIn
  expect(token).toBe(tokenOf(2))
  const key = keyOf(first!.body as SignIn)
  expect(verify(null, sha256(Buffer.from(token)), key, Buffer.from(proof, 'base64'))).toBe(true)
  expect(server.seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/api/v1/logins/current' })
}, 20_000)

test('a login that cannot be renewed is told of, once, and the work goes on', async () => {
  await using server = await openServer(2_000)
  server.on('POST', '/api/v1/logins/current/renewals', () => server.refusal('policy_refused', 'The policies say no.'))
  using home = new Home(server)
  const { code, stderr } = await run(server, home, 'setTimeout(() => {}, 3_000)')
  expect(code).toBe(0)
  expect(stderr.match(/could not be renewed: .*The policies say no/gu)).toHaveLength(1)
}, 20_000)

test.each<[string, string, string]>([
  ['BUILDKITE', 'buildkite-agent', '[ "$*" = "oidc request-token --audience https://cs.example" ]'],
  ['CIRCLECI', 'circleci', String.raw`[ "$*" = 'run oidc get --claims {"aud":"https://cs.example"}' ]`],
])('on %s the agent is asked for a token of our audience', async (sign, program, check) => {
  using home = new Home()
  const agent = home.write(`bin/${program}`, `#!/bin/sh\n${check} && echo ${tokenOf(1)}\n`)
  chmodSync(agent, 0o755)
  const env = { PATH: `${home.path('bin')}:${process.env['PATH']}`, [sign]: 'true' }
  expect(await obtainToken(env, 'https://cs.example')).toBe(tokenOf(1))
  await expect(obtainToken(env, 'https://other.example')).rejects.toThrow(`${program} gave no OIDC token`)
})
