/**
 * Everything that readers are answered with, from the newest state and the trail behind it. Reading changes nothing; what is
 * shown of rights is asked of the rules themselves.
 */

import type { Caller } from '../../domain/leaf.ts'
import type { Release as DomainRelease } from '../../domain/release.ts'
import type { Lag, Trail } from '../../index/trail.ts'
import type { QueryProblem } from '../../match/query.ts'
import type { Ledger, Published } from '../ledger.ts'
import { listAlerts } from './alert.ts'
import { approversOf } from './approver.ts'
import { exportLeaves, type Export, type ExportRequest } from './export.ts'
import { Filling } from './filling.ts'
import { listGrants } from './grant.ts'
import { describeLeaf } from './leaf.ts'
import { describeOverview } from './overview.ts'
import { listPeople } from './people.ts'
import { describeRelease, findRelease, pageOf, summarize } from './release.ts'
import { rowOf, trailRow } from './row.ts'
import { searchLeaves, type LeavesRequest } from './search.ts'
import * as setting from './setting.ts'
import type * as shape from './shape.ts'
import { Archive, type EvidenceReader, type Sight } from './sight.ts'
import { jobFactsOf, jobLabel, whoOf } from './who.ts'
import { explain } from './why.ts'

export type ViewsOptions = {
  readonly ledger: Ledger
  readonly evidence: EvidenceReader
  readonly trail: Trail
  readonly logStatus: () => shape.LogStatus
  readonly clock: () => number
}

export type ReleasesRequest = {
  readonly state?: shape.ReleaseSummary['state'] | undefined
  /** Releases asked for before this leaf: the `next` of the page before. */
  readonly before?: number | undefined
  readonly limit?: number | undefined
}

const MAX_RELEASES = 200
const MAX_LABELS = 10_000

export class Views {
  readonly #options: ViewsOptions
  readonly #archive: Archive
  readonly #filling: Filling
  readonly #labels = new Map<string, string>()

  constructor(options: ViewsOptions) {
    this.#options = options
    this.#archive = new Archive(options.ledger.log, options.evidence)
    this.#filling = new Filling(options.ledger, options.trail)
  }

  /** For `ledger.follow`: never throws, never waits. */
  ingest(published: Published): void {
    this.#filling.ingest(published)
  }

  /** Indexes what the trail does not have yet, from leaf 0 where it is not of this log. Resolves when it is all there. */
  catchUp(): Promise<void> {
    return this.#filling.catchUp()
  }

  /** Something beside these leaves is erased: nothing that was read before is remembered. */
  forget(leafIndexes: readonly number[]): void {
    this.#options.trail.erase(leafIndexes)
    this.#archive.forget()
    this.#labels.clear()
  }

  /** Undefined, or why the trail lacks the newest leaves: one sentence. Nothing else depends on it. */
  get trouble(): string | undefined {
    return this.#options.trail.trouble
  }

  who(id: string): shape.Who {
    return whoOf(id, this.#look())
  }

  /** The row of a leaf that was just published, as the live stream sends it. */
  row({ leaf, leafIndex }: Pick<Published, 'leaf' | 'leafIndex'>): shape.Row {
    const sight = this.#look()
    return rowOf(trailRow(leaf, leafIndex, sight.state), sight)
  }

  leaves(request: LeavesRequest): shape.Leaves | QueryProblem {
    return searchLeaves(request, this.lag, this.#look())
  }

  /** Leaves on disk that no search sees yet, also while the trail is filled again; and for how long the oldest of them waits, if known. */
  get lag(): Lag {
    const { ledger, trail, clock } = this.#options
    const missing = ledger.publishedSize - trail.size
    if (missing <= 0) return trail.lag
    const [last] = trail.rows([trail.size - 1])
    return { leaves: missing, ms: last ? Math.max(0, Math.round(clock() - last.at)) : 0 }
  }

  /** For a file: everything that a search finds, with proofs in the tree of this moment. */
  export(request: ExportRequest): Export | QueryProblem {
    return exportLeaves(request, this.#options.ledger, this.#look())
  }

  leaf(leafIndex: number): Promise<shape.LeafDetail | undefined> {
    const { ledger } = this.#options
    return describeLeaf(leafIndex, ledger.publishedSize, (index) => ledger.prove(index), this.#look())
  }

  /** Undefined when nothing of that name is in the log. */
  why(question: string): Promise<shape.Why | undefined> {
    return explain(question, this.#look())
  }

  find(idOrFingerprint: string): DomainRelease | undefined {
    return findRelease(idOrFingerprint, this.#look())
  }

  async release(idOrFingerprint: string, viewer?: Caller): Promise<shape.Release | undefined> {
    const sight = this.#look()
    const release = findRelease(idOrFingerprint, sight)
    return release && describeRelease(release, viewer, sight)
  }

  releaseSummary(idOrFingerprint: string, viewer?: Caller): shape.ReleaseSummary | undefined {
    const sight = this.#look()
    const release = findRelease(idOrFingerprint, sight)
    return release && summarize(release, viewer, sight)
  }

  /** Newest first. */
  releases(
    { state, before = Infinity, limit = 50 }: ReleasesRequest,
    viewer?: Caller,
  ): { releases: shape.ReleaseSummary[]; next?: number } {
    const sight = this.#look()
    const most = Math.min(MAX_RELEASES, Math.max(1, limit))
    const { found, next } = pageOf({ state, before, limit: most }, sight)
    const releases = found.map((release) => summarize(release, viewer, sight))
    return { releases, ...(next !== undefined && { next }) }
  }

  /** People whose approval of this release would be accepted right now. */
  approvers(release: DomainRelease): shape.Who[] {
    return approversOf(release, this.#look())
  }

  overview(viewer?: Caller): shape.Overview {
    return describeOverview(this.#options.logStatus(), viewer, this.#look())
  }

  alerts(): shape.Alert[] {
    return listAlerts(this.#look())
  }

  people(): shape.Person[] {
    return listPeople(this.#look())
  }

  grants(isActive = false): shape.Grant[] {
    return listGrants(isActive, this.#look())
  }

  policies(): Promise<shape.PolicySetShape | undefined> {
    return setting.describePolicies(this.#look())
  }

  repositories() {
    return setting.listRepositories(this.#options.ledger.state)
  }

  environments() {
    return setting.listEnvironments(this.#options.ledger.state)
  }

  targets() {
    return setting.listTargets(this.#options.ledger.state)
  }

  issuers() {
    return setting.listIssuers(this.#options.ledger.state)
  }

  logStatus(): shape.LogStatus {
    return this.#options.logStatus()
  }

  #look(): Sight {
    const { ledger, trail, clock } = this.#options
    const { state, directory, policies } = ledger
    const at = Math.max(clock(), state.at)
    return { state, directory, policies, trail, at, archive: this.#archive, labelOf: (id) => this.#labelOf(id) }
  }

  #labelOf(id: string): string | undefined {
    const known = this.#labels.get(id)
    if (known) return known
    const facts = jobFactsOf(id, this.#options.ledger.state)
    const label = facts ? jobLabel(facts) : this.#options.trail.labelOf(id)
    if (label) this.#labels.set(id, label)
    if (this.#labels.size > MAX_LABELS) this.#labels.delete(this.#labels.keys().next().value!)
    return label
  }
}
