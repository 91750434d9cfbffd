/** `countersign evidence report`: an evidence package for printing: a cover, and a page for each sample. Written only when every check passes. */

import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { parse, type Json } from '../bytes/json.ts'
import { decodeText } from '../bytes/portable.ts'
import type { Source } from '../bytes/zip.ts'
import { checkPackage, type Proven } from '../domain/package/check.ts'
import { COVERAGE, PICKS, tableName } from '../domain/package/layout.ts'
import { nodeTools } from '../domain/package/node-tools.ts'
import { fieldsOf, listOf, numberOf, textOf, type Fields } from '../domain/package/plain-leaf.ts'
import { rules } from '../domain/package/population.ts'
import { EXIT, Failure } from './failure.ts'
import { documentOf, linesOf, openPackageOrFail, trustOf } from './package-verdict.ts'
import { FOOT, formatCover, formatHead, formatSamplePage, type Sample } from './report-page.ts'
import type { Terminal } from './terminal.ts'
import { plural, printable } from './text.ts'

export interface EvidenceReportOptions {
  readonly package: string
  readonly output: string
  readonly logKey?: readonly string[]
  readonly witnessKey?: readonly string[]
}

/** 0 when it is written, else 5, with what is wrong. */
export async function run(options: EvidenceReportOptions, terminal: Terminal): Promise<number> {
  const trust = trustOf(options.logKey, options.witnessKey)
  await using source = await openPackageOrFail(options.package)
  using progress = terminal.progress('leaves')
  const { report, proven } = await checkPackage(source, trust, nodeTools, (done, total) => progress.update(done, total))
  progress[Symbol.dispose]()
  if (!report.isGood || !proven) {
    terminal.result(documentOf(report), () => linesOf(report, terminal).join('\n'))
    return EXIT.unverified
  }
  const picks = await picksOf(proven)
  const lists = await countLists(proven)
  const coverage = decodeText(await proven.members.get(COVERAGE)!.bytes())
  const cover = { report, fileDigest: await digestOf(source), lists, coverage, samples: picks.length }
  await write(options.output, async function* () {
    yield formatHead(`Evidence of ${report.manifest!.origin}`)
    yield formatCover(cover)
    for await (const sample of samplesOf(picks, proven)) yield formatSamplePage(sample)
    yield FOOT
  })
  terminal.result(
    { ok: true, file: options.output, samples: picks.length },
    () =>
      `${printable(options.output)}: a cover${picks.length > 0 ? ` and ${plural(picks.length, 'sample')}` : ', and no samples: they are asked for when the package is made'}`,
  )
  return EXIT.ok
}

type Pick = { readonly release: string; readonly leaves: readonly number[] }

async function picksOf({ members }: Proven): Promise<Pick[]> {
  const member = members.get(PICKS)
  if (!member) return []
  const said = fieldsOf(parse(decodeText(await member.bytes())))
  return listOf(said['picks'])
    .map(fieldsOf)
    .map(({ release, leaves }) => ({ release: textOf(release), leaves: listOf(leaves).map(numberOf) }))
}

async function countLists({ members }: Proven): Promise<Map<string, number>> {
  const lists = new Map<string, number>()
  for (const { name } of rules) {
    let rows = 0
    for await (const _ of members.get(tableName(name, 'jsonl'))!.lines()) rows += 1
    lists.set(name, rows)
  }
  return lists
}

async function* samplesOf(picks: readonly Pick[], proven: Proven): AsyncGenerator<Sample> {
  const rows = await rowsOf(new Set(picks.map(({ release }) => release)), proven)
  for (const [index, { release, leaves }] of picks.entries()) {
    const told: { leaf: Sample['leaves'][number]['leaf']; withheld: Set<string> }[] = []
    for (const leafIndex of leaves) {
      const leaf = await proven.leaves.leaf(leafIndex)
      if (!leaf) continue
      const withheld = new Set<string>()
      for (const { digest } of leaf.evidence) if (!(await proven.evidence.get(digest))) withheld.add(digest)
      told.push({ leaf, withheld })
    }
    yield { number: index + 1, release, row: rows.get(release) ?? {}, leaves: told }
  }
}

async function rowsOf(wanted: ReadonlySet<string>, { members }: Proven): Promise<Map<string, Fields>> {
  const rows = new Map<string, Fields>()
  for await (const { bytes } of members.get(tableName('releases', 'jsonl'))!.lines()) {
    const row = fieldsOf(JSON.parse(decodeText(bytes)) as Json)
    const release = textOf(row['release'])
    if (wanted.has(release)) rows.set(release, row)
  }
  return rows
}

const BLOCK_BYTES = 1 << 20

async function digestOf(source: Source): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < source.size; at += BLOCK_BYTES)
    hash.update(await source.read(at, Math.min(BLOCK_BYTES, source.size - at)))
  return `sha256:${hash.digest('hex')}`
}

/** Under its name only when it is whole. */
async function write(path: string, pages: () => AsyncGenerator<string>): Promise<void> {
  const part = `${path}.part`
  const file = await open(part, 'w', 0o600).catch((error: Error) => {
    throw new Failure('failed', 'not_written', `couldn't write ${printable(part)}: ${printable(error.message)}`)
  })
  try {
    for await (const page of pages()) await file.writeFile(page)
    await file.sync()
    await rename(part, path)
  } finally {
    await file.close()
    await rm(part, { force: true })
  }
}
