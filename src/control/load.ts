/** What a log folds to when it is opened: from the newest snapshot that fits, and the leaves after it. */

import { read } from '../domain/leaf.ts'
import { parseSnapshot } from '../domain/snapshot.ts'
import { replay, type Fold, type State } from '../domain/state.ts'
import type { PolicySet } from '../policy/policy.ts'
import type { Log } from '../store/log.ts'
import type { SnapshotStore } from '../store/snapshot.ts'
import { Directory } from './directory.ts'
import { openSeal } from './seal.ts'

export type Past = {
  readonly log: Log
  readonly snapshots: SnapshotStore
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

/** A snapshot of another version of this program only means that more leaves are read. */
async function loadSnapshot(
  snapshots: SnapshotStore,
  maxSize: number,
): Promise<{ size: number; state: State } | undefined> {
  const saved = await snapshots.load(maxSize)
  try {
    return saved && { size: saved.size, state: parseSnapshot(saved.bytes) }
  } catch {
    return undefined
  }
}

export async function load({ log, snapshots, policies }: Past): Promise<Loaded> {
  const saved = await loadSnapshot(snapshots, log.size)
  const fold = replay(saved?.state)
  const directory = new Directory()
  const from = saved?.size ?? 0
  await describePeople(log, fold, directory)
  for await (const { leafIndex, leaf: bytes } of log.leaves(from, log.size)) {
    const leaf = read(bytes)
    fold.apply(leaf, leafIndex)
    const kept = leaf.personal && (await log.disclosures(leafIndex))
    directory.apply(leaf, openSeal(leaf.personal, kept))
  }
  const digest = fold.state.policy?.digest
  return {
    fold,
    directory,
    policies: digest === undefined ? nobody : await policies(digest),
    snapshotSize: from,
  }
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
  ask: () => ({ isAllowed: false, determining: [], errors: [] }),
  describePolicy: () => undefined,
}
