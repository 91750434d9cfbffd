/**
 * Every decision, decided again from the leaves and the evidence alone: by the same rules, on the state that the leaves before
 * it fold to, under the policies that were in force. Whoever wrote something into the log that the rules would not have said is
 * found, also when they hold its key.
 */

import type { DigestText } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { loadPolicies, type PolicyFiles, type PolicySet } from '../policy/policy.ts'
import { read, type Leaf } from './leaf.ts'
import { redecide, type Redecision } from './redecide.ts'
import { replay, type Fold, type State } from './state.ts'

/** Evidence by its digest; undefined when it is not there any more. Rejects when the bytes are not those. */
export type Blobs = { readonly get: (digest: DigestText) => Promise<Uint8Array | undefined> }

export interface Difference {
  readonly leafIndex: number
  /** `approval.given`; absent when the leaf cannot be read. */
  readonly type?: string
  readonly because: string
}

export interface ReplayReport {
  readonly origin: string
  readonly treeSize: number
  /** Leaves that were looked at, the first of them at `from`. */
  readonly leaves: number
  readonly from: number
  readonly same: number
  readonly different: readonly Difference[]
  /** Leaves of which evidence is not there any more. */
  readonly withheld: readonly number[]
}

/** An alert that is due is written within moments, or first thing after a crash. */
const ALERT_GRACE = { leaves: 16, ms: 60_000 }

/** Decides leaf after leaf again. */
export class Replayer {
  readonly #origin: string
  readonly #evidence: Blobs
  readonly #from: number
  readonly #fold: Fold
  readonly #due = new Map<string, { readonly leafIndex: number; readonly at: number }>()
  readonly #missing = new Set<string>()
  /** Undefined when the policies in force are withheld. */
  #policies: PolicySet | undefined = nobody
  same = 0
  seen = 0
  readonly different: Difference[] = []
  readonly withheld: number[] = []

  /** `state` is what the leaves before the first one fold to, when that is not leaf 0; `adoptPolicies` goes with it. */
  constructor(origin: string, evidence: Blobs, from: number, state?: State) {
    this.#fold = replay(state)
    this.#origin = origin
    this.#evidence = evidence
    this.#from = from
  }

  /** The policies that were in force in the state it began with. */
  async adoptPolicies(): Promise<void> {
    const { policy } = this.#fold.state
    if (policy) this.#policies = await this.#policiesUnder(policy.digest)
  }

  /** Decides one leaf again and takes it into the state; false when nothing behind it can be judged. */
  async take(bytes: Uint8Array, leafIndex: number): Promise<boolean> {
    const leaf = this.#read(bytes, leafIndex)
    if (!leaf) return false
    if (leafIndex >= this.#from) this.#count(leafIndex, leaf, await this.#judge(leaf, bytes, leafIndex))
    this.#fold.apply(leaf, leafIndex)
    if (leaf.event.type === 'policy.activated') this.#policies = await this.#policiesOf(leaf)
    this.#watchAlerts(leafIndex, leaf)
    return true
  }

  miss(leafIndex: number): boolean {
    this.different.push({
      leafIndex,
      because: 'every stored copy of it was changed; bring it back with: countersign restore',
    })
    return false
  }

  #read(bytes: Uint8Array, leafIndex: number): Leaf | undefined {
    try {
      return read(bytes)
    } catch (error) {
      this.different.push({ leafIndex, because: `it is not a leaf: ${sentenceOf(error)}` })
      return undefined
    }
  }

  async #judge(leaf: Leaf, bytes: Uint8Array, leafIndex: number): Promise<Redecision> {
    const { state } = this.#fold
    const different = (because: string): Redecision => ({ outcome: 'different', because })
    if (leaf.sequence !== leafIndex) return different(`it says that it is number ${leaf.sequence}`)
    if (leaf.at < state.at) return different('it is older than the leaf before it')
    if (leafIndex === 0 ? leaf.event.type !== 'log.created' : leaf.event.type === 'log.created')
      return different('a log is created by its first leaf, and by no other')
    if (state.log && state.log.origin !== this.#origin) return different(`it is of ${state.log.origin}`)
    if (!this.#policies) return { outcome: 'withheld' }
    try {
      const blobs = await Promise.all(leaf.evidence.map(({ digest }) => this.#evidence.get(digest as DigestText)))
      return await redecide(leaf, bytes, blobs, state, this.#policies)
    } catch (error) {
      // Evidence under a wrong digest, or state that no rule would have led to.
      return different(sentenceOf(error))
    }
  }

  #count(leafIndex: number, { event }: Leaf, judged: Redecision): void {
    this.seen += 1
    if (judged.outcome === 'different') this.different.push({ leafIndex, type: event.type, because: judged.because })
    else if (judged.outcome === 'withheld') this.withheld.push(leafIndex)
    else this.same += 1
  }

  async #policiesOf({ evidence }: Leaf): Promise<PolicySet | undefined> {
    const found = evidence.find(({ kind }) => kind === 'policies')
    return found && (await this.#policiesUnder(found.digest))
  }

  async #policiesUnder(digest: string): Promise<PolicySet | undefined> {
    const bytes = await this.#evidence.get(digest as DigestText).catch(() => undefined)
    if (!bytes) return undefined
    const loaded = loadPolicies(parse(utf8.decode(bytes)) as PolicyFiles)
    return Array.isArray(loaded) ? undefined : loaded
  }

  /** Leaving an alert out is a decision, too. */
  #watchAlerts(leafIndex: number, { at }: Leaf): void {
    const { due } = this.#fold.state
    for (const alert of due.keys()) if (!this.#due.has(alert)) this.#due.set(alert, { leafIndex, at })
    for (const [alert, since] of this.#due) {
      const fired = due.get(alert)
      const isLate = leafIndex - since.leafIndex >= ALERT_GRACE.leaves && at - since.at > ALERT_GRACE.ms
      if (!fired) this.#due.delete(alert)
      else if (isLate && !this.#missing.has(alert)) {
        this.#missing.add(alert)
        const because = `the alert ${fired.rule} that it calls for was never written`
        this.different.push({ leafIndex: since.leafIndex, because })
      }
    }
  }
}

/** Before the first policies are in force nothing is permitted. */
const nobody: PolicySet = {
  digest: `sha256:${'0'.repeat(64)}`,
  ids: [],
  contextOf: () => new Set(),
  ask: () => ({ isAllowed: false, determining: [], errors: [] }),
  describePolicy: () => undefined,
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
