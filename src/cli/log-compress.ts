/** `countersign log compress`: the full bundles of a stored log become gzip files; every leaf, proof and hash stays as it is. */

import { resolve } from 'node:path'
import { compressLog, type CompressedLog } from '../store/compress-stored.ts'
import { EXIT } from './failure.ts'
import { withProgress } from './log-copy.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export interface CompressOptions {
  readonly directory?: string
}

export async function run({ directory = '.countersign' }: CompressOptions, terminal: Terminal): Promise<number> {
  const path = resolve(directory)
  const result = await withProgress(terminal, (onProgress) => compressLog(path, onProgress))
  const isWhole = result.changed === 0
  terminal.result({ ok: isWhole, directory: path, ...result }, () => textOf(result, path, terminal))
  return isWhole ? EXIT.ok : EXIT.unverified
}

function textOf({ bundles, compressed, changed }: CompressedLog, path: string, { paint }: Terminal): string {
  const before = bundles - compressed - changed
  const done = `✓ ${compressed} bundles of 256 leaves are gzipped now${before > 0 ? `; ${before} were before` : ''}`
  if (changed === 0) return paint.good(done)
  return [
    ...(compressed > 0 ? [paint.good(done)] : []),
    paint.bad(`✗ ${changed} ${changed === 1 ? 'bundle is' : 'bundles are'} not as signed, and left as found`),
    `  next: countersign log fsck ${printable(path)}`,
  ].join('\n')
}
