/** A package on the command line: read, checked, and told check by check. */

import { stat } from 'node:fs/promises'
import type { PackageReport, Trust } from '../domain/package/check.ts'
import type { Check } from '../domain/package/finding.ts'
import type { Source } from '../bytes/zip.ts'
import { openPackage } from '../store/package.ts'
import { StoreError } from '../store/error.ts'
import { Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'
import { parseOption } from './key-option.ts'

/** Whether a path names a file: then it is a package, and no directory of a log. */
export async function isPackage(path: string): Promise<boolean> {
  return path.endsWith('.csevidence') || ((await stat(path).catch(() => undefined))?.isFile() ?? false)
}

export async function openPackageOrFail(path: string): Promise<Source & AsyncDisposable> {
  try {
    return await openPackage(path)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    throw new Failure(error.code === 'absent' ? 'notFound' : 'unverified', 'no_package', error.message)
  }
}

/** Keys as they were given; each is parsed, so that a slip is not taken for a stranger's key. */
export function trustOf(logKey: readonly string[] = [], witnessKey: readonly string[] = []): Trust {
  for (const key of [...logKey, ...witnessKey]) parseOption(key)
  return { logKeys: logKey, witnessKeys: witnessKey }
}

export function documentOf({ manifest, isGood, ...report }: PackageReport): object {
  const { members: _, ...said } = manifest ?? {}
  return { ok: isGood, ...said, ...report }
}

export function linesOf(
  { manifest, checks, isPinned, isGood, rootHash }: PackageReport,
  { paint }: Terminal,
): string[] {
  const failed = checks.filter(({ state }) => state === 'failed').length
  const verdict = isGood
    ? paint.good(`✓ the package is what was signed: ${checks.length} checks`)
    : paint.bad(`✗ ${failed} of ${checks.length} checks failed`)
  const head = manifest
    ? `${paint.bold(printable(manifest.origin))}  leaves ${manifest.from} to ${manifest.to - 1}  root ${rootHash || 'unknown'}`
    : paint.bold('a package that cannot be read')
  const pin = isPinned ? [] : [paint.dim('  the key is the one that the package itself names; pin it with --log-key')]
  return [head, ...checks.flatMap((check) => lineOf(check, paint)), ...pin, verdict]
}

const MAX_SHOWN = 10

function lineOf({ name, state, detail, problems }: Check, paint: Terminal['paint']): string[] {
  const label = name.padEnd(13)
  if (state === 'ok') return [`  ${paint.good('✓')} ${label} ${printable(detail)}`]
  if (state === 'skipped') return [paint.dim(`  · ${label} ${printable(detail)}`)]
  const shown = problems
    .slice(0, MAX_SHOWN)
    .map((each) => `  ${paint.bad('✗')} ${label} ${words(each.cause)}: ${printable(each.detail)}`)
  return problems.length > MAX_SHOWN ? [...shown, `    … and ${problems.length - MAX_SHOWN} more; see --json`] : shown
}

function words(cause: string): string {
  return cause.replaceAll('_', ' ')
}
