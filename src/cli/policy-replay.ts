/** `countersign policy replay`: what a folder of policies would have answered in history; offline, from a data directory or a copy. */

import type { Change, PolicyReplayReport } from '../domain/policy-replay.ts'
import { replayPolicies } from '../control/policy-replay.ts'
import { StoreError } from '../store/error.ts'
import { EXIT, Failure } from './failure.ts'
import { loadChecked } from './policy-check.ts'
import type { Paint, Terminal } from './terminal.ts'
import { formatInstant, plural, printable } from './text.ts'

export interface PolicyReplayOptions {
  readonly folder: string
  /** A data directory, or a copy of one. */
  readonly data: string
  /** As far back as this (ms), from now. */
  readonly since?: number
  /** The first leaf to ask again. */
  readonly from?: number
}

/** 0 when history would have been the same, else 1. */
export async function run(options: PolicyReplayOptions, terminal: Terminal): Promise<number> {
  const { folder, data, since, from } = options
  const { policies } = loadChecked(folder, terminal)
  using progress = terminal.progress('leaves')
  const onProgress = (done: number, total: number) => progress.update(done, total)
  const range = { ...(since !== undefined && { sinceAt: Date.now() - since }), ...(from !== undefined && { from }) }
  const report = await replayPolicies(policies, { path: data, onProgress, ...range }).catch(failed)
  progress[Symbol.dispose]()
  terminal.result({ ok: isUnchanged(report), ...report }, () => textOf(report, terminal.paint))
  return isUnchanged(report) ? EXIT.ok : EXIT.failed
}

function failed(error: unknown): never {
  if (!(error instanceof StoreError)) throw error
  if (error.code === 'absent') throw new Failure('notFound', 'no_log', error.message)
  throw new Failure('unverified', 'damaged', error.message)
}

function isUnchanged({ newlyAllowed, newlyRefused, unknown }: PolicyReplayReport): boolean {
  return newlyAllowed + newlyRefused + unknown === 0
}

const MAX_SHOWN = 50

export function textOf(report: PolicyReplayReport, paint: Paint): string {
  const { newlyAllowed, newlyRefused, unchanged, unknown, changes, unknownLeaves } = report
  const shown = changes.slice(0, MAX_SHOWN)
  const rest = newlyAllowed + newlyRefused - shown.length
  const unasked = unknownLeaves.slice(0, 8).join(', ')
  return [
    `leaves ${report.from} to ${report.treeSize - 1}, root ${report.rootHash}`,
    `${newlyRefused} newly refused, ${newlyAllowed} newly allowed, ${unchanged} unchanged, ${unknown} cannot be asked again`,
    ...shown.map((change) => lineOf(change, paint)),
    ...(rest > 0 ? [`  … and ${rest} more; --json has the first ${changes.length}`] : []),
    ...(unknown > 0 ? [paint.amber(`cannot be asked again: leaf ${unasked}${unknown > 8 ? ', …' : ''}`)] : []),
    `changes: ${report.changesDigest}`,
    isUnchanged(report) ? paint.good('✓ history would be the same') : paint.bad(summaryOf(report)),
  ].join('\n')
}

function summaryOf({ newlyAllowed, newlyRefused, unknown }: PolicyReplayReport): string {
  const changed = newlyAllowed + newlyRefused
  return changed > 0 ? `✗ ${plural(changed, 'decision')} would differ` : `✗ ${plural(unknown, 'decision')} unknown`
}

function lineOf({ leafIndex, at, type, action, principal, resource, isAllowed, determining }: Change, paint: Paint) {
  const by = determining.length > 0 ? determining.join(', ') : 'no policy permits it'
  const word = isAllowed ? paint.amber('newly allowed') : paint.bad('newly refused')
  const what = `${type}  ${action} on ${printable(resource)} by ${printable(principal)}`
  return `  ${paint.dim(`leaf ${String(leafIndex).padEnd(7)}`)} ${formatInstant(new Date(at).toISOString())}  ${word}  ${what}: ${by}`
}
