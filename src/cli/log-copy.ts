/** What the commands that copy a log have in common: progress, and answers in words. */

import { copyStamps } from '../control/stamp-copy.ts'
import { copyTiles, type Copied, type TileCopyOptions } from '../control/tile-copy.ts'
import { base64 } from '../bytes/text.ts'
import { StoreError } from '../store/error.ts'
import { EXIT, Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export async function copy(options: Omit<TileCopyOptions, 'onProgress'>, terminal: Terminal): Promise<number> {
  const { copied, stamps } = await withProgress(terminal, async (onProgress) => {
    const done = await copyTiles({ ...options, onProgress })
    return { copied: done, stamps: await copyStamps(options.source, options.to, done) }
  })
  const { rootHash, ...rest } = copied
  const document = { ok: true, to: options.to, ...rest, stamps, rootHash: base64.encode(rootHash) }
  terminal.result(document, () => textOf(copied, options.to, terminal))
  if (stamps.absent > 0) terminal.say(`${stamps.absent} time stamps that leaves name are not there, or were changed`)
  return EXIT.ok
}

/** Failures of what is stored, as the command line says them: 5 for what was changed or has two histories. */
export async function withProgress<T>(
  terminal: Terminal,
  work: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  using progress = terminal.progress('leaves')
  try {
    return await work((done, total) => progress.update(done, total))
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const name =
      error.code === 'absent' ? 'notFound' : ['damaged', 'rolled_back'].includes(error.code) ? 'unverified' : 'failed'
    throw new Failure(name, error.code, error.message)
  }
}

function textOf(
  { origin, treeSize, previousSize, bundlesFetched, rootHash }: Copied,
  to: string,
  { paint }: Terminal,
): string {
  const grown = treeSize - previousSize
  return [
    `${paint.bold(printable(origin))}  ${treeSize} leaves in ${printable(to)}  root ${base64.encode(rootHash)}`,
    grown === 0 && bundlesFetched === 0
      ? paint.good('✓ nothing new; what is here is what was signed')
      : paint.good(`✓ ${grown} leaves more, each under the signed root, and a past of it was here before`),
  ].join('\n')
}
