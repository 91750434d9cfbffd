/** `countersign verify`: whether a stored log, or a package of one, is what was signed; offline, also beside a running server. */

import { verifyLog, type VerifyReport } from '../control/verification.ts'
import type { VerifyFinding } from '../control/verification-source.ts'
import { StoreError } from '../store/error.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { parseCertificates } from '../evidence/x509.ts'
import { EXIT, Failure } from './failure.ts'
import { parseOption } from './key-option.ts'
import { isPackage } from './package-verdict.ts'
import { isProofFile, run as verifyProofFile } from './verify-proof.ts'
import { readAnchors } from './timestamp-option.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, plural, printable } from './text.ts'

export { parseOption }

export interface VerifyOptions {
  /** A data directory, a log directory, any C2SP tlog-tiles directory, or the file of an evidence package. */
  readonly directory: string
  /** Verifier keys that may have signed; without any, leaf 0 says whose they are. */
  readonly logKey?: readonly string[]
  /** Verifier keys of witnesses whose cosignature must be there. */
  readonly witnessKey?: readonly string[]
  /** Files with certificates (PEM) of authorities whose time stamps must be there. */
  readonly tsaCa?: readonly string[]
}

/** 0 when everything fits, else 5. */
export async function run(options: VerifyOptions, terminal: Terminal): Promise<number> {
  if (isProofFile(options.directory)) return verifyProofFile(options, terminal)
  if (await isPackage(options.directory)) return (await import('./verify-package.ts')).run(options, terminal)
  using progress = terminal.progress('leaves')
  const report = await verified(options, (done, total) => progress.update(done, total))
  progress[Symbol.dispose]()
  terminal.result(documentOf(report), () => textOf(report, terminal))
  return report.findings.length === 0 ? EXIT.ok : EXIT.unverified
}

async function verified(
  options: VerifyOptions,
  onProgress: (done: number, total: number) => void,
): Promise<VerifyReport> {
  const { directory, logKey, witnessKey, tsaCa = [] } = options
  const trusted = await Promise.all(tsaCa.map(readAnchors))
  try {
    return await verifyLog({
      path: directory,
      onProgress,
      ...(logKey && logKey.length > 0 && { logKeys: logKey.map(parseOption) }),
      ...(tsaCa.length > 0 && { anchors: trusted.flatMap((pem) => parseCertificates(utf8.decode(pem))) }),
      ...(witnessKey && { witnessKeys: witnessKey.map(parseOption) }),
    })
  } catch (error) {
    if (error instanceof StoreError && error.code === 'absent') throw new Failure('notFound', 'no_log', error.message)
    throw error
  }
}

function documentOf(report: VerifyReport): object {
  const { rootHash, findings, cosignatures, stamps, ...rest } = report
  return {
    ok: findings.length === 0,
    ...rest,
    rootHash: base64.encode(rootHash),
    cosignatures: cosignatures.map(({ at, ...cosignature }) => ({ ...cosignature, at: new Date(at).toISOString() })),
    stamps: {
      ...stamps,
      ...(stamps.newest && { newest: { ...stamps.newest, at: new Date(stamps.newest.at).toISOString() } }),
    },
    findings,
  }
}

const MAX_SHOWN = 20

function textOf(report: VerifyReport, { paint }: Terminal): string {
  const { origin, treeSize, rootHash, key, isPinned, cosignatures, counts, findings } = report
  const { evidence, disclosures } = counts
  const signer = key === undefined ? paint.bad('nobody that is known') : printable(key)
  return [
    `${paint.bold(printable(origin))}  ${plural(treeSize, 'leaf').replace('leafs', 'leaves')}  root ${base64.encode(rootHash)}`,
    `  signed by    ${signer}${isPinned ? '' : paint.dim('  (as leaf 0 says; pin it with --log-key)')}`,
    ...cosignatures.map(
      ({ witness, size, at }) =>
        `  cosigned by  ${printable(witness)} at ${size} leaves, ${formatInstant(new Date(at).toISOString())}`,
    ),
    ...stampLines(report),
    `  checked      ${counts.leaves} leaves, ${counts.tiles} tiles, ${counts.checkpoints} checkpoints, ${evidence.checked} evidence, ${disclosures.checked} disclosures${withheld(evidence.withheld + disclosures.withheld)}`,
    ...findings.slice(0, MAX_SHOWN).map((finding) => `${paint.bad('✗')} ${lineOf(finding)}`),
    ...(findings.length > MAX_SHOWN ? [`  … and ${findings.length - MAX_SHOWN} more; see --json`] : []),
    findings.length === 0
      ? paint.good('✓ the log is what was signed')
      : paint.bad(`✗ ${plural(findings.length, 'problem')}`),
  ].join('\n')
}

function stampLines({ stamps: { good, newest }, treeSize }: VerifyReport): string[] {
  if (!newest) return []
  const [from, last] = [newest.treeSize, treeSize - 1]
  const rest = from > last ? '' : from === last ? `; leaf ${last} not yet` : `; leaves ${from} to ${last} not yet`
  const when = formatInstant(new Date(newest.at).toISOString())
  return [`  stamped      ${plural(good, 'time')}, the newest of ${newest.treeSize} leaves, ${when}${rest}`]
}

function withheld(count: number): string {
  return count === 0 ? '' : `; ${count} erased or withheld`
}

function lineOf({ leafIndex, problem, file, offset, meaning }: VerifyFinding): string {
  const leaf = leafIndex === undefined ? '' : `leaf ${leafIndex}: `
  const place = file === undefined ? '' : `\n    ${printable(file)}${offset === undefined ? '' : ` at byte ${offset}`}`
  return `${leaf}${printable(problem)}${place}${meaning === undefined ? '' : `\n    it said: ${printable(meaning)}`}`
}
