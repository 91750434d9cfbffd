/**
 * Every decision of a package, decided again from the package alone. Where it does not begin at leaf 0, the state that the
 * first decision rests on is the word of whoever signed the package: said so, with its digest.
 */

import { digestOf, type DigestText } from '../../bytes/digest.ts'
import { MAX_MEMBER_BYTES, type Source } from '../../bytes/zip.ts'
import { checkPackage, type PackageReport, type Proven, type Trust } from './check.ts'
import { parseSnapshot } from '../snapshot.ts'
import { STATE } from './layout.ts'
import { Replayer, type ReplayReport } from '../replayer.ts'
import { nodeTools } from './node-tools.ts'

export type PackageReplay = {
  readonly report: PackageReport
  /** Undefined unless every check passed: what is not in the log is not worth deciding again. */
  readonly replay: ReplayReport | undefined
  /** What it begins with, when that is not leaf 0. */
  readonly start: { readonly leafIndex: number; readonly stateDigest: DigestText } | undefined
}

export async function replayPackage(
  archive: Source | Uint8Array,
  trust: Trust,
  onProgress?: (done: number, total: number) => void,
): Promise<PackageReplay> {
  const { report, proven } = await checkPackage(archive, trust, nodeTools)
  if (!report.isGood || !proven) return { report, replay: undefined, start: undefined }
  const { from } = proven.manifest
  const state = from > 0 ? await proven.members.get(STATE)?.bytes(MAX_MEMBER_BYTES) : undefined
  const start = state && { leafIndex: from, stateDigest: digestOf(state) }
  return { report, replay: await decideAgain(proven, state, onProgress), start }
}

async function decideAgain(
  { manifest, leaves, evidence: kept }: Proven,
  state: Uint8Array | undefined,
  onProgress: ((done: number, total: number) => void) | undefined,
): Promise<ReplayReport> {
  const { origin, from, to } = manifest
  const evidence = { get: (digest: DigestText) => kept.get(digest) }
  const replayer = new Replayer(origin, evidence, from, state && parseSnapshot(state))
  await replayer.adoptPolicies()
  for (let leafIndex = from; leafIndex < to; leafIndex += 1) {
    if (!(await replayer.take((await leaves.bytes(leafIndex))!, leafIndex))) break
    onProgress?.(leafIndex + 1 - from, to - from)
  }
  const { same, different, withheld, seen } = replayer
  return { origin, treeSize: to, from, leaves: seen, same, different, withheld }
}
