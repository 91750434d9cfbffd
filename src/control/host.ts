/**
 * An instance at work: what is published is indexed, watched, witnessed and scrubbed, and what all of them say about the log's
 * health is one answer.
 */

import { join } from 'node:path'
import { base64 } from '../bytes/text.ts'
import { isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { Eraser } from './erasure.ts'
import type { Request } from './handle.ts'
import { systemCaller } from './handle.ts'
import { Instance, type InstanceOptions } from './instance.ts'
import type { Recorded } from './ledger.ts'
import { Exports } from './package/exports.ts'
import { Reading } from './reading.ts'
import { Quorum, type QuorumPolicy } from './quorum.ts'
import { openRepair, type Repair } from './repair.ts'
import { startScrub, type Damage, type Scrub } from './scrub.ts'
import { Indexing } from './trail/indexing.ts'
import { workerLink } from './trail/link.ts'
import { instantOf } from './view/phrase.ts'
import { Views } from './view/views.ts'
import type { LogStatus } from './view/shape-word.ts'
import { startWatch, type Watch } from './watch.ts'
import { Timestamps, type StampStatus, type TimestampPolicy } from './timestamps.ts'
import { openWitnesses, type Witnesses, type WitnessOptions } from './witnesses.ts'

export type HostOptions = InstanceOptions & {
  readonly witnesses: readonly WitnessOptions[]
  /** How many of them must have seen the log; without it, none must. */
  readonly quorum?: QuorumPolicy | undefined
  /** Who stamps checkpoints with the time, if anybody does. */
  readonly timestamps?: TimestampPolicy | undefined
  /** Hears of what went wrong behind the log, in one sentence each. */
  readonly report: (sentence: string) => void
}

/** What one leaf names; a second repair takes the rest. */
const MAX_REPAIRED = 256

export class Host implements AsyncDisposable {
  readonly instance: Instance
  readonly views: Views
  readonly exports: Exports
  readonly reading: Reading
  readonly #trail: Indexing
  #parts: AsyncDisposableStack | undefined
  #witnesses: Witnesses | undefined
  #quorum: Quorum | undefined
  #timestamps: Timestamps | undefined
  #scrub: Scrub | undefined
  #watch: Watch | undefined
  readonly #repair: Repair
  readonly #eraser: Eraser
  readonly #report: (sentence: string) => void
  #troubleSince: number | undefined

  private constructor(instance: Instance, options: HostOptions, parts: AsyncDisposableStack) {
    this.instance = instance
    this.#report = options.report
    this.exports = parts.use(new Exports(instance))
    const file = join(options.directory, 'trail.db')
    const { ledger } = instance
    const start = workerLink({ file, origin: instance.log.origin })
    this.#trail = parts.use(new Indexing({ ledger, start, clock: instance.clock, report: options.report }))
    this.views = new Views({
      ledger: instance.ledger,
      evidence: instance.evidence,
      trail: this.#trail,
      logStatus: () => this.logStatus(),
      clock: instance.clock,
    })
    const { log, clock } = instance
    const { directory, report } = options
    const forget = (leafIndexes: readonly number[]) => this.views.forget(leafIndexes)
    this.#eraser = parts.use(new Eraser({ ...deskOf(instance), directory, forget, report }))
    this.reading = parts.use(new Reading({ desk: deskOf(instance), report }))
    this.#repair = openRepair({ log, signer: () => instance.signer, witnesses: options.witnesses, clock })
  }

  /** Opens everything in order; whatever fails closes what was open. Rejects with a sentence that says the way out. */
  static async open(options: HostOptions): Promise<Host> {
    await using parts = new AsyncDisposableStack()
    const instance = parts.use(await Instance.open(options))
    const host = new Host(instance, options, parts)
    await host.#start(options, parts)
    host.#parts = parts.move()
    return host
  }

  async #start(
    { witnesses, quorum, timestamps, directory, report }: HostOptions,
    parts: AsyncDisposableStack,
  ): Promise<void> {
    const { instance } = this
    const { log, ledger, lender, noise, clock } = instance
    const keys = await instance.verifierKeys()
    this.#witnesses = parts.use(await openWitnesses({ log, keys, witnesses, clock }))
    const fed = { witnesses: this.#witnesses, size: () => log.head.size, clock }
    this.#quorum = quorum && parts.use(new Quorum({ ...quorum, ...fed }))
    ledger.follow((published) => this.views.ingest(published))
    // The trail fills itself behind the start; what it has not seen yet it says.
    this.#trail.start()
    // Also what an old backup brought back.
    await this.#eraser.complete()
    this.#watch = parts.use(startWatch({ desk: instance, lender, noise, report }))
    if (timestamps)
      this.#timestamps = parts.use(
        new Timestamps({ desk: instance, policy: timestamps, directory: join(directory, 'log') }),
      )
    const onDamage = (damage: Damage) => this.#recordDamage(damage)
    this.#scrub = parts.use(startScrub({ log, directory: join(directory, 'log'), onDamage, onTrouble: report }))
  }

  /** The leaf comes first, so that from here on privileged actions are refused by the rules and not by a flag in memory. */
  async #recordDamage({ leafIndex, file, problem, sentence }: Damage): Promise<void> {
    this.#report(`leaf ${leafIndex} does not match the signed log: ${sentence}`)
    if (this.instance.ledger.state.log?.damaged.includes(leafIndex)) return
    await this.instance.handle({
      command: { type: 'report damage', leafIndex, file, problem },
      caller: systemCaller('scrub'),
    })
  }

  /** Puts damaged leaves back from a witness's copy, for who may ask for it, and says so in a leaf. */
  async repairLog(request: Omit<Request, 'command'>): Promise<Recorded | Refusal> {
    const damaged = (this.instance.ledger.state.log?.damaged ?? []).slice(0, MAX_REPAIRED)
    if (damaged.length === 0)
      return refuse('nothing_damaged', 'Every stored leaf matches the signed log; there is nothing to repair.')
    const asked = (leafIndexes: readonly number[], from: string): Request => ({
      ...request,
      command: { type: 'repair log', leafIndexes: [...leafIndexes], from },
    })
    if (!this.instance.wouldAllow(asked(damaged, 'nobody'))) return this.instance.handle(asked(damaged, 'nobody'))
    const whole = await this.#wholeAgain(damaged)
    const { repaired, from, failed } = await this.#repair.repair(
      damaged.filter((leafIndex) => !whole.includes(leafIndex)),
    )
    const back = [...whole, ...repaired]
    if (back.length === 0)
      return refuse('repair_failed', `No leaf could be put back: ${failed[0]?.because ?? 'no witness has a copy'}.`)
    return this.instance.handle(asked(back, from.join(', ') || 'this copy'))
  }

  /** Writes the order down, and carries it out. */
  async erasePerson(request: Request): Promise<Recorded | Refusal> {
    const ordered = await this.instance.handle(request)
    if (!isRefusal(ordered) && ordered.decision.outcome === 'allowed') await this.#eraser.complete()
    return ordered
  }

  /** Leaves that match the tree now: somebody restored them while nobody looked. */
  async #wholeAgain(leafIndexes: readonly number[]): Promise<number[]> {
    const read = await Promise.allSettled(leafIndexes.map((leafIndex) => this.instance.log.leaf(leafIndex)))
    return leafIndexes.filter((_, index) => read[index]!.status === 'fulfilled')
  }

  /** Resolves when witnesses were fed, due alerts fired and due credentials taken back, once. */
  async settle(): Promise<void> {
    await this.#watch?.settle()
    await this.#witnesses?.settle()
    await this.#timestamps?.settle()
    await this.instance.overlap.settle()
  }

  /** Undefined where nobody stamps. */
  stamping(): StampStatus | undefined {
    return this.#timestamps?.status()
  }

  /** Undefined where no number of witnesses is asked for. */
  get quorum(): Quorum | undefined {
    return this.#quorum
  }

  logStatus(): LogStatus {
    const { log, ledger, startedAt, clock } = this.instance
    const { state } = ledger
    const trouble = this.#trouble()
    this.#troubleSince = trouble ? (this.#troubleSince ?? clock()) : undefined
    const scrubbedAt = this.#scrub?.lastPassAt
    return {
      origin: log.origin,
      treeSize: log.head.size,
      rootHash: base64.encode(log.head.rootHash),
      checkpoint: log.cosigned ?? log.head.note,
      signedAt: instantOf(state.at),
      witnesses: (this.#witnesses?.status() ?? []).map(({ name, key, cosignedSize, cosignedAt, lag }) => ({
        name,
        key,
        lag,
        ...(cosignedSize !== undefined && { cosignedSize }),
        ...(cosignedAt !== undefined && { cosignedAt: instantOf(cosignedAt) }),
      })),
      ...this.#stampFacts(),
      healthy: trouble === undefined,
      ...(trouble && { trouble: { ...trouble, since: instantOf(this.#troubleSince!) } }),
      ...(scrubbedAt !== undefined && { lastScrubAt: instantOf(scrubbedAt) }),
      key: state.log!.logKey,
      startedAt: instantOf(startedAt),
    }
  }

  #stampFacts(): Pick<LogStatus, 'stamp'> {
    const status = this.stamping()
    if (!status) return {}
    const { stampedAt, ...stamp } = status
    return { stamp: { ...stamp, ...(stampedAt !== undefined && { stampedAt: instantOf(stampedAt) }) } }
  }

  #trouble(): { readonly sentence: string; readonly leafIndex?: number } | undefined {
    const { log, ledger } = this.instance
    // Damage first: whatever cannot be published because of it is no news.
    const [leafIndex] = ledger.state.log?.damaged ?? []
    if (leafIndex !== undefined)
      return {
        leafIndex,
        sentence: `Leaf ${leafIndex} does not match the signed log; privileged actions are refused until it is repaired.`,
      }
    if (log.trouble) return { sentence: `${log.trouble}; nothing privileged is decided until it can be written` }
    const behind = this.#quorum?.trouble() ?? this.views.trouble
    return behind === undefined ? undefined : { sentence: behind }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts?.disposeAsync()
  }
}

function deskOf({ ledger, evidence, clock }: Instance) {
  return { ledger, evidence, clock }
}
