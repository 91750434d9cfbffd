/** `countersign replay <file>`: every decision of an evidence package decided again, from the package alone. */

import { replayPackage, type PackageReplay } from '../domain/package/replay.ts'
import { EXIT } from './failure.ts'
import { documentOf, linesOf, openPackageOrFail, trustOf } from './package-verdict.ts'
import { textOf, type ReplayOptions } from './replay.ts'
import type { Terminal } from './terminal.ts'

/** 0 when nothing differs, else 5; also when the package is not what was signed. */
export async function run({ directory, logKey }: ReplayOptions, terminal: Terminal): Promise<number> {
  const trust = trustOf(logKey)
  await using source = await openPackageOrFail(directory)
  using progress = terminal.progress('leaves')
  const replayed = await replayPackage(source, trust, (done, total) => progress.update(done, total))
  progress[Symbol.dispose]()
  const { report, replay, start } = replayed
  if (!replay) {
    terminal.result(documentOf(report), () => linesOf(report, terminal).join('\n'))
    return EXIT.unverified
  }
  const isSame = replay.different.length === 0
  terminal.result({ ok: isSame, ...replay, ...(start && { start }) }, () => textOfPackage(replayed, terminal))
  return isSame ? EXIT.ok : EXIT.unverified
}

function textOfPackage({ replay, start }: PackageReplay, terminal: Terminal): string {
  const told = textOf(replay!, terminal)
  if (!start) return told
  const word = `  it begins with the state before leaf ${start.leafIndex}, ${start.stateDigest}: on the word of the signer; export from leaf 0 to prove it`
  return `${told}\n${terminal.paint.dim(word)}`
}
