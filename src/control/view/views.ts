/**
 * Everything that readers are answered with, from the newest state and the trail behind it. Reading changes nothing; what is
 * shown of rights is asked of the rules themselves.
 */

import type { Caller } from '../../domain/leaf.ts'
import type { Release as DomainRelease } from '../../domain/release.ts'
import type { Lag } from '../../index/trail.ts'
import type { QueryProblem } from '../../match/query.ts'
import type { Ledger, Published } from '../ledger.ts'
import type { Indexing } from '../trail/indexing.ts'
import { listAlerts } from './alert.ts'
import { approversOf } from './approver.ts'
import { exportLeaves, type Export, type ExportRequest } from './export.ts'
import { listFreezes } from './freeze.ts'
import { listGrants } from './grant.ts'
import { listGroups, listNetworks } from './group.ts'
import { Labels } from './label.ts'
import { describeLeaf } from './leaf.ts'
import { describeOverview } from './overview.ts'
import { listPeople } from './people.ts'
import { describeRelease, findRelease, pageOf, summarize } from './release.ts'
import { rowOf, trailRow } from './row.ts'
import { searchLeaves, type LeavesRequest } from './search.ts'
import { sieveOf, type Sieve } from './sieve.ts'
import * as setting from './setting.ts'
import type * as shape from './shape.ts'
import { Archive, type EvidenceReader, type Sight } from './sight.ts'
import { exportStatement } from './statement.ts'
import { jobLabel, whoOf, type Names } from './who.ts'
import { explain } from './why.ts'

export type ViewsOptions = {
  readonly ledger: Ledger
  readonly evidence: EvidenceReader
  readonly trail: Indexing
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

export class Views {
  readonly #options: ViewsOptions
  readonly #archive: Archive
  readonly #labels: Labels

  constructor(options: ViewsOptions) {
    this.#options = options
    this.#archive = new Archive(options.ledger.log, options.evidence)
    this.#labels = new Labels(options.trail)
  }

  /** For `ledger.follow`: never throws, never waits. */
  ingest(published: Published): void {
    const { event } = published.leaf
    if (event.type === 'login.opened' && event.job) this.#labels.keep(event.principal, jobLabel(event.job))
    this.#options.trail.ingest(published)
  }

  /** Something beside these leaves is erased: nothing that was read before is remembered. Resolves when the trail forgot it. */
  async forget(leafIndexes: readonly number[]): Promise<void> {
    await this.#options.trail.erase(leafIndexes)
    this.#archive.forget()
    this.#labels.forget()
  }

  /** Undefined, or why the trail lacks the newest leaves: one sentence. Nothing else depends on it. */
  get trouble(): string | undefined {
    return this.#options.trail.trouble
  }

  /** How often the index of the trail had to be begun again since the start. */
  get restarts(): number {
    return this.#options.trail.restarts
  }

  who(id: string): shape.Who {
    return whoOf(id, this.#namesNow())
  }

  /** The row of a leaf that was just published, as the live stream sends it. */
  row({ leaf, leafIndex }: Pick<Published, 'leaf' | 'leafIndex'>): Promise<shape.Row> {
    return this.#tell((sight) => rowOf(trailRow(leaf, leafIndex, sight.state), sight))
  }

  leaves(request: LeavesRequest): Promise<shape.Leaves | QueryProblem> {
    return searchLeaves(request, this.#look())
  }

  /** For whoever follows the log and asks for a part of it. */
  sieve(q: string): Sieve | QueryProblem {
    return sieveOf(q, () => this.#look())
  }

  /** Leaves on disk that no search sees yet, also while the trail is filled again; and for how long the oldest of them waits, if known. */
  get lag(): Lag {
    return this.#options.trail.lag
  }

  /** For a file: everything that a search finds, with proofs in the tree of this moment. */
  export(request: ExportRequest): Promise<Export | QueryProblem> {
    return exportLeaves(request, this.#options.ledger, this.#look())
  }

  leaf(leafIndex: number): Promise<shape.LeafDetail | undefined> {
    const { ledger } = this.#options
    const prove = (index: number) => ledger.prove(index)
    return this.#tell((sight) => describeLeaf(leafIndex, ledger.publishedSize, prove, sight))
  }

  /** Undefined when nothing of that name is in the log. */
  why(question: string): Promise<shape.Why | undefined> {
    return this.#tell((sight) => explain(question, sight))
  }

  find(idOrFingerprint: string): DomainRelease | undefined {
    return findRelease(idOrFingerprint, this.#look())
  }

  release(idOrFingerprint: string, viewer?: Caller): Promise<shape.Release | undefined> {
    return this.#tell(async (sight) => {
      const release = findRelease(idOrFingerprint, sight)
      return release && (await describeRelease(release, viewer, sight))
    })
  }

  releaseSummary(idOrFingerprint: string, viewer?: Caller): shape.ReleaseSummary | undefined {
    const sight = this.#look()
    const release = findRelease(idOrFingerprint, sight)
    return release && summarize(release, viewer, { ...sight, ...this.#namesNow() })
  }

  /** Newest first. */
  releases(
    { state, before = Infinity, limit = 50 }: ReleasesRequest,
    viewer?: Caller,
  ): Promise<{ releases: shape.ReleaseSummary[]; next?: number }> {
    const most = Math.min(MAX_RELEASES, Math.max(1, limit))
    return this.#tell((sight) => {
      const { found, next } = pageOf({ state, before, limit: most }, sight)
      const releases = found.map((release) => summarize(release, viewer, sight))
      return { releases, ...(next !== undefined && { next }) }
    })
  }

  /** As in-toto, for other tools. */
  statement(release: DomainRelease) {
    return exportStatement(release, this.#look())
  }

  /** People whose approval of this release would be accepted right now. */
  approvers(release: DomainRelease): shape.Who[] {
    return approversOf(release, this.#look())
  }

  overview(viewer?: Caller): Promise<shape.Overview> {
    return this.#tell((sight) => describeOverview(this.#options.logStatus(), viewer, sight))
  }

  alerts(): Promise<shape.Alert[]> {
    return this.#tell((sight) => listAlerts(sight))
  }

  people(): shape.Person[] {
    return listPeople(this.#look())
  }

  grants(isActive = false): Promise<shape.Grant[]> {
    return this.#tell((sight) => listGrants(isActive, sight))
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

  freezes() {
    return this.#tell((sight) => listFreezes(sight))
  }

  groups() {
    return this.#tell(listGroups)
  }

  networks(ip: string) {
    return listNetworks(this.#options.ledger, ip)
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

  /** Everything in it is of one moment, and found by whoever asks after it was written. */
  #look(): Sight {
    const { ledger, trail, clock } = this.#options
    const { state, directory, policies } = ledger
    const missing = new Set<string>()
    const labelOf = (id: string) => {
      const label = this.#labels.get(id)
      if (label === undefined) missing.add(id)
      return label
    }
    const told = async <T>(make: () => T): Promise<Awaited<T>> => {
      const made = await make()
      if (missing.size === 0) return made
      await this.#labels.learn(missing, state)
      missing.clear()
      return await make()
    }
    const at = Math.max(clock(), state.at)
    return { state, directory, policies, trail: trail.reader(), at, archive: this.#archive, labelOf, told }
  }

  #tell<T>(make: (sight: Sight) => T): Promise<Awaited<T>> {
    const sight = this.#look()
    return sight.told(() => make(sight))
  }

  /** For whoever cannot wait: of a job that is not at work any more, it may know the id alone. */
  #namesNow(): Names {
    const { state, directory } = this.#options.ledger
    return { state, directory, labelOf: (id) => this.#labels.find(id, state) }
  }
}
