import { expect, test } from 'vitest'
import { utf8 } from '../../src/bytes/text.ts'
import { leafHash } from '../../src/tlog/hash.ts'
import { verifyInclusion } from '../../src/tlog/verify.ts'
import { Office, type Answer } from './office.ts'
import { jobKeyLine, requestRelease, setUp } from './story.ts'

/** The receipt's leaf is in the tree of its checkpoint. */
function expectProven({ body }: Answer): void {
  const { leaf, leafIndex, proof } = body
  const hashes = proof.hashes.map((hash: string) => Buffer.from(hash, 'base64'))
  const root = Buffer.from(proof.rootHash, 'base64')
  expect(verifyInclusion(leafIndex, proof.treeSize, leafHash(utf8.encode(leaf)), hashes, root)).toBe(true)
  expect(proof.checkpoint).toContain(`\n${proof.treeSize}\n${proof.rootHash}\n`)
}

test('a release goes from signed push to deployment, each step with a proven receipt', async () => {
  await using office = await Office.open()
  const story = await setUp(office)
  const { ben, cleo, dana, ana } = story
  const { job, release, artifact } = await requestRelease(story)

  const early = await office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine() }, job.token)
  expect([early.status, early.body.outcome, early.body.result]).toEqual([202, 'waiting', {}])
  expectProven(early)

  const own = await office.decide(dana, release, 'approvals')
  expect([own.status, own.body.code, own.body.detail]).toEqual([
    403,
    'own_release',
    'Nobody approves what they wrote or asked for.',
  ])
  expect(own.headers['content-type']).toMatch(/^application\/problem\+json/)
  expectProven({ ...own, body: own.body.receipt })

  const first = await office.decide(ben, release, 'approvals')
  expect([first.status, first.body.result]).toEqual([201, { given: 1, required: 2 }])
  const second = await office.decide(cleo, release, 'approvals')
  expect(second.body.result).toEqual({ given: 2, required: 2 })
  expectProven(second)

  const granted = await office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine() }, job.token)
  expect(granted.status).toBe(201)
  expect(granted.body.result.credential).toMatchObject({ kind: 'ssh', host: 'web.example', port: 22, user: 'deploy' })
  expect(granted.body.result.credential.serial).toBe(String(granted.body.leafIndex))
  expect(granted.body.leaf).not.toContain(granted.body.result.credential.certificate.slice(0, 60))

  const ended = await office.post(`/api/v1/releases/${release}/outcome`, { exitCode: 0 }, job.token)
  expect(ended.status).toBe(200)
  const { body: shown } = await office.get(`/api/v1/releases/${release}`, ana.token)
  expect([shown.state, shown.given]).toEqual(['deployed', 2])
  const { body: why } = await office.get(`/api/v1/why/${artifact}`, ana.token)
  expect(why.chain.map(({ title }: { title: string }) => title)).toContain('Approval')
})
