/** A git repository under guard: which references are protected, and which commits were accepted by whom. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as commit from './commit.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { Reason } from './reason.ts'
import type { State } from './state.ts'

const update = z.strictObject({ ref: f.ref, oldId: f.commitId, newId: f.commitId, isForced: z.boolean() })

/** As many as fit into one leaf with what is said of each: 65,535 bytes, up to four authors a commit. */
export const MAX_COMMITS = 100

export const events = {
  'repository.registered': z.strictObject({
    repository: f.name,
    ciIssuer: f.url.optional(),
    ciRepositoryId: z.string().max(128).optional(),
    /** Of its owner: where it is given, a repository that went to another owner is not the registered one any more. */
    ciOwnerId: z.string().max(128).optional(),
    protectedRefs: z.array(f.refPattern).max(64),
    doorKey: f.base64.max(256),
    /** Commits that were there before Countersign; what they reach was never judged. */
    baseline: z.array(f.commitId).max(64),
  }),
  'repository.pushed': z.strictObject({
    repository: f.name,
    updates: z.array(update).min(1).max(64),
    commits: z.array(commit.accepted).max(MAX_COMMITS),
  }),
  'repository.refused': z.strictObject({
    repository: f.name,
    updates: z.array(update).max(64),
    commit: f.commitId.optional(),
    fingerprint: z.string().max(128).optional(),
    signer: f.personId.optional(),
  }),
}

export const commands = {
  'register repository': events['repository.registered'].extend({ type: z.literal('register repository') }),
  'record push': z.strictObject({
    type: z.literal('record push'),
    repository: f.name,
    updates: z.array(update).min(1).max(64),
  }),
}

export type RepositoryEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type Repository = z.infer<(typeof events)['repository.registered']> & {
  readonly heads: Map<string, string>
  readonly leafIndex: number
}

export function apply(state: State, event: RepositoryEvent, at: number, leafIndex: number): void {
  if (event.type === 'repository.registered') {
    const { type: _, ...registered } = event
    // A new baseline says that the references moved without us: where they were before says nothing any more.
    const known = event.baseline.length > 0 ? undefined : state.repositories.get(event.repository)
    const heads = known?.heads ?? new Map<string, string>()
    state.repositories.set(event.repository, { ...registered, heads, leafIndex })
  }
  if (event.type === 'repository.pushed') {
    for (const accepted of event.commits) commit.take(state, accepted, { repository: event.repository, at, leafIndex })
    const heads = state.repositories.get(event.repository)?.heads
    for (const { ref, newId } of event.updates)
      if (isNothing(newId)) heads?.delete(ref)
      else heads?.set(ref, newId)
  }
}

type Named = {
  readonly issuer: string
  readonly repository: string
  readonly ciRepositoryId?: string | undefined
  readonly ciOwnerId?: string | undefined
}

/**
 * The registered repository that a CI means. Names are taken over when a repository is renamed or deleted, and every issuer has
 * its own: where an id was registered only that counts, and a name alone counts only while a single issuer is trusted.
 */
export function meantBy(
  { issuer, repository, ciRepositoryId, ciOwnerId }: Named,
  state: State,
): Repository | undefined {
  const ofIssuer = [...state.repositories.values()]
    .filter(({ ciIssuer }) => (ciIssuer === undefined ? state.issuers.size === 1 : ciIssuer === issuer))
    .filter((known) => known.ciOwnerId === undefined || known.ciOwnerId === ciOwnerId)
  return (
    ofIssuer.find((known) => known.ciRepositoryId !== undefined && known.ciRepositoryId === ciRepositoryId) ??
    ofIssuer.find((known) => known.ciRepositoryId === undefined && known.repository === repository)
  )
}

/** Git writes "no commit" as an object name of zeros. */
export function isNothing(id: string): boolean {
  return /^0+$/.test(id)
}

/** `refs/heads/*` covers `refs/heads/a/b` too, as git's own refspecs do. */
export function isProtected(ref: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? ref.startsWith(pattern.slice(0, -1)) : ref === pattern))
}

type Update = z.infer<typeof update>
type Push = z.infer<(typeof commands)['record push']>

/**
 * What the policies are asked about a push: counts of what is wrong with it. A push is forced when the door says so, and also
 * when the head that the log knows is not behind the new one: a door can be wrong.
 */
export function contextOf({ repository, updates }: Push, judged: readonly commit.Judged[], state: State) {
  const count = (reason: Reason) => judged.filter(({ problem }) => problem === reason).length
  const guarded = state.repositories.get(repository)
  const touched = updates.filter(({ ref }) => isProtected(ref, guarded?.protectedRefs ?? []))
  const leavesBehind = ({ ref, newId }: Update) => {
    const head = guarded?.heads.get(ref)
    return head !== undefined && !isNothing(newId) && !commit.reaches(newId, head, judged, state)
  }
  return {
    commits: judged.length,
    unsigned: count('unsigned'),
    unknownKey: count('unknown_key'),
    badSignature: count('bad_signature') + count('commit_malformed'),
    inactiveSigner: count('signer_inactive'),
    authorMismatch: count('author_mismatch'),
    isProtected: touched.length > 0,
    isForced: touched.some((moved) => moved.isForced || leavesBehind(moved)),
    isDeletion: touched.some(({ newId }) => isNothing(newId)),
  }
}

export function push(
  { repository, updates }: Push,
  judged: readonly commit.Judged[],
  { policy, isAllowed }: Answered,
  state: State,
): Decision {
  const refuse = (reason: Reason, about?: commit.Judged) =>
    refused({ type: 'repository.refused', repository, updates, ...(about && commit.identify(about)) }, reason, policy)

  const guarded = state.repositories.get(repository)
  if (!guarded) return refuse('no_such_repository')
  const context = contextOf({ type: 'record push', repository, updates }, judged, state)
  const faulty = judged.find(({ problem }) => problem)
  if (!isAllowed && faulty?.problem) return refuse(faulty.problem, faulty)
  const orphan = judged.find(
    ({ parents }) => !parents.every((parent) => commit.isKnown(parent, judged, guarded, state)),
  )
  if (orphan) return refuse('history_missing', orphan)
  if (updates.some((moved) => pointsNowhere(moved, judged, guarded, state))) return refuse('history_missing')
  if (!isAllowed && context.isDeletion) return refuse('deletion')
  if (!isAllowed && context.isForced) return refuse('forced_push')
  if (!isAllowed) return refuse('policy_refused')
  return allowed({ type: 'repository.pushed', repository, updates, commits: judged.map(commit.accept) }, policy)
}

/** A branch points to a commit; one that is protected, to a commit that was judged. */
function pointsNowhere({ ref, newId }: Update, judged: readonly commit.Judged[], guarded: Repository, state: State) {
  if (isNothing(newId) || !ref.startsWith('refs/heads/') || !isProtected(ref, guarded.protectedRefs)) return false
  return !commit.isKnown(newId, judged, guarded, state)
}
