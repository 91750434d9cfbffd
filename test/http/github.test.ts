import { generateKeyPairSync, randomUUID, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { granted } from '../../src/cli/contract-release.ts'
import { approved, defineTarget, obtain } from './credential.ts'
import { Office } from './office.ts'
import { setUp, type Story } from './story.ts'

type Call = { method: string; url: string; bearer: string; body: unknown }

/** GitHub's API as far as an App needs it: it checks who asks, gives tokens, and takes them back. */
class Github {
  readonly calls: Call[] = []
  readonly live = new Set<string>()
  readonly server: Server
  readonly key = generateKeyPairSync('rsa', { modulusLength: 2048 })
  more: Record<string, string> = {}
  answer: number | undefined

  constructor() {
    this.server = createServer((request, response) => {
      void this.#answer(request).then(([status, body]) => {
        const head = status === 302 ? { location: 'http://127.0.0.1:1/' } : { 'content-type': 'application/json' }
        response.writeHead(status, head).end(body && JSON.stringify(body))
      })
    })
  }

  async #answer(request: IncomingMessage): Promise<[number, object?]> {
    const { method = '', url = '' } = request
    const bearer = String(request.headers.authorization).replace('Bearer ', '')
    const sent = await text(request)
    const body = sent ? JSON.parse(sent) : undefined
    this.calls.push({ method, url, bearer, body })
    if (this.answer) return [this.answer, {}]
    if (method === 'DELETE') return [this.live.delete(bearer) ? 204 : 401]
    const [head = '', claims = '', signature = ''] = bearer.split('.')
    const isOurs = verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      this.key.publicKey,
      Buffer.from(signature, 'base64url'),
    )
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    if (!isOurs || iss !== 'Iv1.app' || exp - iat > 600 || iat > Date.now() / 1000) return [401, {}]
    const token = `ghs_${randomUUID().replaceAll('-', '')}`
    this.live.add(token)
    const permissions = { metadata: 'read', ...body.permissions, ...this.more }
    const repositories = body.repositories.map((name: string) => ({ name }))
    return [201, { token, expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions, repositories }]
  }
}

let folder: string
let office: Office
let story: Story
let address: string
const github = new Github()
const PAGES = { target: 'pages', kind: 'github', repository: 'acme/pages', permissions: { contents: 'write' } }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  office = await Office.open()
  story = await setUp(office)
  github.server.listen(0, '127.0.0.1')
  await once(github.server, 'listening')
  address = `127.0.0.1:${(github.server.address() as AddressInfo).port}`
  const adminFile = describe(`http://${address}`)
  expect((await defineTarget(story, { ...PAGES, address, adminFile })).status).toBe(201)
})
afterAll(async () => {
  github.server.close()
  rmSync(folder, { recursive: true, force: true })
  await office[Symbol.asyncDispose]()
})
beforeEach(() => {
  github.calls.length = 0
  github.more = {}
  github.answer = undefined
})

function describe(api: string): string {
  const privateKey = github.key.privateKey.export({ format: 'pem', type: 'pkcs8' })
  const file = join(folder, 'app.json')
  writeFileSync(file, JSON.stringify({ api, appId: 'Iv1.app', installationId: '42', privateKey }), { mode: 0o600 })
  return file
}

test('a job gets a token for one repository, which is revoked at GitHub when its grant ends', async () => {
  const released = await approved(story)
  const answer = await obtain(office, released, 'pages')
  const { credential, grant } = granted.parse(answer.body.result)
  if (credential.kind !== 'github') throw new Error(credential.kind)
  expect(credential.variable).toBe('GITHUB_TOKEN')
  expect(github.live.has(credential.value)).toBe(true)
  expect(github.calls.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
    {
      method: 'POST',
      url: '/app/installations/42/access_tokens',
      body: { repositories: ['pages'], permissions: { contents: 'write' } },
    },
  ])
  await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: released.job.token })
  const { ledger, lender } = office.company.instance
  const withdraw = () => lender.withdraw(ledger.state.grants.get(grant)!, ledger.state, Date.now())
  expect(await withdraw()).toEqual({ how: 'token_revoked', terminated: 0 })
  expect([...github.live]).toEqual([])
  expect(await withdraw()).toEqual({ how: 'left_to_expire', terminated: 0 })
})

test('a token for more than was asked for is revoked, and nobody gets it', async () => {
  github.more = { administration: 'write' }
  expect((await obtain(office, await approved(story), 'pages')).body.code).toBe('mint_failed')
  expect(github.calls.map(({ method }) => method)).toEqual(['POST', 'DELETE'])
  expect([...github.live]).toEqual([])
})

test('what the App proves itself with goes to the host of the target alone, and follows no redirect', async () => {
  describe('http://127.0.0.1:1')
  expect((await obtain(office, await approved(story), 'pages')).body.code).toBe('mint_failed')
  expect(office.reports.at(-1)).toContain(`names 127.0.0.1:1, and the target ${address}`)
  expect(github.calls).toEqual([])
  describe(`http://${address}`)
  for (const status of [302, 403, 500]) {
    github.answer = status
    expect((await obtain(office, await approved(story), 'pages')).body.code).toBe('mint_failed')
  }
  expect(github.calls).toHaveLength(3)
  expect(office.reports.join('\n')).not.toMatch(/BEGIN|eyJ/)
})

test('a token that is gone already counts as revoked; GitHub in trouble is asked again', async () => {
  const released = await approved(story)
  const { grant } = (await obtain(office, released, 'pages')).body.result
  await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: released.job.token })
  const { ledger, lender } = office.company.instance
  const withdraw = () => lender.withdraw(ledger.state.grants.get(grant)!, ledger.state, Date.now())
  github.answer = 500
  await expect(withdraw()).rejects.toThrow('GitHub answered 500')
  github.answer = undefined
  github.live.clear()
  expect((await withdraw()).how).toBe('token_revoked')
})

test('a target of GitHub names one repository and what may be done there', async () => {
  for (const wrong of [
    { permissions: {} },
    { repository: undefined },
    { repository: '../x' },
    { permissions: { a: 'all' } },
  ])
    expect((await office.post('/api/v1/targets', { ...PAGES, address, ...wrong }, story.ana.token)).body.code).toBe(
      'malformed',
    )
})
