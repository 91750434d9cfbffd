/**
 * The one writer. It decides on the newest state, appends the decision, and moves the state on, with nothing in between; it
 * answers when the leaf is on disk, with the proof that it is in the log.
 */

import { randomUUID } from 'node:crypto'
import { base64 } from '../bytes/text.ts'
import type { Command } from '../domain/command.ts'
import { decide } from '../domain/decide.ts'
import type { Decision } from '../domain/decision.ts'
import type { Event } from '../domain/event.ts'
import { spell, write, type Caller, type Evidence, type Given, type Leaf } from '../domain/leaf.ts'
import type { Claims } from '../domain/claims.ts'
import { callerOf } from '../domain/login.ts'
import { takeSnapshot, type Taken } from '../domain/snapshot.ts'
import type { Fold, ReadonlyState } from '../domain/state.ts'
import type { PolicySet } from '../policy/policy.ts'
import type { Head, Log } from '../store/log.ts'
import type { Disclosure } from '../bytes/disclosure.ts'
import type { Directory } from './directory.ts'
import type { Draft, Present } from './draft.ts'
import { load, type Loaded, type Past } from './load.ts'
import { formatDisclosures, type Sealed } from './seal.ts'

export type Submission = {
  readonly command: Command
  readonly caller: Caller
  readonly claims: Claims
  readonly evidence: readonly Evidence[]
  /** Looked up at the very moment of the decision, so that nothing changes between the look and the leap. */
  readonly given: (directory: Directory) => Given
  readonly sealed: Sealed | undefined
}

export type Proof = {
  readonly treeSize: number
  readonly rootHash: string
  readonly hashes: readonly string[]
  readonly checkpoint: string
}
export type Written = {
  readonly leaf: Leaf
  readonly leafIndex: number
  readonly bytes: Uint8Array
  readonly decision: Decision
  /** The first signed tree that holds the leaf. */
  readonly head: Head
}
/** What a caller is answered with: what was written, and the proof that it is in the log. */
export type Recorded = Written & { readonly proof: Proof }
/** A leaf that is on disk, as projections get to see it, in order and without gaps. */
export type Published = {
  readonly leaf: Leaf
  readonly leafIndex: number
  readonly disclosures: readonly Disclosure[]
  /** As the log holds them: the leaf, and what is kept beside it. */
  readonly bytes: Uint8Array
  readonly kept: Uint8Array | undefined
}

export type LedgerOptions = Past & {
  readonly clock: () => number
  /** Leaves between two snapshots. */
  readonly snapshotEvery?: number
  /** Hears of what failed behind a leaf that is written, in one sentence. */
  readonly report?: (problem: string) => void
}

const SNAPSHOT_EVERY = 10_000
/** Leaves after a start before the first snapshot: whoever starts has other things to do. */
const SETTLED_AFTER = 1_000

function firstSnapshotAfter(snapshotSize: number, size: number): number {
  return Math.max(snapshotSize, size - SNAPSHOT_EVERY + SETTLED_AFTER)
}

export class Ledger {
  readonly log: Log
  readonly #options: LedgerOptions
  readonly #followers = new Set<(published: Published) => void>()
  #fold: Fold
  #directory: Directory
  #policies: PolicySet
  #published: number
  #snapshotAt: number
  /** Whether the state holds decisions that never reached the disk. */
  #isAhead = false
  #recovering: Promise<void> | undefined
  #taken: Snapshot | undefined
  #saving: Promise<void> | undefined
  #fault: Error | undefined

  private constructor(options: LedgerOptions, loaded: Loaded) {
    this.log = options.log
    this.#options = options
    this.#fold = loaded.fold
    this.#directory = loaded.directory
    this.#policies = loaded.policies
    this.#published = options.log.size
    this.#snapshotAt = firstSnapshotAfter(loaded.snapshotSize, options.log.size)
    options.log.onRollback(() => this.#fallBack())
  }

  static async open(options: LedgerOptions): Promise<Ledger> {
    return new Ledger(options, await load(options))
  }

  get state(): ReadonlyState {
    return this.#fold.state
  }

  get directory(): Directory {
    return this.#directory
  }

  get policies(): PolicySet {
    return this.#policies
  }

  /** Leaves that followers have seen: everything below this index is on disk. */
  get publishedSize(): number {
    return this.#published
  }

  /** Called for each durable leaf, in order. Followers must not throw and must not wait. */
  follow(follower: (published: Published) => void): () => void {
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }

  /**
   * Decides and writes. Rejects when the log cannot be written: then nothing happened, and nobody may believe it did.
   * `policies` come into force if the decision activates them; it is itself made under the old ones.
   */
  async record(submission: Submission, policies?: PolicySet): Promise<Written> {
    while (this.#isAhead) await this.#recover()
    if (this.#fault) throw this.#fault
    const { leaf, decision, disclosures } = this.#decide(submission)
    const bytes = spell(leaf, leaf.event.type === 'log.created' ? leaf.event.origin : this.state.log!.origin)
    const kept = disclosures.length > 0 ? formatDisclosures(disclosures) : undefined
    const { leafIndex, durable } = this.log.append(bytes, kept)
    // From here on the next decision sees this one. Should the disk fail, the log rolls back and so do we.
    const published = { leaf, leafIndex, disclosures, bytes, kept }
    this.#apply(published, policies)
    const head = await durable
    this.#publish(published)
    return { leaf, leafIndex, bytes, decision, head }
  }

  /**
   * Several decisions in one turn, made by `draft` on the newest state: all of them are written or none, and they become
   * durable together. None may change what another one is decided by.
   */
  async recordAll(draft: (present: Present) => readonly Draft[]): Promise<readonly Written[]> {
    while (this.#isAhead) await this.#recover()
    if (this.#fault) throw this.#fault
    const { state } = this.#fold
    const at = Math.max(this.#options.clock(), state.at)
    const drafts = draft({ state, policies: this.#policies, at, size: this.log.size, origin: this.log.origin })
    const { leafIndex: first, durable } = this.log.appendAll(
      drafts.map(({ bytes, kept }) => ({ leaf: bytes, disclosures: kept })),
    )
    const written = drafts.map((each, index) => ({ ...each, leafIndex: first + index }))
    for (const each of written) this.#apply(each, undefined)
    const head = await durable
    for (const each of written) this.#publish(each)
    return written.map((each) => ({ ...each, head }))
  }

  #apply({ leaf, leafIndex, disclosures }: Published, policies: PolicySet | undefined): void {
    try {
      this.#fold.apply(leaf, leafIndex)
      this.#directory.apply(leaf, disclosures)
    } catch (cause) {
      // The leaf is written and the state is not what it says: whatever was decided on it could not be decided again.
      this.#fault = new Error(`leaf ${leafIndex} could not be applied; nothing is decided until a restart`, { cause })
      throw this.#fault
    }
    if (leaf.event.type === 'policy.activated' && policies) this.#policies = policies
  }

  #decide({ command, caller, claims, evidence, given, sealed }: Submission) {
    const { state } = this.#fold
    // The log's time never runs backwards, whatever the clock does.
    const at = Math.max(this.#options.clock(), state.at)
    const facts = given(this.#directory)
    const decision = decide(
      { command, caller: resolve(caller, state), claims, given: facts, at },
      state,
      this.#policies,
    )
    const circumstances = {
      id: randomUUID(),
      at,
      sequence: this.log.size,
      caller: whoSpoke(decision.event, caller) ?? resolve(caller, state),
      command,
      evidence,
      given: facts,
    }
    const leaf = write({ ...circumstances, ...(sealed && { personal: sealed.personal }) }, decision)
    return { leaf, decision, disclosures: sealed?.disclosures ?? [] }
  }

  /** Group commit answers in order, so leaves are published in order. */
  #publish(published: Published): void {
    this.#published = published.leafIndex + 1
    for (const follower of this.#followers)
      void this.#attempt('hear of', published.leafIndex, () => follower(published))
    const every = this.#options.snapshotEvery ?? SNAPSHOT_EVERY
    void this.#attempt('save a snapshot behind', published.leafIndex, async () => {
      if (this.#published >= this.#snapshotAt + every && !this.#taken && !this.#saving) this.#takeSnapshot()
      if (this.#taken && this.#published >= this.#taken.size) await this.#saveSnapshot(this.#taken)
    })
  }

  /** The leaf stands, whatever fails behind it: whoever asked for it is answered, and the others hear of it. */
  async #attempt(what: string, leafIndex: number, work: () => unknown): Promise<void> {
    try {
      await work()
    } catch (error) {
      const report = this.#options.report ?? ((problem: string) => process.emitWarning(problem))
      report(`couldn't ${what} leaf ${leafIndex}: ${(error as Error).message}`)
    }
  }

  async prove(leafIndex: number, head: Head = this.log.head): Promise<Proof> {
    const hashes = await this.log.inclusionProof(leafIndex, head.size)
    return {
      treeSize: head.size,
      rootHash: base64.encode(head.rootHash),
      hashes: hashes.map(base64.encode),
      checkpoint: head.note,
    }
  }

  /** Saves the state, so that the next start replays only what came after. Resolves once it is on disk. */
  async snapshot(): Promise<void> {
    await this.#saving?.catch(() => undefined)
    if (this.log.size > this.#snapshotAt && this.log.size === this.#published)
      await this.#saveSnapshot(this.#takeSnapshot())
  }

  /** The state may be ahead of the disk by some leaves; it is saved when the disk has caught up, and dropped if it never does. */
  #takeSnapshot(): Snapshot {
    const taken = { size: this.log.size, ...takeSnapshot(this.state) }
    this.#snapshotAt = taken.size
    this.#taken = taken
    return taken
  }

  async #saveSnapshot({ size, pieces, moves, settle }: Snapshot): Promise<void> {
    this.#taken = undefined
    this.#saving = this.#options.shelf.save(size, pieces, moves).finally(() => (this.#saving = undefined))
    await this.#saving
    settle()
  }

  #fallBack(): void {
    this.#isAhead = true
    this.#taken = undefined
    // Whoever asks next waits for it, and tries again should it fail.
    this.#recover().catch(() => undefined)
  }

  /** After a failed write: back to what is on disk, on the ordinary path of a start. */
  #recover(): Promise<void> {
    this.#recovering ??= this.#reload().finally(() => (this.#recovering = undefined))
    return this.#recovering
  }

  async #reload(): Promise<void> {
    const { fold, directory, policies, snapshotSize } = await load(this.#options)
    this.#fold = fold
    this.#directory = directory
    this.#policies = policies
    this.#snapshotAt = snapshotSize
    this.#isAhead = false
  }
}

/** Before a login is open nobody is known; the leaf of the login itself is theirs whom the evidence names. */
function whoSpoke(event: Event, { login }: Caller): Caller | undefined {
  const isLogin = event.type === 'login.opened' || event.type === 'login.refused'
  if (login !== undefined || !isLogin || !event.principal) return undefined
  return { id: event.principal, kind: event.principal.startsWith('job:') ? 'job' : 'person' }
}

/** A login is looked up by what the caller proved; whose it is, the state says. */
function resolve(caller: Caller, state: ReadonlyState): Caller {
  const login = caller.login === undefined ? undefined : state.logins.get(caller.login)
  return login ? callerOf(login) : caller
}

type Snapshot = Taken & { readonly size: number }
