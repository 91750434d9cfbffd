import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '../../src/credential/software-passkey.ts'
import { base64url } from '../../src/bytes/text.ts'
import { ORIGIN } from '../world/company.ts'
import { Office, type Answer } from './office.ts'
import { readShipped } from '../policy/shipped.ts'
import {
  build,
  createCommit,
  ENVIRONMENT,
  jobKeyLine,
  provenance,
  pushOf,
  requestRelease,
  setUp,
  type Story,
} from './story.ts'

let story: Story
let office: Office
let now = Date.now()
beforeAll(async () => {
  office = await Office.open({ clock: () => now })
  story = await setUp(office)
})
afterAll(() => office[Symbol.asyncDispose]())

const summary = ({ status, body }: Answer) => [status, body.code]
const NOWHERE = `sha256:${'a'.repeat(64)}` as const

async function accepted(): Promise<string> {
  const { id, object } = createCommit(story.key)
  const { status } = await office.push(story.door, pushOf(id, object))
  expect(status).toBe(201)
  return id
}

async function expectNoLeaf(ask: () => Promise<Answer>): Promise<Answer> {
  const before = office.size
  const answer = await ask()
  expect(office.size).toBe(before)
  return answer
}

describe('a build', () => {
  test('is believed of the job that signed it, for its own commit', async () => {
    const commit = await accepted()
    const one = await office.job({ sha: commit })
    const two = await office.job({ sha: commit, run_id: '77' })
    const attest = (envelope: object, as: string) => office.post('/api/v1/builds', { envelope }, as)
    const forged = await expectNoLeaf(() => attest(provenance(commit, NOWHERE, two.key), one.token))
    expect(forged.status).toBe(403)
    const other = await attest(provenance('c'.repeat(40), NOWHERE, one.key), one.token)
    expect(summary(other)).toEqual([403, 'commit_mismatch'])
    expect(
      summary(
        await expectNoLeaf(() =>
          attest({ payloadType: 'x', payload: 'e30=', signatures: [{ sig: 'AAAA' }] }, one.token),
        ),
      )[0],
    ).toBeGreaterThanOrEqual(400)
    expect(summary(await attest(provenance(commit, NOWHERE, one.key), story.ana.token))[0]).toBe(403)
  })
})

describe('a release', () => {
  test('is asked for by a job, of something it built, for a place that exists', async () => {
    const { job, artifact } = await build(story, await accepted())
    const request = (body: object, as = job.token) =>
      office.post('/api/v1/releases', { artifact, environment: 'production', ...body }, as)
    expect(summary(await request({ artifact: NOWHERE }))).toEqual([403, 'no_provenance'])
    expect(summary(await request({ environment: 'moon' }))).toEqual([404, 'no_such_environment'])
    expect(summary(await request({}, story.ana.token))).toEqual([403, 'wrong_principal'])
    expect(summary(await expectNoLeaf(() => request({ artifact: 'sha256:1' })))).toEqual([400, 'malformed'])
    const asked = await request({})
    const { release, fingerprint, approvalUrl, canApprove, required } = asked.body.result
    expect([asked.status, asked.body.outcome, asked.body.type]).toEqual([202, 'waiting', 'release.requested'])
    expect(asked.body.reason).toBe('The people who must approve this have not done so yet.')
    expect([fingerprint, approvalUrl, required]).toEqual([
      expect.stringMatching(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/),
      `${ORIGIN}/a/${fingerprint}`,
      2,
    ])
    expect(canApprove.map(({ name }: { name: string }) => name).sort()).toEqual(['ben', 'cleo'])
    const { body: shown } = await office.get(`/api/v1/releases/${fingerprint.toLowerCase()}`, story.ben.token)
    expect([shown.release, shown.you.canApprove, shown.stations.length]).toEqual([release, true, 6])
    expect((await office.get(`/api/v1/releases/${release}`, story.dana.token)).body.you.canApprove).toBe(false)
  })

  test('that nobody asked for is not found, and cannot be decided about', async () => {
    for (const name of ['release:0000000000', 'AAAA-AAAA', '..%2f..', '%00'])
      expect(summary(await expectNoLeaf(() => office.get(`/api/v1/releases/${name}`, story.ana.token)))).toEqual([
        404,
        'not_found',
      ])
    const assertion = assert(story.ben.passkey, { challenge: new Uint8Array(32), origin: ORIGIN }).response
    const answer = await expectNoLeaf(() =>
      office.post('/api/v1/releases/release:0000000000/approvals', { assertion }, story.ben.token),
    )
    expect(summary(answer)).toEqual([404, 'not_found'])
  })

  test('is listed page by page', async () => {
    await requestRelease(story)
    const first = await office.get('/api/v1/releases?limit=1', story.ana.token)
    expect(first.headers['link']).toBe(`</api/v1/releases?limit=1&after=${first.body.next}>; rel="next"`)
    const [, next] = /<([^>]+)>/.exec(String(first.headers['link']))!
    const second = await office.get(next!, story.ana.token)
    expect(second.body.releases[0].leafIndex).toBeLessThan(first.body.releases[0].leafIndex)
  })
})

describe('an approval', () => {
  test('is for one release: a signature over another one is refused in a leaf', async () => {
    const [one, two] = [await requestRelease(story), await requestRelease(story)]
    const { body } = await office.get(`/api/v1/releases/${one.release}`, story.ben.token)
    const { response } = assert(story.ben.passkey, { challenge: base64url.decode(body.challenge), origin: ORIGIN })
    const crossed = await office.post(
      `/api/v1/releases/${two.release}/approvals`,
      { assertion: response },
      story.ben.token,
    )
    expect(summary(crossed)).toEqual([403, 'statement_mismatch'])
    expect(
      (await office.post(`/api/v1/releases/${one.release}/approvals`, { assertion: response }, story.ben.token)).status,
    ).toBe(201)
    const twice = await office.post(
      `/api/v1/releases/${one.release}/approvals`,
      { assertion: response },
      story.ben.token,
    )
    expect(summary(twice)).toEqual([403, 'already_approved'])
    const borrowed = await office.post(
      `/api/v1/releases/${one.release}/approvals`,
      { assertion: response },
      story.cleo.token,
    )
    expect(summary(borrowed)).toEqual([403, 'passkey_unknown'])
    const byJob = await office.post(`/api/v1/releases/${one.release}/approvals`, { assertion: response }, one.job.token)
    expect(byJob.status).toBe(403)
  })

  test('that does not verify leaves no leaf, and the release as it was', async () => {
    const { release } = await requestRelease(story)
    const { body } = await office.get(`/api/v1/releases/${release}`, story.ben.token)
    const { response } = assert(story.ben.passkey, { challenge: base64url.decode(body.challenge), origin: ORIGIN })
    const forged = {
      ...response,
      response: { ...response.response, signature: `${response.response.signature.slice(0, -8)}AAAAAAAA` },
    }
    const answer = await expectNoLeaf(() =>
      office.post(`/api/v1/releases/${release}/approvals`, { assertion: forged }, story.ben.token),
    )
    expect(answer.status).toBe(403)
    expect((await office.get(`/api/v1/releases/${release}`, story.ben.token)).body.given).toBe(0)
  })

  test('that is a no ends the release, with the reason kept out of the leaf', async () => {
    const { release, job } = await requestRelease(story)
    const refused = await office.decide(story.ben, release, 'refusals', { reason: 'not before the holidays' })
    expect([refused.status, refused.body.type]).toEqual([201, 'approval.declined'])
    expect(refused.body.leaf).not.toContain('holidays')
    expect(summary(await office.decide(story.cleo, release, 'approvals'))).toEqual([403, 'release_closed'])
    const grant = await office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine() }, job.token)
    expect(summary(grant)).toEqual([403, 'release_closed'])
  })

  test('comes too late when the release expired', async () => {
    const { release } = await requestRelease(story)
    now += 3_600_001
    expect(summary(await office.decide(story.ben, release, 'approvals'))).toEqual([403, 'release_expired'])
    story = { ...story, ana: await office.signIn(story.ana.passkey) }
  })
})

describe('waiting for a release', () => {
  const wait = (release: string, as: string, seconds: number) =>
    office.get(`/api/v1/releases/${release}/wait?timeoutSeconds=${seconds}`, as)

  test('ends with the next approval, and at once when there is nothing to wait for', async () => {
    const { release, job } = await requestRelease(story)
    const waiting = wait(release, job.token, 20)
    setTimeout(() => void office.decide(story.ben, release, 'approvals'), 100)
    expect((await waiting).body).toEqual({ state: 'waiting', given: 1, required: 2 })
    const again = wait(release, job.token, 20)
    setTimeout(() => void office.decide(story.cleo, release, 'approvals'), 100)
    expect((await again).body).toEqual({ state: 'approved', given: 2, required: 2 })
    expect((await wait(release, job.token, 20)).body.state).toBe('approved')
  })

  test('ends when its time is over, and is not for crowds', async () => {
    const { release, job } = await requestRelease(story)
    const waits = Array.from({ length: 9 }, () => wait(release, job.token, 1))
    const answers = await Promise.all(waits)
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 8 }, () => 200), 429])
    expect(summary(await wait(release, job.token, 31))).toEqual([400, 'malformed'])
  })
})

describe('a credential', () => {
  async function approved() {
    const asked = await requestRelease(story)
    await office.decide(story.ben, asked.release, 'approvals')
    await office.decide(story.cleo, asked.release, 'approvals')
    return asked
  }

  test('is for the job that asked, for a target of the environment, and a key', async () => {
    const { release, job } = await approved()
    const ask = (body: object, as = job.token) =>
      office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine(), ...body }, as)
    expect(summary(await ask({ target: 'moon' }))).toEqual([404, 'no_such_target'])
    expect(summary(await expectNoLeaf(() => ask({ publicKey: undefined })))).toEqual([400, 'malformed'])
    expect(summary(await expectNoLeaf(() => ask({ publicKey: 'ssh-ed25519 AAAA' })))).toEqual([400, 'malformed'])
    const other = await office.job({ run_id: '99' })
    expect(summary(await ask({}, other.token))).toEqual([403, 'wrong_principal'])
    expect((await ask({}, story.ana.token)).status).toBe(403)
    const granted = await ask({})
    const { grant } = granted.body.result
    expect(summary(await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: other.token }))).toEqual([
      403,
      'policy_refused',
    ])
    expect((await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: job.token })).status).toBe(200)
    expect(summary(await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: job.token }))).toEqual([
      403,
      'grant_ended',
    ])
    const { body } = await office.get('/api/v1/grants', story.ana.token)
    expect(body.grants.find((listed: { grant: string }) => listed.grant === grant)).toMatchObject({
      cause: 'returned',
      target: 'web',
    })
  })

  test('that the target cannot make ends its grant, and says so', async () => {
    const database = { target: 'db', kind: 'postgres', address: '127.0.0.1:1', database: 'shop', parentRole: 'app' }
    expect((await office.post('/api/v1/targets', database, story.ana.token)).status).toBe(201)
    const environment = { ...ENVIRONMENT, targets: ['web', 'db'] }
    expect((await office.post('/api/v1/environments', environment, story.ana.token)).status).toBe(201)
    const { release, job } = await approved()
    const answer = await office.post('/api/v1/grants', { release, target: 'db' }, job.token)
    expect(summary(answer)).toEqual([502, 'mint_failed'])
    const { body } = await office.get('/api/v1/grants', story.ana.token)
    const failed = body.grants.find(({ leafIndex }: { leafIndex: number }) => leafIndex === answer.body.leafIndex)
    expect(failed.cause).toBe('mint_failed')
    expect(office.reports.at(-1)).toMatch(/db/)
  })
})

describe('what administrators set up', () => {
  test('names files of the server only to whom may name them', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'countersign-admin-'))
    const database = { target: 'db2', kind: 'postgres', address: '127.0.0.1:1', database: 'shop', parentRole: 'app' }
    const define = (adminFile: string, as: string) => office.post('/api/v1/targets', { ...database, adminFile }, as)
    try {
      const file = join(directory, 'admin')
      await writeFile(file, 'postgres://localhost/', { mode: 0o644 })
      expect(summary(await expectNoLeaf(() => define(join(directory, 'nothing'), story.ana.token)))).toEqual([
        400,
        'admin_file_unusable',
      ])
      expect(summary(await expectNoLeaf(() => define(file, story.ana.token)))).toEqual([400, 'admin_file_unusable'])
      const [there, nowhere] = [
        await define(file, story.dana.token),
        await define(join(directory, 'nothing'), story.dana.token),
      ]
      expect([summary(there), summary(nowhere)]).toEqual([
        [403, 'policy_refused'],
        [403, 'policy_refused'],
      ])
      expect(there.body.detail).toBe(nowhere.body.detail)
      await writeFile(join(directory, 'good'), 'postgres://localhost/', { mode: 0o600 })
      const good = await define(join(directory, 'good'), story.ana.token)
      expect(good.status).toBe(201)
      expect(good.body.leaf).not.toContain(directory)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('is refused where it makes no sense', async () => {
    const post = (path: string, body: object) => office.post(`/api/v1/${path}`, body, story.ana.token)
    const people = { handle: 'x', name: 'X', email: 'x@acme.example', zone: 'Mars/Olympus', roles: [] }
    for (const [path, body, place] of [
      ['people', people, /^body\.zone: not a time zone/],
      ['people', { ...people, zone: 'UTC', handle: 'Not A Handle' }, /^body\.handle/],
      ['people', { ...people, zone: 'UTC', email: 'a,b@c.example' }, /^body\.email/],
      ['repositories', { repository: 'a/b', protectedRefs: [], doorKey: 'AAAA' }, /^body\.doorKey/],
      ['issuers', { issuer: 'https://x.example', kind: 'github', audience: 'other' }, /^body\.audience/],
      ['issuers', { issuer: 'javascript:alert(1)', kind: 'github' }, /^body\.issuer/],
      ['targets', { target: 'p', kind: 'postgres', address: 'h:1' }, /^body\.parentRole/],
      ['targets', { target: 'p', kind: 'ssh', address: 'h:1', hostKey: 'nope' }, /^body\.hostKey/],
      ['targets', { target: 'p', kind: 'ssh', address: 'h 1' }, /^body\.address/],
      ['environments', { ...ENVIRONMENT, approvals: -1 }, /^body\.approvals/],
      ['keys', { format: 'ssh', publicKey: 'ssh-dss AAAA' }, /./],
    ] as const) {
      const answer = await expectNoLeaf(() => post(path, body))
      expect(answer.status, path).toBe(400)
      expect(answer.body.detail).toMatch(place)
    }
  })

  test('keeps the policies in force when the new ones are not valid, and says what is wrong', async () => {
    const { digest } = office.port.ledger.policies
    const files = { ...readShipped(), 'broken.cedar': '@id("broken")\npermit (principal, action, resouce);' }
    const answer = await office.post('/api/v1/policies', { files }, story.ana.token)
    expect(summary(answer)).toEqual([403, 'policy_invalid'])
    expect(answer.body.facts.problems[0]).toMatch(/^broken\.cedar/)
    expect(office.port.ledger.policies.digest).toBe(digest)
    expect(summary(await office.post('/api/v1/policies', { files: readShipped() }, story.dana.token))).toEqual([
      403,
      'policy_refused',
    ])
  })

  test('cannot be given to oneself, and ends with the person', async () => {
    const self = await office.post('/api/v1/people/@ana/roles', { role: 'approver' }, story.ana.token)
    expect(summary(self)).toEqual([403, 'policy_refused'])
    expect(self.body.detail).not.toBe('The policies in force do not permit this.')
    expect(
      summary(await expectNoLeaf(() => office.post('/api/v1/people/@nobody/roles', { role: 'x' }, story.ana.token))),
    ).toEqual([404, 'not_found'])
    const past = { role: 'auditor', until: '2020-01-01T00:00:00Z' }
    expect(summary(await expectNoLeaf(() => office.post('/api/v1/people/@ben/roles', past, story.ana.token)))).toEqual([
      400,
      'malformed',
    ])
    const revoked = await office.post(
      '/api/v1/people/@cleo/revocation',
      { reason: 'left the company' },
      story.ana.token,
    )
    expect(revoked.body.result).toEqual({ loginsEnded: 1, grantsEnded: 0, stillLive: [] })
    expect(summary(await office.get('/api/v1/overview', story.cleo.token))).toEqual([401, 'login_revoked'])
  })
})
