/** Follows the log as it grows, all of it or what a query asks for, without a gap and without a repetition. */

import { parse } from '../bytes/json.ts'
import { row, type Row } from './contract.ts'
import { followEvents, type StreamEvent } from './event-stream.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { askedBy } from './saved-search.ts'
import type { Terminal } from './terminal.ts'
import { streamed } from './trail-row.ts'

export interface TailOptions extends ServerOptions {
  readonly query?: readonly string[]
  readonly after?: number
  readonly count?: number
}

export async function run(
  { query = [], after, count = Number.POSITIVE_INFINITY, ...options }: TailOptions,
  terminal: Terminal,
): Promise<number> {
  const client = openClient(options, terminal)
  const rows: Row[] = []
  let [seen, last] = [0, after ?? -1]
  const asked = new URLSearchParams(await askedBy(query, client))
  const stream = {
    url: `${client.server}/api/v1/events${asked.size > 0 ? `?${asked}` : ''}`,
    server: client.server,
    authorization: client.authorization,
    lastEventId: after === undefined ? undefined : String(after),
  }
  for await (const event of followEvents(stream)) {
    const found = readRow(event)
    // A server that resumes too early must not show a leaf twice.
    if (!found || found.leafIndex <= last) continue
    last = found.leafIndex
    seen += 1
    if (terminal.format === 'json') rows.push(found)
    else terminal.emit('leaf', found, streamed(found, terminal.paint))
    if (seen >= count) break
  }
  terminal.result(terminal.format === 'json' ? { rows } : { count: seen, last }, () => '')
  return 0
}

function readRow({ name, data }: StreamEvent): Row | undefined {
  if (name !== 'leaf') return undefined
  try {
    return row.parse(parse(data))
  } catch {
    return undefined
  }
}
