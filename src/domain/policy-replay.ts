/**
 * Real history under other policies: every question that the log holds is asked again with the facts of its time, and the answers are
 * compared with those that were given. A question is only asked again where the policies of that time repeat their answer to it.
 */

import { digestOf, formatDigest, sha256, type DigestText } from '../bytes/digest.ts'
import { canonical, parse } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { listen } from '../policy/explain.ts'
import { loadPolicies, type PolicyFiles, type PolicySet, type Question } from '../policy/policy.ts'
import { claimsOf, exhibitsOf } from './claims.ts'
import { decide } from './decide.ts'
import type { Asked, Verdict } from './decision.ts'
import type { Leaf } from './leaf.ts'
import { askAgain, askedBefore, fitting } from './past-question.ts'
import type { Blobs } from './replayer.ts'
import type { State } from './state.ts'

/** A decision that the other policies would have answered otherwise. */
export type Change = {
  readonly leafIndex: number
  readonly at: number
  /** `approval.given`: what was decided then. */
  readonly type: string
  readonly action: string
  readonly principal: string
  readonly resource: string
  readonly isAllowed: boolean
  /** Policies that would decide; none where nothing would permit it. */
  readonly determining: readonly string[]
}

export type PolicyReplayReport = {
  /** The set that was asked, and the one that was in force at the end. */
  readonly digest: string
  readonly before: string | undefined
  /** Leaves from `from` up to `treeSize` were looked at. */
  readonly from: number
  readonly treeSize: number
  readonly rootHash: string
  readonly newlyRefused: number
  readonly newlyAllowed: number
  readonly unchanged: number
  /** Questions that cannot be asked again: the facts or the policies of that time are not there, or the other schema needs more. */
  readonly unknown: number
  /** SHA-256, line by line over `<digest so far><canonical JSON of the change>`, of all changes and of what is unknown. */
  readonly changesDigest: DigestText
  /** The first of them. */
  readonly changes: readonly Change[]
  readonly unknownLeaves: readonly number[]
}

const MAX_LISTED = 1_000
const MAX_SETS = 16
const MAX_POLICIES = 8

type Compared = Omit<Change, 'leafIndex' | 'at' | 'type'> & { readonly wasAllowed: boolean }

export class PolicyReplay {
  readonly #changed: PolicySet
  readonly #evidence: Blobs
  readonly #isAsked: (leaf: Leaf, leafIndex: number) => boolean
  readonly #sets = new Map<string, PolicySet | undefined>()
  readonly #changes: Change[] = []
  readonly #unknown: number[] = []
  readonly #counts = { newlyRefused: 0, newlyAllowed: 0, unchanged: 0, unknown: 0 }
  #digest = sha256(new Uint8Array())
  #from: number | undefined
  #size = 0
  #before: string | undefined

  /** Leaves before the first one that `isAsked` says yes to are only folded. */
  constructor(changed: PolicySet, evidence: Blobs, isAsked: (leaf: Leaf, leafIndex: number) => boolean) {
    this.#changed = changed
    this.#evidence = evidence
    this.#isAsked = isAsked
  }

  /** Takes the next leaf, on the state that those before it fold to. */
  async take(leaf: Leaf, leafIndex: number, state: State): Promise<void> {
    if (this.#from === undefined && this.#isAsked(leaf, leafIndex)) this.#from = leafIndex
    if (this.#from !== undefined && leaf.policy)
      this.#count(leaf, leafIndex, await this.#compare(leaf, leaf.policy, state))
    if (leaf.event.type === 'policy.activated') this.#before = leaf.event.digest
    this.#size = leafIndex + 1
  }

  /** `rootHash` is that of the tree of all leaves that were taken. */
  report(rootHash: string): PolicyReplayReport {
    return {
      digest: this.#changed.digest,
      before: this.#before,
      from: this.#from ?? this.#size,
      treeSize: this.#size,
      rootHash,
      ...this.#counts,
      changesDigest: formatDigest(this.#digest),
      changes: this.#changes,
      unknownLeaves: this.#unknown,
    }
  }

  /** Undefined when the question cannot be asked again. */
  async #compare(leaf: Leaf, verdict: Verdict, state: State): Promise<Compared | undefined> {
    const known = this.#sets.get(verdict.digest)
    const then = known ?? (this.#sets.has(verdict.digest) ? undefined : await this.#load(verdict.digest))
    if (!then) return undefined
    const was = askAgain(verdict, leaf, state, then)
    if (was && isSame(was.policy?.determining, verdict.determining)) {
      const last = this.#ask(verdict, leaf, state)
      const pairs = [
        ...askedBefore(leaf, state).map((asked) => this.#compareOne(asked, leaf, state, then)),
        last && { ...last, wasAllowed: was.isAllowed },
      ]
      const first = pairs.find((pair) => !pair || pair.wasAllowed !== pair.isAllowed)
      return pairs.includes(undefined) ? undefined : (first ?? pairs.at(-1))
    }
    return await this.#compareWhole(leaf, verdict, state, then)
  }

  #compareOne(asked: Asked, leaf: Leaf, state: State, then: PolicySet): Compared | undefined {
    const was = askAgain(asked, leaf, state, then)
    const would = this.#ask(asked, leaf, state)
    return was && would && { ...would, wasAllowed: was.isAllowed }
  }

  #ask(asked: Asked, leaf: Leaf, state: State): Omit<Compared, 'wasAllowed'> | undefined {
    let isError = false
    const heard = {
      ...this.#changed,
      ask: (question: Question) => {
        const answer = this.#changed.ask(question)
        isError = answer.errors.length > 0
        return answer
      },
    }
    const answer = askAgain(asked, leaf, state, heard)
    return answer && !isError ? described(asked, answer.isAllowed, answer.policy!.determining) : undefined
  }

  /** Decides the whole leaf again from its evidence, and listens to what is asked. */
  async #compareWhole(leaf: Leaf, verdict: Verdict, state: State, then: PolicySet): Promise<Compared | undefined> {
    const question = await questionBehind(leaf, verdict, state, then, this.#evidence).catch(() => undefined)
    if (!question) return undefined
    const answer = this.#changed.ask({ ...question, context: fitting(question, this.#changed) })
    if (answer.errors.length > 0) return undefined
    const { isAllowed, determining } = answer
    return { ...described(verdict, isAllowed, determining), wasAllowed: then.ask(question).isAllowed }
  }

  #count({ at, event }: Leaf, leafIndex: number, compared: Compared | undefined): void {
    if (!compared) {
      this.#counts.unknown += 1
      this.#remember({ leafIndex })
      if (this.#unknown.length < MAX_LISTED) this.#unknown.push(leafIndex)
      return
    }
    const { wasAllowed, ...would } = compared
    if (wasAllowed === would.isAllowed) {
      this.#counts.unchanged += 1
      return
    }
    this.#counts[would.isAllowed ? 'newlyAllowed' : 'newlyRefused'] += 1
    const change = { leafIndex, at, type: event.type, ...would }
    this.#remember(change)
    if (this.#changes.length < MAX_LISTED) this.#changes.push(change)
  }

  #remember(line: object): void {
    this.#digest = sha256(this.#digest, utf8.encode(canonical(line as Parameters<typeof canonical>[0])))
  }

  async #load(digest: string): Promise<PolicySet | undefined> {
    if (this.#sets.size >= MAX_SETS) this.#sets.delete(this.#sets.keys().next().value!)
    const set = await loadEvidence(digest, this.#evidence)
    this.#sets.set(digest, set)
    return set
  }
}

/** The set of policies that is kept under this digest; undefined when it is not there, or is not one. */
export async function loadEvidence(digest: string, evidence: Blobs): Promise<PolicySet | undefined> {
  const bytes = await evidence.get(digest as DigestText).catch(() => undefined)
  if (!bytes || digestOf(bytes) !== digest) return undefined
  const loaded = loadPolicies(parse(utf8.decode(bytes)) as PolicyFiles)
  return Array.isArray(loaded) ? undefined : loaded
}

/** The very question of a leaf, overheard while all of it is decided again on the state before it. */
export async function questionBehind(
  { command, caller, given, at, evidence: named }: Leaf,
  verdict: Verdict,
  state: State,
  then: PolicySet,
  evidence: Blobs,
): Promise<Question | undefined> {
  const blobs = await Promise.all(named.map(({ digest }) => evidence.get(digest as DigestText)))
  if (blobs.some((blob) => blob === undefined)) return undefined
  const exhibits = exhibitsOf(named, blobs as Uint8Array[])
  const claims = await claimsOf(command, exhibits, state, caller.login, given.verifiedAt ?? at)
  if (claims !== undefined && isRefusal(claims)) return undefined
  const { asked, policies } = listen(then)
  decide({ command, caller, claims, given, at }, state, policies)
  const context = canonical(verdict.context as Parameters<typeof canonical>[0])
  return asked.find(
    (one) =>
      one.action === verdict.action &&
      one.principal.id === verdict.principal.id &&
      one.resource.id === verdict.resource.id &&
      canonical(one.context as Parameters<typeof canonical>[0]) === context,
  )
}

function described({ action, principal, resource }: Asked, isAllowed: boolean, determining: readonly string[]) {
  return {
    action,
    principal: `${principal.type}::${principal.id}`,
    resource: `${resource.type}::${resource.id}`,
    isAllowed,
    determining: determining.slice(0, MAX_POLICIES),
  }
}

function isSame(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return one !== undefined && one.length === other.length && one.every((id, index) => id === other[index])
}
