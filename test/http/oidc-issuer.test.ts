import { createPublicKey, verify } from 'node:crypto'
import * as client from 'openid-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LEAD_MS } from '../../src/control/authority.ts'
import { LISTED_MS } from '../../src/domain/authority.ts'
import { Office } from './office.ts'
import { ORIGIN } from '../world/company.ts'
import { approved, defineTarget, obtain } from './credential.ts'
import { setUp, type Story } from './story.ts'

const AUDIENCE = 'https://vault.example/jobs'
const CLOUD = { target: 'cloud', kind: 'oidc', address: 'vault.example:8200', audience: AUDIENCE, preset: 'vault' }

let now = Date.now()
let office: Office
let story: Story
beforeAll(async () => {
  office = await Office.open({ clock: () => now })
  story = await setUp(office)
  expect((await defineTarget(story, CLOUD)).status).toBe(201)
})
afterAll(() => office[Symbol.asyncDispose]())

/** Another's OpenID client, which finds everything by discovery; only the answer that hands it the token is ours. */
async function relyingParty(token: string, audience = AUDIENCE): Promise<client.IDToken | undefined> {
  const answer = async (url: string) => {
    const path = new URL(url).pathname
    if (path === '/token') return Response.json({ access_token: 'x', token_type: 'Bearer', id_token: token })
    const { status, text } = await office.get(path)
    const body = path.endsWith('openid-configuration')
      ? JSON.stringify({ ...JSON.parse(text), token_endpoint: `${ORIGIN}/token` })
      : text
    return new Response(body, { status, headers: { 'content-type': 'application/json' } })
  }
  const config = await client.discovery(new URL(ORIGIN), audience, undefined, client.None(), {
    // oxlint-disable-next-line typescript/no-deprecated -- the mock world speaks http
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
    [client.customFetch]: answer,
  })
  return (await client.genericGrantRequest(config, 'urn:example:shown', {})).claims()
}

test('a token of a job is believed by who trusts this issuer, and says which leaf it was lent by', async () => {
  const released = await approved(story)
  const answer = await obtain(office, released, 'cloud')
  expect(answer.status).toBe(201)
  const { credential, expiresAt } = answer.body.result
  const { leafIndex } = answer.body
  expect(credential).toMatchObject({ kind: 'oidc', audience: AUDIENCE, preset: 'vault', serial: String(leafIndex) })
  expect(await relyingParty(credential.token)).toMatchObject({
    iss: ORIGIN,
    sub: 'repository:acme/shop:environment:production',
    aud: AUDIENCE,
    exp: Math.floor(Date.parse(expiresAt) / 1000),
    release: released.release,
    commit: released.commit,
    artifact: released.artifact,
    approvals: 2,
    approvers: [story.ben.id, story.cleo.id],
    leaf_index: leafIndex,
    log: 'log.example',
  })
  await expect(relyingParty(credential.token, 'https://other.example')).rejects.toThrow()
  const [head, body, signature] = credential.token.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const raised = Buffer.from(JSON.stringify({ ...claims, environment: 'moon' })).toString('base64url')
  await expect(relyingParty(`${head}.${raised}.${signature}`)).rejects.toThrow()
})

test('what was lent in a token cannot be recalled, and the trail says so', async () => {
  const released = await approved(story)
  const { body } = await obtain(office, released, 'cloud')
  const { grant } = body.result
  expect((await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: released.job.token })).status).toBe(200)
  const { ledger, lender } = office.company.instance
  const cleared = await lender.withdraw(ledger.state.grants.get(grant)!, ledger.state, now)
  expect(cleared).toEqual({ how: 'left_to_expire', terminated: 0 })
})

test('a token is for somebody, a certificate is one, and a secret is handed over under the name of one', async () => {
  const { audience: _, ...nobody } = CLOUD
  for (const wrong of [nobody, { ...CLOUD, certificate: 'none' }, { ...CLOUD, variable: 'LD_PRELOAD' }])
    expect((await office.post('/api/v1/targets', wrong, story.ana.token)).body.code).toBe('malformed')
})

test('the keys are replaced one after the other: listed first, used an hour later, and the older one stays for a day', async () => {
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string
  const keys = async () => (await office.get('/.well-known/jwks.json')).body.keys as { kid: string }[]
  const lend = async () => (await obtain(office, await approved(story), 'cloud')).body.result.credential.token as string
  const rotate = (as: string) => office.post('/api/v1/authorities/oidc/rotation', {}, as)

  const before = await lend()
  expect((await keys()).map(({ kid }) => kid)).toEqual([kidOf(before)])
  expect((await rotate(story.dana.token)).status).toBe(403)
  const rotated = await rotate((await office.signIn(story.ana.passkey)).token)
  expect(rotated.status).toBe(200)
  const { keyId } = rotated.body.result
  expect((await keys()).map(({ kid }) => kid)).toEqual([kidOf(before), keyId])
  expect((await rotate(story.ana.token)).body.code).toBe('rotation_pending')
  const during = await lend()
  expect(kidOf(during)).toBe(kidOf(before))

  now += LEAD_MS + 1000
  for (const worker of ['ana', 'ben', 'cleo', 'dana'] as const)
    Object.assign(story, { [worker]: await office.signIn(story[worker].passkey) })
  const after = await lend()
  expect(kidOf(after)).toBe(keyId)
  const [older] = await keys()
  const [head, body, signature] = during.split('.')
  const key = createPublicKey({ key: older as never, format: 'jwk' })
  expect(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature!, 'base64url'))).toBe(true)
  now += LISTED_MS
  expect((await keys()).map(({ kid }) => kid)).toEqual([keyId])
})
