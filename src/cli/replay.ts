/** `countersign replay`: every decision of a log decided again, from leaves and evidence alone; offline, also beside a running server. */

import { replayLog } from '../control/replay.ts'
import type { ReplayReport } from '../domain/replayer.ts'
import { StoreError } from '../store/error.ts'
import { EXIT, Failure } from './failure.ts'
import { isPackage } from './package-verdict.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export interface ReplayOptions {
  /** A data directory, or the file of an evidence package. */
  readonly directory: string
  /** The first leaf to decide again (else 0). */
  readonly from?: number
  /** Verifier keys that may have signed a package. */
  readonly logKey?: readonly string[]
}

/** 0 when nothing differs, else 5. */
export async function run(options: ReplayOptions, terminal: Terminal): Promise<number> {
  const { directory, from } = options
  if (await isPackage(directory)) return (await import('./replay-package.ts')).run(options, terminal)
  using progress = terminal.progress('leaves')
  const onProgress = (done: number, total: number) => progress.update(done, total)
  const report = await replayLog({ path: directory, onProgress, ...(from !== undefined && { from }) }).catch(notFound)
  progress[Symbol.dispose]()
  terminal.result({ ok: report.different.length === 0, ...report }, () => textOf(report, terminal))
  return report.different.length === 0 ? EXIT.ok : EXIT.unverified
}

function notFound(error: unknown): never {
  if (error instanceof StoreError && error.code === 'absent') throw new Failure('notFound', 'no_log', error.message)
  throw error
}

const MAX_SHOWN = 20

export function textOf({ origin, leaves, from, same, different, withheld }: ReplayReport, { paint }: Terminal): string {
  const since = from === 0 ? '' : ` from leaf ${from} on`
  return [
    `${paint.bold(printable(origin))}  ${leaves} leaves decided again${since}`,
    `  ${same} same, ${different.length} different, ${withheld.length} withheld`,
    ...different
      .slice(0, MAX_SHOWN)
      .map(
        ({ leafIndex, type, because }) =>
          `${paint.bad('✗')} leaf ${leafIndex}${type ? ` ${type}` : ''}: ${printable(because)}`,
      ),
    ...(different.length > MAX_SHOWN ? [`  … and ${different.length - MAX_SHOWN} more; see --json`] : []),
    different.length === 0
      ? paint.good('✓ 0 differences')
      : paint.bad(`✗ ${different.length} ${different.length === 1 ? 'difference' : 'differences'}`),
  ].join('\n')
}
