/**
 * Every decision of a log, decided again from the leaves and the evidence alone: by the same rules, on the state that the leaves
 * before it fold to, under the policies that were in force. Whoever wrote something into the log that the rules would not have
 * said is found, also when they hold its key.
 */

import type { DigestText } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { read, type Leaf } from '../domain/leaf.ts'
import { redecide, type Redecision } from '../domain/redecide.ts'
import { replay, type Fold, type State } from '../domain/state.ts'
import { loadPolicies, type PolicyFiles, type PolicySet } from '../policy/policy.ts'
import { openEvidence, type EvidenceStore } from '../store/evidence.ts'
import { reasonOf } from '../store/error.ts'
import { locateLog } from '../store/stored.ts'
import { openSource } from './verification-source.ts'

export interface ReplayOptions {
  /** A data directory, or a log directory with the evidence beside it. */
  readonly path: string
  /** Leaves before this one are folded and not decided again. */
  readonly from?: number
  readonly onProgress?: (done: number, total: number) => void
}

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

/** Changes nothing and takes no lock. A StoreError `absent` when there is no log. */
export async function replayLog({ path, from = 0, onProgress }: ReplayOptions): Promise<ReplayReport> {
  const log = await locateLog(path)
  const problems: string[] = []
  const { origin, tree, signed } = await openSource(log, ({ problem }) => void problems.push(problem))
  const evidence = log.evidenceDirectory === undefined ? nothing : await openEvidence(log.evidenceDirectory)
  const replayer = new Replayer(origin, evidence, from)
  for await (const { leafIndex, stored } of tree.leaves()) {
    // Behind a leaf that is not known, nobody knows the state.
    if (!(stored ? await replayer.take(stored.bytes, leafIndex) : replayer.miss(leafIndex))) break
    onProgress?.(leafIndex + 1, tree.endSize)
  }
  problems.length = 0
  tree.compareRoots(signed)
  const unsigned = problems.map((because) => ({ leafIndex: Math.max(0, tree.size - 1), because }))
  const { same, different, withheld, seen } = replayer
  return { origin, treeSize: tree.endSize, from, leaves: seen, same, different: [...different, ...unsigned], withheld }
}

const nothing: Pick<EvidenceStore, 'get'> = { get: () => Promise.resolve(undefined) }

/** An alert that is due is written within moments, or first thing after a crash. */
const ALERT_GRACE = { leaves: 16, ms: 60_000 }

/** Decides leaf after leaf again. */
export class Replayer {
  readonly #origin: string
  readonly #evidence: Pick<EvidenceStore, 'get'>
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
  constructor(origin: string, evidence: Pick<EvidenceStore, 'get'>, from: number, state?: State) {
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
      this.different.push({ leafIndex, because: `it is not a leaf: ${reasonOf(error)}` })
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
      return different(reasonOf(error))
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
  ask: () => ({ isAllowed: false, determining: [], errors: [] }),
  describePolicy: () => undefined,
}
