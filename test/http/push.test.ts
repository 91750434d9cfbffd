import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { base64 } from '../../src/bytes/text.ts'
import { createRepository, hasTool } from '../world/repository.ts'
import { createDoor, doorToken, Office, type Answer } from './office.ts'
import { createCommit, createSigningKey, pushOf, setUp, ZERO, type Story } from './story.ts'

let story: Story
let office: Office
beforeAll(async () => {
  office = await Office.open()
  story = await setUp(office)
})
afterAll(() => office[Symbol.asyncDispose]())

const summary = ({ status, body }: Answer) => [status, body.code]
const push = ({ id, object }: ReturnType<typeof createCommit>) => office.push(story.door, pushOf(id, object))

async function expectNoLeaf(ask: () => Promise<Answer>): Promise<Answer> {
  const before = office.size
  const answer = await ask()
  expect(office.size).toBe(before)
  return answer
}

describe('a door', () => {
  const signed = () => {
    const { id, object } = createCommit(story.key)
    return JSON.stringify({ repository: 'acme/shop', ...pushOf(id, object) })
  }
  const knock = (as: string, body = signed()) => office.ask('POST', '/api/v1/pushes', { as, body })

  test('is heard once for each request that it signs', async () => {
    const body = signed()
    const as = doorToken(story.door, body, Date.now())
    expect((await knock(as, body)).status).toBe(201)
    expect(summary(await expectNoLeaf(() => knock(as, body)))).toEqual([401, 'door_replayed'])
  })

  test.each([
    ['for another body', () => doorToken(story.door, 'other', Date.now()), 'door_unknown'],
    ['with another key', () => doorToken(createDoor('acme/shop'), '', Date.now()), 'door_unknown'],
    [
      'of another repository',
      () => doorToken({ ...story.door, repository: 'acme/other' }, '', Date.now()),
      'door_unknown',
    ],
    ['to another log', () => doorToken(story.door, '', Date.now(), { aud: 'other.example' }), 'door_unknown'],
    ['that is no token', () => 'Door a.b.c', 'door_unknown'],
    ['of a person', () => `Bearer ${story.ana.token}`, 'sign_in_needed'],
  ])('is not heard %s', async (_, as, code) => {
    expect(summary(await expectNoLeaf(() => knock(as())))).toEqual([401, code])
  })

  test.each([
    ['too old', { iat: 1_000, exp: 1_060 }],
    ['from the future', { iat: 5_000_000_000, exp: 5_000_000_060 }],
    ['good for too long', { exp: 5_000_000_000 }],
  ])('is not heard when its request is %s', async (_, claims) => {
    const body = signed()
    const as = doorToken(story.door, body, Date.now(), claims)
    expect(summary(await expectNoLeaf(() => knock(as, body)))).toEqual([401, 'door_stale'])
  })

  test('speaks for its own repository alone', async () => {
    const other = createDoor('acme/other')
    const registered = { repository: other.repository, protectedRefs: [], doorKey: other.publicKey }
    expect((await office.post('/api/v1/repositories', registered, story.ana.token)).status).toBe(201)
    const { id, object } = createCommit(story.key)
    const answer = await expectNoLeaf(() => office.push(other, { repository: 'acme/shop', ...pushOf(id, object) }))
    expect(summary(answer)).toEqual([401, 'door_unknown'])
  })

  test('must send commits that are commits, and not too many', async () => {
    const { id } = createCommit(story.key)
    const updates = pushOf(id, new Uint8Array()).updates
    for (const [object, path] of [
      ['!', 'body.commits.0.object'],
      [base64.encode(Buffer.from('tree')), 'body.commits.0.object'],
    ]) {
      const answer = await expectNoLeaf(() => office.push(story.door, { updates, commits: [{ object }] }))
      expect([...summary(answer), answer.body.facts.path]).toEqual([400, 'malformed', path])
    }
    const many = { updates, commits: Array.from({ length: 201 }, () => ({ object: 'AAAA' })) }
    expect(summary(await expectNoLeaf(() => office.push(story.door, many)))).toEqual([413, 'too_large'])
    const huge = { updates, commits: [{ object: 'A'.repeat(17 << 20) }] }
    expect(summary(await expectNoLeaf(() => office.push(story.door, huge)))).toEqual([413, 'too_large'])
  })
})

describe('a push', () => {
  test('that is not signed is refused with the commit, the rule and the way out', async () => {
    const commit = createCommit()
    const answer = await push(commit)
    expect(summary(answer)).toEqual([403, 'unsigned'])
    expect(answer.body).toMatchObject({
      detail: 'The commit is not signed.',
      policies: ['unsigned-commits'],
      facts: { commit: commit.id, rule: 'unsigned-commits', fix: expect.stringMatching(/^countersign git setup/) },
      receipt: { outcome: 'refused', type: 'repository.refused' },
    })
  })

  test('signed by a key that nobody enrolled is refused, and names the key', async () => {
    const answer = await push(createCommit(createSigningKey()))
    expect(summary(answer)).toEqual([403, 'unknown_key'])
    expect(answer.body.facts.key).toMatch(/^SHA256:/)
  })

  test('whose signature is over something else is refused', async () => {
    const { object } = createCommit(story.key)
    const forged = Buffer.from(Buffer.from(object).toString('latin1').replace('Sell shoes', 'Give shoes'), 'latin1')
    const { createHash } = await import('node:crypto')
    const id = createHash('sha1').update(`commit ${forged.length}\0`).update(forged).digest('hex')
    expect(summary(await office.push(story.door, pushOf(id, forged)))).toEqual([403, 'bad_signature'])
  })

  test('in the name of another author is refused; an unknown co-author is not', async () => {
    const foreign = await push(createCommit(story.key, { email: 'ben@acme.example' }))
    expect(summary(foreign)).toEqual([403, 'author_mismatch'])
    expect(foreign.body.facts.signer).toBe('dana')
    const message = 'Sell shoes\n\nCo-authored-by: Zoe <zoe@elsewhere.example>\nCo-authored-by: Ben <ben@acme.example>'
    const accepted = await push(createCommit(story.key, { message }))
    expect([accepted.status, accepted.body.result]).toEqual([201, { accepted: true, commits: 1 }])
    const [{ authors }] = JSON.parse(accepted.body.leaf).data.event.commits
    expect(authors).toEqual([story.ben.id, story.dana.id].sort())
  })

  test('whose history is not known here is refused', async () => {
    const answer = await push(createCommit(story.key, { parent: 'a'.repeat(40), message: 'orphan' }))
    expect(summary(answer)).toEqual([403, 'history_missing'])
  })

  test('that rewrites or deletes a protected branch is refused', async () => {
    const { id, object } = createCommit(story.key, { message: 'rewritten' })
    const {
      updates: [update],
      commits,
    } = pushOf(id, object, 'b'.repeat(40), 'refs/heads/main')
    const forced = await office.push(story.door, { updates: [{ ...update, isForced: true }], commits })
    expect(summary(forced)).toEqual([403, 'forced_push'])
    const deleted = await office.push(story.door, { updates: [{ ...update, newId: ZERO }], commits: [] })
    expect(summary(deleted)).toEqual([403, 'deletion'])
  })

  test('keeps who pushed, and from where, out of the leaf', async () => {
    const { id, object } = createCommit(story.key, { message: 'personal' })
    const { body } = await office.push(story.door, { ...pushOf(id, object), pusher: 'dana-the-unix-user' })
    expect(body.leaf).not.toMatch(/dana-the-unix-user|127\.0\.0\.1|lightMyRequest/)
    const { body: shown } = await office.get(`/api/v1/leaves/${body.leafIndex}`, story.ana.token)
    expect(shown.disclosures.map(({ name }: { name: string }) => name).sort()).toEqual(['ip', 'pusher', 'userAgent'])
  })

  test('signed by somebody who was revoked is refused', async () => {
    const eve = await office.person(story.ana, 'eve', ['developer'])
    const key = createSigningKey()
    await office.post('/api/v1/keys', { format: 'ssh', publicKey: key.line }, eve.token)
    await office.post('/api/v1/people/@eve/revocation', { reason: 'left' }, story.ana.token)
    expect(summary(await push(createCommit(key, { message: 'eve' })))).toEqual([403, 'signer_inactive'])
  })
})

describe.skipIf(!hasTool('gpg', '--version'))('a push signed with OpenPGP', () => {
  test('is accepted once its key is enrolled, also when a subkey signs', async () => {
    using repository = createRepository()
    const armored = repository.gpgKey('dana@acme.example')
    repository.git('config', 'user.signingkey', 'dana@acme.example')
    const id = repository.commit('Sell shoes', '-S')
    const commit = { id, object: repository.read(id) }
    expect(summary(await push(commit))).toEqual([403, 'unknown_key'])
    const enrolled = await office.post('/api/v1/keys', { format: 'openpgp', publicKey: armored }, story.dana.token)
    expect([enrolled.status, enrolled.body.result.key]).toEqual([201, expect.stringMatching(/^[0-9a-f]{40}$/)])
    const accepted = await push(commit)
    expect(accepted.status).toBe(201)
    const kinds = JSON.parse(accepted.body.leaf).data.evidence.map(({ kind }: { kind: string }) => kind)
    expect(kinds).toEqual(['commits', 'openpgp-key'])
    const { body: plain } = await push(createCommit(story.key, { message: 'by SSH' }))
    expect(JSON.parse(plain.leaf).data.evidence).toHaveLength(1)
  })
})
