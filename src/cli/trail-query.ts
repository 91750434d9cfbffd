/** Searches the log: newest first, or oldest first behind a leaf. Large answers are fetched page by page, or go into a file. */

import * as z from '../bytes/schema.ts'
import type { Client } from './client.ts'
import { formatWho, leafIndex, row, shown, who, type Row } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { askedBy } from './saved-search.ts'
import { plural, printable, table } from './text.ts'
import { exportTrail, type Format } from './trail-export.ts'
import { cells, HEAD, streamed } from './trail-row.ts'

export interface TrailOptions extends ServerOptions {
  readonly query?: readonly string[]
  readonly limit?: number
  readonly after?: number
  readonly before?: number
  /** Where to write everything that is found, oldest first. */
  readonly export?: string
  readonly format?: Format
}

const counts = z.object({
  by: shown,
  values: z.array(z.object({ value: shown, count: z.int(), who: who.optional() })).max(1_000),
})
const page = z.object({ rows: z.array(row), total: z.int(), next: leafIndex.optional(), counts: counts.optional() })
type Page = z.infer<typeof page>

const PAGE_SIZE = 500
const DEFAULT_LIMIT = 50

export async function run(options: TrailOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  if (options.export !== undefined) return await writeExport(options.export, options, client, terminal)
  if (options.format) throw new Failure('usage', 'no_file', '--format is for --export FILE', { next: '--export FILE' })
  const isStream = terminal.format === 'jsonl'
  const limit = options.limit ?? (isStream ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT)
  const rows: Row[] = []
  let [count, total] = [0, 0]
  for await (const found of pages(client, options, limit)) {
    if (found.counts) return showCounts(found.counts, found.total, terminal)
    total = found.total
    for (const each of found.rows) {
      count += 1
      if (isStream) terminal.emit('leaf', each, streamed(each, terminal.paint))
      else rows.push(each)
    }
  }
  terminal.result(isStream ? { count, total } : { rows, total }, () => {
    if (rows.length === 0) return 'no such leaf'
    return table([HEAD, ...rows.map((each) => cells(each, terminal.paint))], terminal.columns)
  })
  if (terminal.format === 'text' && total > count)
    terminal.say(`${plural(count, 'leaf')} of ${total}; --limit shows more`)
  return 0
}

async function* pages(
  client: Client,
  { query = [], after, before }: TrailOptions,
  limit: number,
): AsyncGenerator<Page> {
  const asked = await askedBy(query, client)
  let [left, cursor] = [limit, after ?? before]
  const direction = after === undefined ? 'before' : 'after'
  while (left > 0) {
    const parameters = new URLSearchParams({ ...asked, limit: String(Math.min(left, PAGE_SIZE)) })
    if (cursor !== undefined) parameters.set(direction, String(cursor))
    if (direction === 'after' && before !== undefined) parameters.set('before', String(before))
    const found = await client.get(`/api/v1/leaves?${parameters}`, page)
    yield found
    // A page that does not move on would never end.
    if (found.next === undefined || found.next === cursor || found.rows.length === 0) return
    left -= found.rows.length
    cursor = found.next
  }
}

function showCounts({ by, values }: z.infer<typeof counts>, total: number, terminal: Terminal): number {
  terminal.result({ total, counts: { by, values } }, () => {
    if (values.length === 0) return 'no such leaf'
    const lines = values.map(({ value, count, who: named }) => [String(count), named ? formatWho(named) : value])
    return table([['LEAVES', by.toUpperCase()], ...lines], terminal.columns)
  })
  return 0
}

async function writeExport(
  file: string,
  { query = [], format = 'jsonl', after, before }: TrailOptions,
  client: Client,
  terminal: Terminal,
): Promise<number> {
  using progress = terminal.progress('leaves')
  const asked = { file, format, asked: await askedBy(query, client), after, before }
  const exported = await exportTrail(asked, client, progress)
  progress[Symbol.dispose]()
  const { verified } = exported
  terminal.result(exported, () =>
    verified
      ? `${printable(file)}: ${plural(verified.leaves, 'leaf')}, each verified in the tree of ${verified.treeSize} leaves that the log signed`
      : `${printable(file)}: written; ${format} carries no proofs`,
  )
  return 0
}
