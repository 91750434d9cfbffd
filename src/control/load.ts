/** What a log folds to when it is opened: from the newest snapshot that fits, and the leaves after it. */

import { read } from '../domain/leaf.ts'
import { parseSnapshot, takeSnapshot } from '../domain/snapshot.ts'
import { empty, replay, type Fold, type State } from '../domain/state.ts'
import type { PolicySet } from '../policy/policy.ts'
import type { Log } from '../store/log.ts'
import type { StateShelf } from '../store/shelf.ts'
import { Directory } from './directory.ts'
import { openSeal } from './seal.ts'

export type Past = {
  readonly log: Log
  readonly shelf: StateShelf
  /** Leaves that were taken in, of how many. */
  readonly onProgress?: (done: number, total: number) => void
  /** The policies of a digest that the log names. Rejects when they are not there. */
  readonly policies: (digest: string) => Promise<PolicySet>
}

export type Loaded = {
  readonly fold: Fold
  readonly directory: Directory
  readonly policies: PolicySet
  /** Leaves that the snapshot stands for. */
  readonly snapshotSize: number
}

/** Leaves between two moves to the shelf, so that memory holds no more of a long log than of a short one. */
const MOVE_EVERY = 5_000

export async function load(past: Past): Promise<Loaded> {
  const { log, policies } = past
  const { from, state } = await begin(past)
  const fold = replay(state)
  const directory = new Directory()
  await describePeople(log, fold, directory)
  const snapshotSize = await foldRest(from, fold, directory, past)
  const digest = fold.state.policy?.digest
  return { fold, directory, policies: digest === undefined ? nobody : await policies(digest), snapshotSize }
}

/** A snapshot of another version of this program only means that more leaves are read. */
async function begin({ log, shelf }: Past): Promise<{ readonly from: number; readonly state: State }> {
  const saved = await shelf.load(log.size)
  try {
    if (saved) return { from: saved.size, state: parseSnapshot(saved.bytes, shelf) }
  } catch {
    shelf.clear()
  }
  return { from: 0, state: empty(shelf) }
}

/** Resolves with the leaves that were saved by then. */
async function foldRest(from: number, fold: Fold, directory: Directory, past: Past): Promise<number> {
  const { log, shelf, onProgress } = past
  let saved = from
  for await (const { leafIndex, leaf: bytes } of log.leaves(from, log.size)) {
    const leaf = read(bytes)
    fold.apply(leaf, leafIndex)
    const kept = leaf.personal && (await log.disclosures(leafIndex))
    directory.apply(leaf, openSeal(leaf.personal, kept))
    onProgress?.(leafIndex + 1 - from, log.size - from)
    if (leafIndex + 1 - saved < MOVE_EVERY) continue
    saved = leafIndex + 1
    const { pieces, moves, settle } = takeSnapshot(fold.state)
    await shelf.save(saved, pieces, moves)
    settle()
  }
  return saved
}

/** People of the snapshot, and searches that they keep, are described by a few leaves each, not by the whole log. */
async function describePeople(log: Log, { state }: Fold, directory: Directory): Promise<void> {
  const ofPeople = [...state.people.values()].flatMap(({ disclosedIn }) => disclosedIn)
  const ofSearches = [...state.searches.values()].map(({ leafIndex }) => leafIndex)
  for (const leafIndex of [...ofPeople, ...ofSearches].sort((a, b) => a - b)) {
    const leaf = read(await log.leaf(leafIndex))
    directory.apply(leaf, openSeal(leaf.personal, await log.disclosures(leafIndex)))
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
