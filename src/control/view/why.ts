/**
 * Who put this there, with which permission, from where, who agreed, and what did they do with it: the whole chain behind an
 * identifier, every line with its leaf.
 */

import { behind } from '../../domain/build.ts'
import type { Commit } from '../../domain/commit.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import { commitsOf } from './commit.ts'
import { commitEntries, entryOf } from './entry.ts'
import { grantsOf } from './grant.ts'
import { decisionsOn, observationsOf, openingsOf } from './observed.ts'
import { chainTitles, type ChainEntry, type ChainTitle, type Why } from './shape.ts'
import type { Sight } from './sight.ts'
import { subjectOf, type Subject } from './subject.ts'

const MAX_COMMITS = 50
const MAX_LEAVES = 400

/** Undefined when the log mentions nothing of that name. `question` may be anything that was found anywhere. */
export async function explain(question: string, sight: Sight): Promise<Why | undefined> {
  const subject = await subjectOf(question, sight)
  if (!subject) return undefined
  const commits = commitsBehind(subject, sight)
  const indexes = await leavesBehind(subject, commits, sight)
  const entries = new Map<ChainTitle, ChainEntry[]>(chainTitles.map((title) => [title, []]))
  entries.get('Commit')!.push(...(await commitEntries(commits, sight)))
  for (const { title, entry } of await Promise.all(indexes.map((leafIndex) => entryOf(leafIndex, sight))))
    if (entry) entries.get(title)!.push(entry)
  const chain = [...entries]
    .map(([title, found]) => ({ title, entries: found }))
    .filter(({ entries: found }) => found.length > 0)
  return { question, subject: { kind: subject.kind, id: subject.id }, chain }
}

function commitsBehind({ kind, id, releases }: Subject, { state }: Sight): Commit[] {
  const found = releases.flatMap((release) => commitsOf(state.releases.get(release)!, state))
  const one =
    kind === 'commit'
      ? state.commits.get(id)
      : kind === 'artifact'
        ? state.commits.get(state.builds.get(id)?.commit ?? '')
        : undefined
  return [...new Map([...(one ? [one] : []), ...found].map((commit) => [commit.id, commit])).values()].slice(
    0,
    MAX_COMMITS,
  )
}

/** In the order of the log. From the state what belongs to a release, from the trail whatever else was tried about it. */
async function leavesBehind(
  { releases, leaves }: Subject,
  commits: readonly Commit[],
  sight: Sight,
): Promise<number[]> {
  const own = await gather(releases, async (release) => [
    ...leavesOfRelease(release, sight.state),
    ...(await decisionsOn(release, MAX_LEAVES, sight)),
  ])
  const pushes = commits.map(({ leafIndex }) => leafIndex)
  const known = [...new Set([...leaves, ...own, ...pushes])]
  const jobs = jobsOf(releases, sight.state)
  const logins = await gather(jobs, (job) => openingsOf(job, sight))
  const reports = await gather([...releases, ...jobs], (id) => observationsOf(id, sight))
  // What was decided comes first, where there is too much.
  const chosen = [...new Set([...logins, ...known.sort((a, b) => a - b), ...reports])].slice(0, MAX_LEAVES)
  return chosen.sort((a, b) => a - b)
}

function leavesOfRelease(id: string, state: ReadonlyState): number[] {
  const release = state.releases.get(id)!
  const { leafIndex, approvals, declined, ended } = release
  const grants = grantsOf(id, state).flatMap((grant) => [
    grant.leafIndex,
    ...(grant.cleared ? [grant.cleared.leafIndex] : []),
  ])
  const single = [declined?.leafIndex, ended?.leafIndex, behind(release, state)?.leafIndex].filter(
    (index) => index !== undefined,
  )
  return [leafIndex, ...approvals.map((approval) => approval.leafIndex), ...grants, ...single]
}

function jobsOf(releases: readonly string[], { releases: all, builds }: ReadonlyState): string[] {
  return [
    ...new Set(releases.flatMap((id) => [all.get(id)!.requester, builds.get(all.get(id)!.artifact)?.job ?? []].flat())),
  ]
}

/** One after the other: a long chain does not crowd out what others ask. */
async function gather<T>(from: readonly T[], look: (one: T) => Promise<readonly number[]>): Promise<number[]> {
  const found: number[] = []
  for (const one of from) found.push(...(await look(one)))
  return found
}
