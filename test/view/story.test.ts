import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTrail } from '../../src/index/trail.ts'
import * as shape from '../../src/control/view/shape.ts'
import { isLeaves } from '../../src/control/view/search.ts'
import { Views } from '../../src/control/view/views.ts'
import { indexInto } from '../world/local-link.ts'
import { ARTIFACT, finish, logStatus, NOON, tellStory, type Story } from './story.ts'

let story: Story
beforeAll(async () => (story = await tellStory()))
afterAll(() => story[Symbol.asyncDispose]())

async function search(q: string, views = story.views) {
  const answer = await views.leaves({ q, limit: 500 })
  if (!isLeaves(answer)) throw new Error(answer.problem)
  return shape.leaves.parse(answer)
}
const sentences = async (q: string) => (await search(q)).rows.map(({ who, sentence }) => `${who.name} ${sentence}`)

test('the trail tells the story in sentences', async () => {
  const short = story.commit.slice(0, 7)
  expect(
    (await sentences('type:repository.* type:login.opened type:approval.* type:release.* type:build.*')).slice(0, 8),
  ).toEqual([
    `mara signed approval of shop ${short} to production`,
    `ivo was refused approval of shop ${short} to production: nobody approves what they wrote or asked for`,
    `acme/shop run 12/1 asked to release shop ${short} to production; 2 approvals needed`,
    `acme/shop run 12/1 attested that shop.tar was built from acme/shop ${short}`,
    `acme/shop run 12/1 was refused the release of ${ARTIFACT.slice(7, 14)} to production: no accepted build made this artifact`,
    `acme/shop run 12/1 signed in with the token of its CI for 1 hour, running main ${short}`,
    `Countersign accepted 1 commit signed by ivo to acme/shop main (${short})`,
    expect.stringMatching(/^Countersign refused a push to acme\/shop main: the commit is not signed \([0-9a-f]{7}\)$/),
  ])
})

test('people are found by handle, by name in a sentence, and by id; nobody of another name is', async () => {
  expect((await search('who:@mara type:approval.given')).total).toBe(1)
  expect((await search('mara type:principal.invited')).total).toBe(1)
  expect((await search(`who:${story.people.mara.id} type:approval.given`)).total).toBe(1)
  expect((await search('who:@nobody')).total).toBe(0)
  expect(await story.views.leaves({ q: 'shoe:size' })).toEqual({
    at: 0,
    problem: expect.stringContaining('no field') as string,
  })
})

test('a page of the trail continues where the one before ended', async () => {
  const first = (await story.views.leaves({ limit: 5 })) as shape.Leaves
  const second = (await story.views.leaves({ limit: 5, before: first.next })) as shape.Leaves
  expect(second.rows[0]!.leafIndex).toBe(first.rows[4]!.leafIndex - 1)
  expect(first.total).toBe(story.company.instance.log.size)
})

test('a waiting release shows who may sign it and why others may not', async () => {
  const { views, people, release } = story
  const seen = shape.release.parse(await views.release(release, people.ivo.caller))
  expect(seen.state).toBe('waiting')
  expect([seen.given, seen.required]).toEqual([1, 2])
  expect(seen.canApprove.map(({ name }) => name)).toEqual(['li'])
  expect(seen.you).toMatchObject({ canApprove: false, because: expect.stringContaining('You wrote') as string })
  expect(seen.you.who?.map(({ name }) => name)).toEqual(['li'])
  expect(views.releaseSummary(release, people.li.caller)?.you.canApprove).toBe(true)
  expect(views.releaseSummary(release, people.mara.caller)?.you.because).toMatch(/signed this release already/)
  expect(views.releaseSummary(release, people.ana.caller)?.you.because).toMatch(/no rule of this environment/i)
  expect(views.releaseSummary(release)?.you.because).toMatch(/sign in/)
  expect(views.releaseSummary(release, story.job.caller)?.you.because).toMatch(/Only people/)
})

test('a release shows its six stations, commits, rules and risks', async () => {
  const seen = shape.release.parse(await story.views.release(story.release, story.people.li.caller))
  expect(seen.stations.map(({ key, state }) => `${key} ${state}`)).toEqual([
    'source done',
    'build done',
    'artifact done',
    'policy done',
    'approvals waiting',
    'deploy todo',
  ])
  expect(seen.stations.map(({ binding }) => binding)).toContain(story.commit)
  expect(seen.commits).toMatchObject([
    {
      id: story.commit,
      subject: 'Sell shoes',
      authorName: 'Ivo of the company',
      signer: { name: 'ivo' },
      signature: { format: 'ssh', verified: true },
    },
  ])
  expect(seen.approvals).toMatchObject([{ by: { name: 'mara', software: true }, userVerified: true, software: true }])
  expect(seen.rules.filter(({ ok }) => !ok).map(({ text }) => text)).toEqual([
    '2 people with the role approver must sign',
  ])
  expect(seen.risks.map(({ kind }) => kind)).toEqual([
    'new_author',
    'new_key',
    'first_release',
    'software_passkey',
    'alert',
  ])
  expect(seen.credentialIds).toEqual([story.people.li.passkey.credentialId])
  expect(seen.effect).toBe(
    'At once, acme/shop run 12/1 may obtain credentials for web (ssh), each for 2 minutes, and only this job.',
  )
  expect(JSON.parse(seen.statement)).toMatchObject({ predicate: { release: story.release, environment: 'production' } })
  expect(seen.requestedBy).toMatchObject({ name: 'acme/shop run 12/1', kind: 'job' })
})

test('a release is found by its fingerprint, however it is typed', async () => {
  const { fingerprint } = story.views.releaseSummary(story.release)!
  for (const typed of [fingerprint, fingerprint.toLowerCase(), fingerprint.replace('-', '')])
    expect(story.views.find(typed)?.release).toBe(story.release)
  expect(story.views.find('0000-0000')).toBeUndefined()
})

test('the overview names what needs whom', async () => {
  const { views, people } = story
  const ofLi = shape.overview.parse(await views.overview(people.li.caller))
  // One alert for the push, and one for the roles that came with four invitations in a row.
  expect(ofLi.needsYou.map(({ kind }) => kind)).toEqual(['approval', 'alert', 'alert'])
  expect(ofLi.privilege).toEqual({ grantsLive: 0, peopleWithRoles: 4, jobsLive: 1 })
  expect(ofLi.last24h.byReason).toEqual(
    expect.arrayContaining([
      { reason: 'unsigned', count: 1 },
      { reason: 'own_release', count: 1 },
    ]),
  )
  expect(ofLi.last24h.refused).toBe(3)
  expect((await views.overview(people.ivo.caller)).needsYou.map(({ kind }) => kind)).toEqual(['alert', 'alert'])
})

test('a leaf is shown whole, with a proof and its neighbours', async () => {
  const [row] = (await search('type:approval.refused')).rows
  const seen = shape.leafDetail.parse(await story.views.leaf(row!.leafIndex))
  expect(seen.row).toEqual(row)
  expect(JSON.parse(seen.leaf)).toMatchObject({ type: 'dev.countersign.approval.refused.v1' })
  expect(seen.facts).toContainEqual({ label: 'Author', value: 'yes', ok: false })
  expect(seen.evidence).toMatchObject([{ kind: 'passkey-assertion' }])
  expect(seen.evidence[0]!.size).toBeGreaterThan(100)
  expect(seen.neighbours.before.at(-1)?.leafIndex).toBe(row!.leafIndex - 1)
  expect(seen.neighbours.after[0]?.leafIndex).toBe(row!.leafIndex + 1)
  expect(await story.views.leaf(1_000_000)).toBeUndefined()
  expect(await story.views.leaf(1.5)).toBeUndefined()
})

test('settings, people and policies are listed with their leaves', async () => {
  const { views } = story
  const { people } = shape.people.parse({ people: views.people() })
  expect(people.map(({ who }) => who.name)).toEqual(['ana', 'ivo', 'mara', 'li'])
  expect(people[1]).toMatchObject({
    keys: [{ format: 'ssh' }],
    passkeys: 1,
    enrolled: true,
    who: { label: 'ivo of the company' },
  })
  shape.repositories.parse({ repositories: views.repositories() })
  shape.targets.parse({ targets: views.targets() })
  shape.issuers.parse({ issuers: views.issuers() })
  const { environments } = shape.environments.parse({ environments: views.environments() })
  expect(environments).toMatchObject([{ grantLifetimeSeconds: 120, requestLifetimeSeconds: 1_800 }])
  const policies = shape.policySet.parse(await views.policies())
  expect(policies.files.flatMap(({ ids }) => ids).sort()).toEqual([...story.company.instance.ledger.policies.ids])
})

test('once deployed, every identifier leads to the whole chain', async () => {
  const { serial } = await finish(story)
  const { views, commit, release, trail } = story
  const { fingerprint } = views.releaseSummary(release)!
  const names = [ARTIFACT, ARTIFACT.slice(7), ARTIFACT.slice(7, 19), commit, commit.slice(0, 7), release, fingerprint]
  const grant = (await views.grants())[0]!
  const requested = (await search('type:release.requested')).rows[0]!.leafIndex
  for (const name of [...names, grant.grant, String(serial), String(requested)]) {
    const why = shape.why.parse(await views.why(name))
    expect([name, why.chain.map(({ title }) => title)]).toEqual([
      name,
      ['Commit', 'Push', 'Build', 'Provenance', 'Request', 'Approval', 'Credential', 'Deploy'],
    ])
  }
  const { chain, subject } = (await views.why(ARTIFACT))!
  expect(subject).toEqual({ kind: 'artifact', id: ARTIFACT })
  const entries = (title: string) => chain.find((part) => part.title === title)!.entries
  expect(entries('Commit')[0]).toMatchObject({
    who: { name: 'ivo' },
    sentence: `signed ${commit.slice(0, 7)} “Sell shoes”`,
  })
  expect(entries('Approval').map(({ who, sentence }) => `${who.name} ${sentence.split(' of ')[0]}`)).toEqual([
    'ivo was refused approval',
    'mara signed approval',
    'li signed approval',
  ])
  expect(entries('Credential')[0]!.facts).toContainEqual({ label: 'Serial', value: String(serial) })
  expect(entries('Credential')[0]!.from).toMatchObject({ ip: '198.51.100.9', userAgent: 'a client' })
  expect(entries('Credential').map(({ sentence }) => sentence)).toContain('handed back the certificate for web')
  expect(entries('Deploy')).toHaveLength(1)
  expect(chain.flatMap(({ entries: all }) => all).every(({ leafIndex }) => leafIndex < trail.size)).toBe(true)
  expect(await views.why('no-such-thing')).toBeUndefined()
  expect(await views.why('')).toBeUndefined()
})

test('a deployed release is what the next one is compared with', async () => {
  const seen = shape.release.parse(await story.views.release(story.release))
  expect(seen.state).toBe('deployed')
  expect(seen.stations.at(-1)).toMatchObject({ state: 'done', headline: 'deployed' })
  expect(seen.commits.map(({ id }) => id)).toEqual([story.commit])
  expect(seen.grants).toMatchObject([{ target: 'web', cause: 'returned', cleared: false }])
  expect(seen.canApprove).toEqual([])
  expect(seen.effect).toMatch(/^Nothing more/)
  shape.releases.parse(await story.views.releases({ state: 'deployed' }))
  expect((await story.views.releases({ state: 'waiting' })).releases).toEqual([])
})

test('what a person did is one look away', async () => {
  const why = shape.why.parse(await story.views.why('@mara'))
  expect(why.subject).toEqual({ kind: 'person', id: story.people.mara.id })
  expect(why.chain.map(({ title }) => title)).toEqual(['Approval', 'Other'])
})

test('a trail rebuilt from the log is the very same, and so is one that lacks the newest leaves', async () => {
  const { company, trail, views, indexing } = story
  const rebuilt = openTrail({ file: ':memory:', origin: 'log.example' })
  const { ledger, evidence } = company.instance
  const clock = () => company.instance.clock()
  await using other = indexInto(rebuilt, ledger, clock)
  const again = new Views({ ledger, evidence, trail: other, logStatus, clock })
  await Promise.all([other.catchUp(), indexing.catchUp()])
  const all = Array.from({ length: trail.size }, (_, index) => index)
  expect(rebuilt.rows(all)).toEqual(trail.rows(all))
  for (const q of ['', 'id:' + story.commit.slice(0, 9), 'type:grant.*', 'mara'])
    expect(await again.leaves({ q, limit: 500 })).toEqual(await views.leaves({ q, limit: 500 }))
})

test('a trail of another log is thrown away, and gaps are filled from the log', async () => {
  const { company, trail } = story
  const { ledger } = company.instance
  const foreign = openTrail({ file: ':memory:', origin: 'log.example' })
  foreign.append(trail.rows([0, 1, 2]).map((row) => ({ ...row, id: `other-${row.leafIndex}`, identifiers: [] })))
  await using again = indexInto(foreign, ledger, () => company.instance.clock())
  await again.catchUp()
  expect(foreign.rows([0])).toEqual(trail.rows([0]))
  expect(foreign.size).toBe(ledger.publishedSize)
  expect(again.lag).toEqual({ leaves: 0, ms: 0 })
})

test('a damaged leaf is told as such, and hides no other', async () => {
  const { company, indexing: trail, release } = story
  const { ledger, evidence } = company.instance
  const [approval] = (await search('type:approval.given who:@mara')).rows
  const log = onto(ledger.log, {
    leaf: (index: number) =>
      index === approval!.leafIndex ? Promise.reject(new Error(`leaf ${index} was altered`)) : ledger.log.leaf(index),
  })
  const views = new Views({ ledger: onto(ledger, { log }), evidence, trail, logStatus, clock: () => NOON })
  const why = (await views.why(release))!
  const entry = why.chain.flatMap(({ entries }) => entries).find(({ leafIndex }) => leafIndex === approval!.leafIndex)
  expect(entry).toMatchObject({
    sentence: approval!.sentence,
    facts: [{ label: 'Stored bytes', value: `leaf ${approval!.leafIndex} was altered` }],
  })
  expect(why.chain).toHaveLength(8)
  expect((await views.release(release))!.approvals.map(({ userVerified }) => userVerified)).toEqual([false, true])
  await expect(views.leaf(approval!.leafIndex)).rejects.toThrow(/was altered/)
})

/** The same object, some members replaced. */
function onto<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(name in replaced ? replaced : target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}

test('no name, address or other personal datum is in the index', async () => {
  const stored = JSON.stringify(story.trail.rows(Array.from({ length: story.trail.size }, (_, index) => index)))
  for (const datum of ['mara', 'ivo', 'of the company', '@acme.example', '192.0.2.7', '198.51.100.9'])
    expect(stored).not.toContain(datum)
})
