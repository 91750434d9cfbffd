/** Leaves out of a witness's copy: believed because our own tree commits to them, whoever sent them. */

import { reasonOf } from '../store/error.ts'
import type { Log } from '../store/log.ts'
import { leafHash } from '../tlog/hash.ts'
import type { Signer } from '../tlog/key.ts'
import { decodeBundle, TILE_WIDTH } from '../tlog/tile.ts'
import { verifyInclusion } from '../tlog/verify.ts'
import { WitnessClient, WitnessError } from './witness-client.ts'
import type { WitnessOptions } from './witnesses.ts'

export interface RepairOptions {
  readonly log: Log
  /** The log's key, as it signs now: a witness gives leaves to the log alone. */
  readonly signer: () => Signer
  /** Those without a mirror are passed over. */
  readonly witnesses: readonly WitnessOptions[]
  readonly clock?: () => number
}

export interface FetchedLeaf {
  readonly leaf: Uint8Array
  /** The name of the witness that had it. */
  readonly from: string
}

/** What could be put back, and what could not with the reason, in the order asked. */
export interface Repaired {
  readonly repaired: readonly number[]
  /** Names of the witnesses that had them, without repetition. */
  readonly from: readonly string[]
  readonly failed: readonly { readonly leafIndex: number; readonly because: string }[]
}

export interface Repair {
  /** A leaf that our latest checkpoint includes. Rejects with a WitnessError that says what each witness answered. */
  fetchFromWitness(leafIndex: number): Promise<FetchedLeaf>
  /** Fetches and writes back; durable when it resolves. Never rejects. */
  repair(leafIndexes: readonly number[]): Promise<Repaired>
}

export function openRepair(options: RepairOptions): Repair {
  const fetchFromWitness = (leafIndex: number) => fetchLeaf(leafIndex, options)
  return { fetchFromWitness, repair: (leafIndexes) => repairAll(leafIndexes, options) }
}

async function fetchLeaf(leafIndex: number, options: RepairOptions): Promise<FetchedLeaf> {
  return firstThat(leafIndex, options, async (leaf) => {
    if (!(await isOurs(leafIndex, leaf, options.log))) throw new WitnessError('it sent another leaf')
  })
}

/** The first witness's leaf that `accept` takes without throwing. */
async function firstThat(
  leafIndex: number,
  { log, signer, witnesses, clock = Date.now }: RepairOptions,
  accept: (leaf: Uint8Array, bundle: readonly Uint8Array[]) => Promise<void>,
): Promise<FetchedLeaf> {
  const [index, at] = [Math.floor(leafIndex / TILE_WIDTH), leafIndex % TILE_WIDTH]
  const problems: string[] = []
  for (const { name, url } of witnesses.filter(({ mirror }) => mirror)) {
    try {
      const client = new WitnessClient(url, log.origin)
      // The whole bundle, where the copy has it: of a compressed one nothing may be left behind the changed byte.
      const fetched = async (width: number) => {
        const bytes = await client.tile({ level: 'entries', index, width }, signer(), clock())
        return bytes && decodeBundle(bytes, width)
      }
      const bundle = (await fetched(TILE_WIDTH)) ?? (await fetched(at + 1))
      if (!bundle) throw new WitnessError('it does not have it')
      const leaf = bundle[at]!
      await accept(leaf, bundle)
      return { leaf, from: name }
    } catch (error) {
      problems.push(`${name}: ${reasonOf(error)}`)
    }
  }
  const why = problems.length > 0 ? problems.join('; ') : 'no witness keeps a copy of this log'
  throw new WitnessError(`leaf ${leafIndex} can't be fetched: ${why}`)
}

/** Under the checkpoint that we signed last, in the place that was asked for. */
async function isOurs(leafIndex: number, leaf: Uint8Array, log: Log): Promise<boolean> {
  const { size, rootHash } = log.head
  const proof = await log.inclusionProof(leafIndex, size)
  return verifyInclusion(leafIndex, size, leafHash(leaf), proof, rootHash)
}

async function repairAll(leafIndexes: readonly number[], options: RepairOptions): Promise<Repaired> {
  const repaired: number[] = []
  const from = new Set<string>()
  const failed: { leafIndex: number; because: string }[] = []
  // In order: a leaf whose length was changed hides those behind it in the same bundle.
  for (const leafIndex of [...leafIndexes].sort((a, b) => a - b)) {
    try {
      // The log compares with its tree itself, also where the hash tiles on the disk were changed and no proof can be made.
      const fetched = await firstThat(leafIndex, options, (leaf, bundle) => options.log.repair(leafIndex, leaf, bundle))
      repaired.push(leafIndex)
      from.add(fetched.from)
    } catch (error) {
      failed.push({ leafIndex, because: reasonOf(error) })
    }
  }
  return { repaired, from: [...from], failed }
}
