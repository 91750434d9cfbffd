/** Searches the log: newest first, or oldest first behind a leaf. Large answers are fetched page by page. */

import * as z from '../bytes/schema.ts'
import type { Client } from './client.ts'
import { leafIndex, row, type Row } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { plural, table } from './text.ts'
import { cells, HEAD, streamed } from './trail-row.ts'

export interface TrailOptions extends ServerOptions {
  readonly query?: readonly string[]
  readonly limit?: number
  readonly after?: number
  readonly before?: number
}

const page = z.object({ rows: z.array(row), total: z.int(), next: leafIndex.optional() })
type Page = z.infer<typeof page>

const PAGE_SIZE = 500
const DEFAULT_LIMIT = 50

export async function run(options: TrailOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const isStream = terminal.format === 'jsonl'
  const limit = options.limit ?? (isStream ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT)
  const rows: Row[] = []
  let [count, total] = [0, 0]
  for await (const found of pages(client, options, limit)) {
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
  let [left, cursor] = [limit, after ?? before]
  const direction = after === undefined ? 'before' : 'after'
  while (left > 0) {
    const parameters = new URLSearchParams({ limit: String(Math.min(left, PAGE_SIZE)) })
    if (query.length > 0) parameters.set('q', query.join(' '))
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
