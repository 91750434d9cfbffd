/** Who decides about a release and why, and what speaks against it: only what facts in the log show, in plain words. */

import { fill, type From } from '../../domain/approval-rule.ts'
import { behind } from '../../domain/build.ts'
import { localTime } from '../../domain/local-time.ts'
import type { Commit } from '../../domain/commit.ts'
import { freezeOf, type Freeze } from '../../domain/freeze.ts'
import type { Caller } from '../../domain/leaf.ts'
import type { Release } from '../../domain/release.ts'
import { alertWords } from './alert-words.ts'
import { openAlerts } from './alert.ts'
import { before, formatOf } from './commit.ts'
import { count, instantOf, list, short, span } from './phrase.ts'
import type { Risk, Rule } from './shape.ts'
import type { Sight } from './sight.ts'
import { resolveNames, whoOf } from './who.ts'

export function rulesOf(release: Release, commits: readonly Commit[], sight: Sight): Rule[] {
  const { state, at } = sight
  const { approvals, authors, requester, expiresAt, policyDigest, broken, reviewed } = release
  const names = (ids: readonly string[]) => list(ids.map((id) => whoOf(id, sight).name)) || 'nobody'
  const freeze = freezeOf(release.environment, state, release.ended?.at ?? at)
  const unsigned = commits.filter(({ signer }) => signer === undefined)
  const signers = approvals.map(({ by }) => by)
  return [
    ...fill(release, state, release.ended?.at ?? at).rules.map(({ rule: { count: wanted, from }, by }) => ({
      text: `${count(wanted, 'person', 'people')} ${fromWords(from, names)} must sign`,
      ok: by.length >= wanted,
      detail: `${by.length} of ${wanted}: ${names(by)}`,
    })),
    ...(broken ? [brokenRule(broken, reviewed, names)] : []),
    {
      text: 'Nobody approves what they wrote',
      ok: !signers.some((person) => authors.includes(person)),
      detail: `written or signed by ${names(authors)}`,
    },
    {
      text: 'Whoever asks does not answer',
      ok: !signers.some((person) => person === requester),
      detail: `asked by ${names([requester])}`,
    },
    {
      text: 'Every commit is signed by somebody enrolled here',
      ok: unsigned.length === 0 && commits.length > 0,
      detail:
        unsigned.length > 0
          ? `not signed: ${list(unsigned.slice(0, 5).map(({ id }) => short(id)))}`
          : count(commits.length, 'commit'),
    },
    {
      text: 'The artifact was built by an attested job from that commit',
      ok: behind(release, state) !== undefined,
      detail: `${release.artifactName} ${short(release.artifact)} from ${short(release.commit)}`,
    },
    {
      text: `${release.environment} is open`,
      ok: freeze === undefined,
      detail: freeze === undefined ? 'not frozen' : frozenWords(freeze, sight),
    },
    { text: 'It is signed in time', ok: isInTime(release, at), detail: `until ${instantOf(expiresAt)}` },
    {
      text: 'The policies are those it was asked under',
      ok: policyDigest === state.policy?.digest,
      detail: `policy set ${short(policyDigest)}`,
    },
  ]
}

type Names = (ids: readonly string[]) => string

function fromWords(from: From, names: Names): string {
  if ('role' in from) return `with the role ${from.role}`
  return 'group' in from ? `of the group ${from.group}` : `among ${names(from.people)}`
}

function brokenRule({ by }: NonNullable<Release['broken']>, reviewed: Release['reviewed'], names: Names): Rule {
  const judged = reviewed ? `judged ${reviewed.verdict} by ${names([reviewed.by])}` : 'not judged by anybody yet'
  return { text: `${names([by])} broke the glass`, ok: reviewed?.verdict === 'justified', detail: judged }
}

function frozenWords({ by, until }: Freeze, sight: Sight): string {
  return `frozen by ${whoOf(by, sight).name}${until === undefined ? '' : ` until ${instantOf(until)}`}`
}

function isInTime({ expiresAt, approvals, required, ended }: Release, at: number): boolean {
  return expiresAt > at || ended !== undefined || approvals.length >= required
}

const NEW_KEY_MS = 24 * 3_600_000

export function risksOf(
  release: Release,
  commits: readonly Commit[],
  viewer: Caller | undefined,
  sight: Sight,
): Risk[] {
  return together([
    ...newcomers(release, commits, sight),
    ...newKeys(commits, sight),
    ...firstRelease(release, commits, sight),
    ...signatures(commits),
    ...softwarePasskeys(release, sight),
    ...alertsAbout(release, sight),
    ...outOfHours(viewer, sight),
  ])
}

/** What would be said again in the same words is said once, with how often. */
function together(risks: readonly Risk[]): Risk[] {
  const times = new Map<string, number>()
  for (const { text } of risks) times.set(text, (times.get(text) ?? 0) + 1)
  const first = risks.filter(({ text }, index) => risks.findIndex((risk) => risk.text === text) === index)
  return first.map(({ kind, text }) => {
    const often = times.get(text)!
    return { kind, text: often === 1 ? text : `${text.replace(/\.$/, '')} (${often} times).` }
  })
}

function newcomers({ repository }: Release, commits: readonly Commit[], sight: Sight): Risk[] {
  const fresh = new Set(commits.map(({ id }) => id))
  const people = new Set(commits.flatMap(({ signer }) => signer ?? []))
  const isNew = (person: string) => fresh.has(sight.state.firstCommits.get(`${repository} ${person}`) ?? '')
  return [...people].filter(isNew).map((id) => ({
    kind: 'new_author',
    text: `First commit by ${whoOf(id, sight).name} in ${repository}.`,
  }))
}

function newKeys(commits: readonly Commit[], { state }: Sight): Risk[] {
  const used = new Map(commits.map((commit) => [commit.fingerprint, commit]))
  return [...used].flatMap(([fingerprint, commit]) => {
    const key = state.keys.get(fingerprint ?? '')
    if (!key || commit.at - key.enrolledAt >= NEW_KEY_MS) return []
    const age = Math.max(1, Math.round((commit.at - key.enrolledAt) / 60_000)) * 60_000
    return [
      { kind: 'new_key', text: `The key that signed ${short(commit.id)} was enrolled ${span(age)} before its push.` },
    ]
  })
}

function firstRelease(release: Release, commits: readonly Commit[], { state }: Sight): Risk[] {
  if (before(release, state)) return []
  const text = `First release of ${release.repository} to ${release.environment}: all ${count(commits.length, 'commit')} since it was registered here are new there.`
  return [{ kind: 'first_release', text }]
}

function signatures(commits: readonly Commit[]): Risk[] {
  const of = (format: string) => commits.filter(({ fingerprint }) => formatOf(fingerprint) === format)
  const unsigned = of('none')
  const openpgp = of('openpgp')
  return [
    ...(unsigned.length > 0 ? [{ kind: 'unsigned', text: `Not signed: ${count(unsigned.length, 'commit')}.` }] : []),
    ...(openpgp.length > 0
      ? [{ kind: 'openpgp', text: `Signed with OpenPGP rather than an SSH key: ${count(openpgp.length, 'commit')}.` }]
      : []),
  ]
}

function softwarePasskeys({ approvals }: Release, sight: Sight): Risk[] {
  const by = approvals.filter(({ isSoftware }) => isSoftware).map((approval) => whoOf(approval.by, sight).name)
  return by.length === 0
    ? []
    : [
        {
          kind: 'software_passkey',
          text: `Signed with a software passkey, from a file and not from hardware: ${list(by)}.`,
        },
      ]
}

function alertsAbout({ authors, repository }: Release, sight: Sight): Risk[] {
  const concerns = openAlerts(sight.state).filter(
    ({ about, repository: where }) => where === repository || authors.some((author) => author === about),
  )
  return concerns
    .slice(0, 5)
    .toReversed()
    .map((alert) => ({ kind: 'alert', text: `An open alert: ${resolveNames(alertWords(alert), sight)}.` }))
}

function outOfHours(viewer: Caller | undefined, { state, at }: Sight): Risk[] {
  const person = viewer && state.people.get(viewer.id)
  if (!person) return []
  const { weekday, hour, text } = localTime(at, person.zone)
  const { from, to, days } = person.hours
  if (days.includes(weekday) && hour >= from && hour < to) return []
  return [{ kind: 'out_of_hours', text: `It is ${text}, outside your working hours; signing now raises an alert.` }]
}
