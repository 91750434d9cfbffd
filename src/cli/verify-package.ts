/** `countersign verify <file>`: whether an evidence package is what was signed; offline, each check by name. */

import { utf8 } from '../bytes/text.ts'
import { nodeTools } from '../domain/package/node-tools.ts'
import { checkPackage } from '../domain/package/check.ts'
import { EXIT } from './failure.ts'
import { documentOf, linesOf, openPackageOrFail, trustOf } from './package-verdict.ts'
import { readAnchors } from './timestamp-option.ts'
import type { Terminal } from './terminal.ts'
import type { VerifyOptions } from './verify.ts'

/** 0 when every check passes, else 5. */
export async function run(
  { directory, logKey, witnessKey, tsaCa = [] }: VerifyOptions,
  terminal: Terminal,
): Promise<number> {
  const authorities = await Promise.all(tsaCa.map(async (path) => utf8.decode(await readAnchors(path))))
  const trust = { ...trustOf(logKey, witnessKey), authorities }
  await using source = await openPackageOrFail(directory)
  using progress = terminal.progress('leaves')
  const { report } = await checkPackage(source, trust, nodeTools, (done, total) => progress.update(done, total))
  progress[Symbol.dispose]()
  terminal.result(documentOf(report), () => linesOf(report, terminal).join('\n'))
  return report.isGood ? EXIT.ok : EXIT.unverified
}
