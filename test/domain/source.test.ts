/** What comes into a repository, and what is built from it: judged by commits and their parents, not by what somebody says. */

import { expect, test } from 'vitest'
import { utf8 } from '../../src/bytes/text.ts'
import { claimCommits } from '../../src/domain/claims-of-commits.ts'
import type { Command } from '../../src/domain/command.ts'
import type { Event } from '../../src/domain/event.ts'
import { parseCommit } from '../../src/evidence/git-object.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { artifact, commitId, company, digest, given, ivo, job, jobFacts, NOON, release, type World } from './given.ts'

const key = `SHA256:${'I'.repeat(43)}`
const main = 'refs/heads/main'

function object(letter: string, ...parents: string[]) {
  return { id: commitId(letter), sha256: digest(letter), parents: parents.map(commitId), fingerprint: key }
}

type Move = { ref?: string; from?: string; to: string; repository?: string }

function push(world: World, { ref = main, from = '0', to, repository = 'acme/shop' }: Move, ...claims: object[]) {
  const update = { ref, oldId: commitId(from), newId: commitId(to), isForced: false }
  const command = { type: 'record push', repository, updates: [update] } as Command
  const given_ = { authorships: claims.map(() => ({ authors: [ivo], hasForeignAuthor: false })) }
  return world.when(`system:git-door/${repository}`, command, { claims: claims as never, given: given_ as never })
    .reason
}

test('a push that leaves accepted commits behind is forced, whatever the door says of it', () => {
  const world = given(...company)
  expect(push(world, { from: 'c', to: 'd' }, object('d', 'c'))).toBeUndefined()
  // Not what the door calls forced, nor what it calls old: the head that the log knows counts.
  expect(push(world, { from: 'c', to: 'e' }, object('e', 'c'))).toBe('forced_push')
  expect(push(world, { to: 'e' }, object('e', 'c'))).toBe('forced_push')
  expect(push(world, { from: 'd', to: 'c' })).toBe('forced_push')
  expect(push(world, { from: 'd', to: 'e' }, object('e', 'd', 'c'))).toBeUndefined()
})

test('the same push again is taken: git may have failed behind the door', () => {
  const world = given(...company)
  push(world, { from: 'c', to: 'd' }, object('d', 'c'))
  expect(push(world, { from: 'c', to: 'd' }, object('d', 'c'))).toBeUndefined()
})

test('a branch that is not protected can be rewritten', () => {
  const world = given(...company)
  const ref = 'refs/heads/try'
  expect(push(world, { ref, to: 'd' }, object('d', 'c'))).toBeUndefined()
  expect(push(world, { ref, from: 'd', to: 'e' }, object('e', 'c'))).toBeUndefined()
})

test('a protected branch never points to a commit that nobody judged', () => {
  expect(push(given(...company), { from: 'c', to: 'f' })).toBe('history_missing')
})

const guarded: Event = {
  type: 'repository.registered',
  repository: 'acme/mirror',
  protectedRefs: [main],
  doorKey: 'AA',
  baseline: [],
}

test('a commit that comes into a second repository is still in the first, as it was judged there', () => {
  const world = given(...company, { event: guarded })
  const before = { ...world.state.commits.get(commitId('c'))! }
  expect(push(world, { to: 'c', repository: 'acme/mirror' }, object('c'))).toBeUndefined()
  expect(world.state.commits.get(commitId('c'))).toMatchObject({ ...before, alsoIn: ['acme/mirror'] })
  const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
  expect(world.when(job, ask).outcome).toBe('waiting')
})

test('history that is known in another repository alone is missing in this one', () => {
  const world = given(...company, { event: guarded })
  expect(push(world, { to: 'd', repository: 'acme/mirror' }, object('d', 'c'))).toBe('history_missing')
})

test('a second object with the name of an accepted commit is refused, since SHA-1 names can be made to collide', () => {
  const twin = { ...object('c'), sha256: digest('e') }
  expect(push(given(...company), { from: 'c', to: 'c' }, twin)).toBe('commit_malformed')
})

function attested(letter: string, more: object = {}): { event: Event } {
  const build = `build:00000000${letter.repeat(2)}`
  const made = {
    build,
    repository: 'acme/shop',
    commit: commitId(letter),
    artifacts: [{ name: 'x', digest: artifact }],
  }
  const rest = { builder: 'b', buildType: 't', job, provenance: digest('3') }
  return { event: { type: 'build.attested', ...made, ...rest, ...more } as Event }
}

const pushed = (letter: string, parent: string, repository = 'acme/shop'): { event: Event } => ({
  event: {
    type: 'repository.pushed',
    repository,
    updates: [{ ref: 'refs/heads/try', oldId: commitId('0'), newId: commitId(letter), isForced: false }],
    commits: [{ ...object(letter, parent), signer: ivo, authors: [ivo] }],
  },
})

const ask = { type: 'request release', release, artifact, environment: 'production', nonce: 'n'.repeat(43) } as const
const withoutBuild = company.filter(({ event }) => event.type !== 'build.attested')

test('a job cannot spoil an artifact of others by attesting its digest first', () => {
  const elsewhere = attested('d', { repository: 'acme/mirror' })
  const steps = [{ event: guarded }, pushed('d', 'c', 'acme/mirror'), elsewhere, attested('c')]
  expect(given(...withoutBuild, ...steps).when(job, ask).event).toMatchObject({ commit: commitId('c') })
})

test('what was built from another branch is not released from this one', () => {
  const world = given(...withoutBuild, pushed('d', 'c'), attested('d'))
  expect(world.when(job, ask).reason).toBe('ref_not_allowed')
  const both = given(...withoutBuild, pushed('d', 'c'), attested('d'), attested('c'))
  expect(both.when(job, ask).event).toMatchObject({ commit: commitId('c') })
})

test('an older commit of the branch can be released from its newest: that is a roll-back', () => {
  const later: Event = {
    type: 'login.opened',
    login: 'login:job0000000000000',
    bearerDigest: digest('8'),
    expiresAt: NOON + 3_600_000,
    principal: job,
    method: 'job',
    job: { ...jobFacts, commit: commitId('d') },
    jobKey: 'AA',
  }
  const world = given(...company, pushed('d', 'c'), { event: later })
  expect(world.when(job, ask).event).toMatchObject({ commit: commitId('c') })
})

test('a push is taken from the door of its own repository alone', () => {
  const world = given(...company, { event: guarded })
  const update = { ref: main, oldId: commitId('c'), newId: commitId('d'), isForced: false }
  const command = { type: 'record push', repository: 'acme/shop', updates: [update] } as Command
  const claims = [object('d', 'c')] as never
  expect(world.when('system:git-door/acme/mirror', command, { claims }).reason).toBe('wrong_principal')
  expect(world.when('system:git-door/acme/shop', command, { claims }).reason).toBeUndefined()
})

test('a commit with more parents than a leaf names is refused as such', async () => {
  const parents = Array.from({ length: 17 }, (_, index) => `parent ${index.toString(16).padStart(40, '0')}`)
  const person = 'Ivo <ivo@acme.example> 1763900000 +0100'
  const lines = [`tree ${'4'.repeat(40)}`, ...parents, `author ${person}`, `committer ${person}`, '', 'Merge\n']
  const text = utf8.encode(lines.join('\n'))
  const parsed = parseCommit(text)
  if (isRefusal(parsed)) throw new Error(parsed.because)
  const stream = Buffer.concat([utf8.encode(`${parsed.id} commit ${text.length}\n`), text, utf8.encode('\n')])
  expect(await claimCommits(stream, [], NOON)).toMatchObject([{ id: parsed.id, problem: 'commit_malformed' }])
})
