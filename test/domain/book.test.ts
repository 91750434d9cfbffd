/** The same history, with all records in memory and with most of them on a shelf: the same decisions, and the same to read afterwards. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../src/bytes/json.ts'
import { Book, type Shelf } from '../../src/domain/book.ts'
import type { Claims } from '../../src/domain/claims.ts'
import type { Command } from '../../src/domain/command.ts'
import { decide } from '../../src/domain/decide.ts'
import { bySerial } from '../../src/domain/grant.ts'
import type { Caller, Given, Leaf } from '../../src/domain/leaf.ts'
import { parseSnapshot, takeSnapshot } from '../../src/domain/snapshot.ts'
import { empty, replay, spell, type Fold, type State } from '../../src/domain/state.ts'
import { ana, artifact, company, digest, job, jobFacts, li, mara, NOON, policies, callerOf } from './given.ts'

const HOUR = 3_600_000

/** Keeps texts, hands out frozen copies, and is asked for everything that was ever moved. */
class Paper implements Shelf {
  readonly #texts = new Map<string, string>()

  get(book: string, key: string): Json | undefined {
    const text = this.#texts.get(`${book}\n${key}`)
    return text === undefined ? undefined : freeze(JSON.parse(text) as Json)
  }

  put(state: State): Uint8Array {
    const { moves, pieces, settle } = takeSnapshot(state)
    for (const { book, key, value } of moves)
      if (value === undefined) this.#texts.delete(`${book}\n${key}`)
      else this.#texts.set(`${book}\n${key}`, JSON.stringify(value))
    settle()
    return Buffer.concat(pieces)
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) freeze(member)
  return Object.freeze(value)
}

type Asked = { readonly by: Caller; readonly command: Command; readonly claims?: Claims; readonly given?: Given }
type Step = {
  readonly kind: string
  readonly a: number
  readonly b: number
  readonly laterMs: number
  readonly tidy: string
}

const kinds = [
  ...[
    'push',
    'merge',
    'login',
    'build',
    'request',
    'approve',
    'decline',
    'grant',
    'return',
    'expire',
    'clear',
    'deploy',
  ],
  ...['fail', 'logout', 'revoke', 'again', 'fire', 'acknowledge', 'sign in', 'unsigned'],
] as const
const laterMs = fc.constantFrom(0, 0, 0, 1_000, 1_000, 60_000, HOUR / 4, 13 * HOUR, 30 * HOUR)
const tidy = fc.constantFrom('', '', '', 'move', 'restart')
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  a: fc.nat(5),
  b: fc.nat(5),
  laterMs,
  tidy,
})

const whole = [
  'push',
  'login',
  'build',
  'request',
  'sign in',
  'approve',
  'sign in',
  'approve',
  'grant',
  'return',
  'clear',
  'deploy',
]
/** A release from its commit on, as far as it comes. */
const story: fc.Arbitrary<Step[]> = fc
  .tuple(fc.nat(5), fc.nat(whole.length), fc.array(tidy, { minLength: 12, maxLength: 12 }), fc.constantFrom(...kinds))
  .map(([n, length, tidies, last]) =>
    [...whole.slice(0, length), last].map((kind, index) => ({
      ...{
        kind: kind === 'return' && n % 2 === 1 ? 'expire' : kind,
        a: n,
        b: kind === 'sign in' || kind === 'approve' ? Math.floor(index / 2) : n,
      },
      ...{ laterMs: 1_000, tidy: tidies[index] ?? '' },
    })),
  )
const alarm: fc.Arbitrary<Step[]> = fc
  .record({ a: fc.nat(5), tidy })
  .map((more) => ['unsigned', 'fire', 'acknowledge'].map((kind) => ({ kind, b: 0, laterMs: 0, ...more })))
const steps: fc.Arbitrary<Step[]> = fc
  .tuple(
    alarm,
    fc.array(
      fc.oneof(
        story,
        alarm,
        step.map((one) => [one]),
      ),
      { minLength: 4, maxLength: 30 },
    ),
  )
  .map(([first, rest]) => [...first, ...rest.flat()])

const idOf = (prefix: string, n: number) => `${prefix}:${String(n).padStart(20, '0')}`
const commitOf = (n: number) => String(n).padStart(40, 'c')
const jobOf = (n: number): Caller => ({
  id: idOf('job', n) as 'job:0',
  kind: 'job',
  login: idOf('login', n) as 'login:0',
})
const system = (name: string): Caller => ({ id: `system:${name}`, kind: 'system' })
const fingerprint = `SHA256:${'I'.repeat(43)}`

/** What is asked; names come from small pools, so that they meet again, used up or not. */
function askedIn({ kind, a, b }: Step, at: number, { due, openAlerts, people }: State): Asked | undefined {
  const release = idOf('release', a) as `release:${string}`
  const grant = idOf('grant', b) as `grant:${string}`
  const approver: Caller = { ...callerOf(b % 2 === 0 ? mara : li), login: loginOf(b % 2 === 0 ? mara : li, people) }
  const signed = { credentialId: b % 2 === 0 ? 'mara' : 'li', isUserVerified: true, isOverStatement: true }
  const push = (parents: string[], problem?: 'unsigned') => ({
    by: system('git-door/acme/shop'),
    command: {
      ...{ type: 'record push', repository: 'acme/shop' },
      updates: [{ ref: `refs/heads/b${b}`, oldId: '0'.repeat(40), newId: commitOf(a), isForced: false }],
    } as Command,
    claims: [{ id: commitOf(a), sha256: digest(String(a)), parents, fingerprint, ...(problem && { problem }) }],
    given: { authorships: [{ authors: [], hasForeignAuthor: false }] },
  })
  switch (kind) {
    case 'push':
      return push(a === 0 ? ['c'.repeat(40)] : [commitOf(a - 1)])
    case 'merge':
      return push([commitOf(Math.max(0, a - 1)), commitOf(Math.max(0, a - 2))])
    case 'unsigned':
      return push([], 'unsigned')
    case 'login': {
      const principal = idOf('job', a) as 'job:0'
      const facts = { ...jobFacts, commit: commitOf(b), tokenDigest: digest(String(a)), tokenExpiresAt: at + HOUR / 12 }
      const opened = { login: idOf('login', a) as 'login:0', bearerDigest: digest(String(a)), expiresAt: at + HOUR }
      const command = { type: 'open job login', ...opened, issuer: jobFacts.issuer, jobKey: 'AA' } as const
      return { by: { id: principal, kind: 'job' }, command, claims: { principal, job: facts } }
    }
    case 'sign in': {
      const opened = { login: idOf('login', at + b) as 'login:0', bearerDigest: digest('f'), expiresAt: at + HOUR }
      const command = { type: 'open login', ...opened, challenge: `AA${at}` } as const
      return { by: { id: approver.id, kind: 'person' }, command, claims: signed }
    }
    case 'build': {
      const said = {
        commit: commitOf(b),
        artifacts: [{ name: 'shop.tar', digest: a % 2 === 0 ? artifact : digest('b') }],
      }
      const builder = `${jobFacts.issuer}/${jobFacts.workflow}`
      const command = { type: 'attest build', build: idOf('build', a) as 'build:0', provenance: digest('3') } as const
      return { by: jobOf(a), command, claims: { ...said, builder, buildType: 't' } }
    }
    case 'request':
    case 'again': {
      const what = { artifact: b % 2 === 0 ? artifact : digest('b'), environment: 'production', nonce: `n${a}` }
      return { by: kind === 'again' ? callerOf(job) : jobOf(b), command: { type: 'request release', release, ...what } }
    }
    case 'approve':
      return { by: approver, command: { type: 'give approval', release }, claims: signed }
    case 'decline':
      return { by: approver, command: { type: 'decline release', release }, claims: signed }
    case 'grant':
      return {
        by: jobOf(b),
        command: { type: 'request grant', grant, release, target: 'web', publicKey: 'ssh-ed25519 AA' },
      }
    case 'return':
      return { by: jobOf(a), command: { type: 'end grant', grant } }
    case 'expire':
      return { by: system('watch'), command: { type: 'expire grant', grant, cause: 'expired' } }
    case 'clear':
      return { by: system('watch'), command: { type: 'clear grant', grant, how: 'expired', terminated: 0 } }
    case 'deploy':
    case 'fail':
      return { by: jobOf(b), command: { type: 'end release', release, exitCode: kind === 'fail' ? 1 : 0 } }
    case 'logout':
      return { by: jobOf(a), command: { type: 'end login', login: idOf('login', a) as 'login:0' } }
    case 'revoke':
      return { by: callerOf(li), command: { type: 'revoke principal', principal: li } }
    case 'fire': {
      const alert = [...due.keys()][0] as `alert:${string}` | undefined
      return alert && { by: system('watch'), command: { type: 'fire alert', alert } }
    }
    default: {
      const alert = ([...openAlerts.keys()][0] ?? idOf('alert', 0)) as `alert:${string}`
      return { by: callerOf(ana), command: { type: 'acknowledge alert', alert } }
    }
  }
}

/** The login that they opened last. */
function loginOf(person: string, people: State['people']): `login:${string}` {
  return people.get(person)?.logins.at(-1) ?? 'login:0000000000'
}

function leafOf(leafIndex: number, at: number, event: Leaf['event'], command: Command, caller: Caller): Leaf {
  const circumstances = { id: 'x', at, sequence: leafIndex, caller, command, evidence: [], given: {} }
  return { ...circumstances, outcome: 'allowed', event }
}

/** Whatever can be asked of both must be answered alike; the plain one knows all keys. */
function compare(plain: State, shelved: State): void {
  for (const [name, member] of Object.entries(plain)) {
    const other = (shelved as unknown as Record<string, unknown>)[name]
    if (!(member instanceof Book)) expect([name, spell(other)]).toEqual([name, spell(member)])
    else
      for (const [key, value] of (member as Book<unknown>).young())
        expect([name, key, (other as Book<unknown>).get(key)]).toEqual([name, key, value])
  }
  for (const name of ['releases', 'grants', 'alerts'] as const) {
    expect([...shelved[name].newest(Infinity)]).toEqual([...plain[name].newest(Infinity)])
    expect([...shelved[name].newest(2)]).toEqual([...plain[name].newest(2)])
  }
  for (const { leafIndex, grant } of plain.grants.newest(Infinity)) {
    expect(bySerial(leafIndex, shelved)?.grant).toBe(grant)
    expect(bySerial(leafIndex - 1, shelved)).toEqual(bySerial(leafIndex - 1, plain))
  }
  expect([shelved.bearers.oldest(), shelved.spentTokens.oldest()]).toEqual([
    plain.bearers.oldest(),
    plain.spentTokens.oldest(),
  ])
}

test('decisions and state do not depend on what lies on the shelf, nor on when it was put there', () => {
  const allowed = new Set<string>()
  fc.assert(
    fc.property(steps, (history) => {
      const paper = new Paper()
      const plain = replay()
      let shelved: Fold = replay(empty(paper))
      let leafIndex = 0
      let at = NOON
      for (const { event, at: when = NOON } of company) {
        const leaf = leafOf(leafIndex, when, event, { type: 'open log' } as unknown as Command, system('test'))
        for (const fold of [plain, shelved]) fold.apply(leaf, leafIndex)
        leafIndex += 1
      }
      for (const one of history) {
        at += one.laterMs
        const asked = askedIn(one, at, plain.state)
        if (!asked) continue
        const { by: caller, command, claims, given = {} } = asked
        const [mine, other] = [plain, shelved].map(({ state }) =>
          decide({ command, caller, claims, given, at }, state, policies),
        )
        expect(other).toEqual(mine)
        if (mine!.outcome !== 'refused') allowed.add(one.kind)
        const leaf = { ...leafOf(leafIndex, at, mine!.event, command, caller), ...mine }
        for (const fold of [plain, shelved]) fold.apply(leaf, leafIndex)
        leafIndex += 1
        if (one.tidy === 'move') paper.put(shelved.state)
        if (one.tidy === 'restart') shelved = replay(parseSnapshot(paper.put(shelved.state), paper))
      }
      compare(plain.state, shelved.state)
    }),
    { numRuns: 150 },
  )
  // A history in which nothing succeeds would show nothing.
  expect(kinds.filter((kind) => kind !== 'unsigned' && !allowed.has(kind))).toEqual([])
})
