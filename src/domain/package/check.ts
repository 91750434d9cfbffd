/**
 * One verdict over one package, with every check by name. It needs no server, no network and no trust in whoever made the
 * package: at most a key that the reader got in another way.
 */

import { memorySource, type Source } from '../../bytes/zip.ts'
import { Content, type ContentCounts } from './check-content.ts'
import type { Evidence } from './check-evidence.ts'
import { checkLog, type Progress } from './check-log.ts'
import { openPackage, type Opened } from './check-manifest.ts'
import { because, judged, skipped, type Check } from './finding.ts'
import type { Leaves } from './leaves.ts'
import type { Manifest } from './manifest.ts'
import type { Tools } from './tool.ts'

export type Trust = {
  /** Verifier keys of the log that the reader knows. Without any, the key that the package names is believed, and said so. */
  readonly logKeys?: readonly string[]
  /** Witnesses whose cosignature must be there. */
  readonly witnessKeys?: readonly string[]
  /** Certificates of time-stamping authorities whose stamps must cover the period, as PEM. */
  readonly authorities?: readonly string[]
}

export type PackageReport = {
  readonly isGood: boolean
  readonly isPinned: boolean
  readonly checks: readonly Check[]
  readonly manifest: Manifest | undefined
  readonly rootHash: string
  readonly cosigners: readonly string[]
  readonly counts: ContentCounts
}

export type Proven = Opened & { readonly leaves: Leaves; readonly evidence: Pick<Evidence, 'get'> }

const none = { checked: 0, withheld: 0 }
const CONTENT = [
  'evidence',
  'timestamps',
  'disclosures',
  'populations',
  'exceptions',
  'coverage',
  'policies',
  'samples',
  'nothing else',
]

/** Never throws: what cannot be read is a failed check. `proven` is there when every leaf is. Memory does not grow with the package. */
export async function checkPackage(
  archive: Source | Uint8Array,
  trust: Trust,
  tools: Tools,
  onProgress?: Progress,
): Promise<{ readonly report: PackageReport; readonly proven: Proven | undefined }> {
  const source = archive instanceof Uint8Array ? memorySource(archive) : archive
  const isPinned = (trust.logKeys ?? []).length > 0
  const { checks, opened } = await openPackage(source, trust.logKeys ?? [], tools)
  const report = (more: Partial<PackageReport>): PackageReport => {
    const all = [...checks, ...(more.checks ?? [])]
    const empty = { rootHash: '', cosigners: [], counts: { leaves: 0, evidence: none, disclosures: none } }
    const isGood = all.every(({ state }) => state === 'ok')
    return { ...empty, isPinned, manifest: opened?.manifest, ...more, isGood, checks: all }
  }
  if (!opened) return { report: report({}), proven: undefined }
  try {
    const content = new Content(opened, source, tools)
    const take = content.take.bind(content)
    const log = await checkLog(opened, trust.witnessKeys ?? [], tools, take, onProgress)
    const { rootHash, cosigners } = log
    if (!log.isProven) {
      const rest = CONTENT.map((name) => skipped(name, 'leaves'))
      return { report: report({ rootHash, cosigners, checks: [...log.checks, ...rest] }), proven: undefined }
    }
    const { checks: more, counts } = await content.check(rootHash)
    const { leaves, evidence, timestamps } = content
    const stamps = await timestamps.check(opened, evidence, log.before, trust.authorities ?? [], tools)
    const all = { rootHash, cosigners, counts, checks: [...log.checks, ...more.slice(0, 1), stamps, ...more.slice(1)] }
    return { report: report(all), proven: { ...opened, leaves, evidence } }
  } catch (error) {
    // Signed, and still not what any exporter of ours writes.
    const check = judged('content', '', [{ cause: 'malformed', detail: because(error) }])
    return { report: report({ checks: [check] }), proven: undefined }
  }
}
