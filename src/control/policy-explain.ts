/** Why a leaf was decided as it was: the policies of that time, the facts that they were asked with, and which one fact would turn it. */

import { digestOf, type DigestText } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import type { Verdict } from '../domain/decision.ts'
import type { Leaf } from '../domain/leaf.ts'
import { askAgain } from '../domain/past-question.ts'
import { questionBehind } from '../domain/policy-replay.ts'
import type { State } from '../domain/state.ts'
import { listen, textsIn, turnsOf, type Turn } from '../policy/explain.ts'
import { loadPolicies, type PolicyFiles, type PolicySet, type Question } from '../policy/policy.ts'
import { StoreError } from '../store/error.ts'
import { openPast, type Past } from './past.ts'

export type PolicyExplanation = {
  readonly leafIndex: number
  readonly at: number
  /** `approval.given`. */
  readonly type: string
  readonly outcome: Leaf['outcome']
  readonly reason?: string | undefined
  readonly digest: string
  readonly isAllowed: boolean
  readonly question: Question
  /** Those that decided, as they were written then. */
  readonly policies: readonly {
    readonly id: string
    readonly sentence: string
    readonly fix?: string
    readonly text: string
  }[]
  readonly turns: readonly Turn[]
}

/** A leaf by its index; a release stands for the last of its leaves that policies decided. */
export type Explained = { readonly leafIndex: number } | { readonly release: string }

/** A StoreError `absent` when there is nothing to explain, or what it rests on is not there any more. */
export async function explainDecision(path: string, what: Explained): Promise<PolicyExplanation> {
  const past = await openPast(path)
  const leafIndex = 'leafIndex' in what ? what.leafIndex : await lastOf(what.release, past)
  let found: PolicyExplanation | undefined
  for await (const moment of past.moments(Math.min(leafIndex + 1, past.size)))
    if (moment.leafIndex === leafIndex) found = await explain(leafIndex, moment.leaf, moment.state, past)
  if (!found) throw new StoreError('absent', `the log ends before leaf ${leafIndex}`)
  return found
}

async function lastOf(release: string, past: Past): Promise<number> {
  let last: number | undefined
  for await (const { leaf, leafIndex } of past.moments())
    if (leaf.policy && (leaf.event as { release?: unknown }).release === release) last = leafIndex
  if (last === undefined) throw new StoreError('absent', `no policy was asked about ${release}`)
  return last
}

async function explain(leafIndex: number, leaf: Leaf, state: State, past: Past): Promise<PolicyExplanation> {
  const { policy: verdict, event, at, outcome, reason } = leaf
  if (!verdict) throw new StoreError('absent', `no policy was asked about leaf ${leafIndex}: ${event.type}`)
  const { files, set } = await policiesOf(verdict.digest, past)
  const question = await questionOf(leaf, verdict, state, set, past)
  const texts = textsIn(files)
  const policies = verdict.determining.map((id) => ({ id, text: texts.get(id) ?? '', ...set.describePolicy(id)! }))
  const { isAllowed } = set.ask(question)
  const turns = turnsOf(question, set, rolesIn(state))
  const said = { leafIndex, at, type: event.type, outcome, reason, digest: verdict.digest }
  return { ...said, isAllowed, question, policies, turns }
}

async function policiesOf(digest: string, { evidence }: Past): Promise<{ files: PolicyFiles; set: PolicySet }> {
  const bytes = await evidence.get(digest as DigestText)
  if (!bytes || digestOf(bytes) !== digest) throw new StoreError('absent', `the policies ${digest} are not there`)
  const files = parse(utf8.decode(bytes)) as PolicyFiles
  const set = loadPolicies(files)
  if (Array.isArray(set)) throw new StoreError('absent', `the policies ${digest} cannot be loaded any more`)
  return { files, set }
}

/** Put together from the state where that answers as the leaf says, else overheard while all of it is decided again. */
async function questionOf(leaf: Leaf, verdict: Verdict, state: State, set: PolicySet, past: Past): Promise<Question> {
  const { asked, policies } = listen(set)
  const again = askAgain(verdict, leaf, state, policies)
  const isSame = again?.policy?.determining.join() === verdict.determining.join()
  const question = isSame ? asked[0] : await questionBehind(leaf, verdict, state, set, past.evidence)
  if (question) return question
  throw new StoreError('absent', `what leaf ${leaf.sequence} was asked with is not there any more`)
}

/** Any role that somebody holds, and those that are shipped. */
function rolesIn({ bindings }: State): string[] {
  const held = [...bindings.values()].map(({ role }) => role)
  return [...new Set([...held, 'admin', 'approver', 'auditor', 'developer'])].sort()
}
