/**
 * One verdict over one package, with every check by name. It needs no server, no network and no trust in whoever made the
 * package: at most a key that the reader got in another way.
 */

import { checkDerived, checkDisclosures, checkEvidence, type Blobs, type ContentCounts } from './check-content.ts'
import { checkLog, type Leaves, type Progress } from './check-log.ts'
import { openPackage, type Opened } from './check-manifest.ts'
import { because, judged, skipped, type Check } from './finding.ts'
import type { Manifest } from './manifest.ts'
import type { Tools } from './tool.ts'

export type Trust = {
  /** Verifier keys of the log that the reader knows. Without any, the key that the package names is believed, and said so. */
  readonly logKeys?: readonly string[]
  /** Witnesses whose cosignature must be there. */
  readonly witnessKeys?: readonly string[]
}

export type PackageReport = {
  readonly isGood: boolean
  readonly isPinned: boolean
  readonly checks: readonly Check[]
  readonly manifest: Manifest | undefined
  readonly rootHash: string
  readonly cosigners: readonly string[]
  readonly counts: ContentCounts & { readonly leaves: number }
}

export type Proven = Opened & { readonly leaves: Leaves; readonly blobs: Blobs }

const none = { checked: 0, withheld: 0 }
const CONTENT = [
  'evidence',
  'disclosures',
  'populations',
  'exceptions',
  'coverage',
  'policies',
  'samples',
  'nothing else',
]

/** Never throws: what cannot be read is a failed check. `proven` is there when every leaf is. */
export async function checkPackage(
  bytes: Uint8Array,
  trust: Trust,
  tools: Tools,
  onProgress?: Progress,
): Promise<{ readonly report: PackageReport; readonly proven: Proven | undefined }> {
  const isPinned = (trust.logKeys ?? []).length > 0
  const { checks, opened } = await openPackage(bytes, trust.logKeys ?? [], tools)
  const report = (more: Partial<PackageReport>): PackageReport => {
    const all = [...checks, ...(more.checks ?? [])]
    const empty = { rootHash: '', cosigners: [], counts: { leaves: 0, evidence: none, disclosures: none } }
    const isGood = all.every(({ state }) => state === 'ok')
    return { ...empty, isPinned, manifest: opened?.manifest, ...more, isGood, checks: all }
  }
  if (!opened) return { report: report({}), proven: undefined }
  try {
    const log = await checkLog(opened, trust.witnessKeys ?? [], tools, onProgress)
    const { rootHash, cosigners, leaves } = log
    const heads = { rootHash, cosigners }
    if (!leaves) {
      const rest = CONTENT.map((name) => skipped(name, 'leaves'))
      return { report: report({ ...heads, checks: [...log.checks, ...rest] }), proven: undefined }
    }
    const evidence = await checkEvidence(opened, leaves, tools)
    const disclosures = await checkDisclosures(opened, leaves, tools)
    const derived = await checkDerived(opened, leaves, evidence.blobs, rootHash, tools)
    const counts = { leaves: leaves.lines.length, evidence: evidence.counts, disclosures: disclosures.counts }
    const all = [...log.checks, evidence.check, disclosures.check, ...derived]
    return { report: report({ ...heads, counts, checks: all }), proven: { ...opened, leaves, blobs: evidence.blobs } }
  } catch (error) {
    // Signed, and still not what any exporter of ours writes.
    const check = judged('content', '', [{ cause: 'malformed', detail: because(error) }])
    return { report: report({ checks: [check] }), proven: undefined }
  }
}
