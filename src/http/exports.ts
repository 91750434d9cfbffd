/** What a search finds, as a file: with proofs, as a table, or in the words of other tools. */

import { Readable } from 'node:stream'
import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { handle } from '../control/handle.ts'
import type { Export, ExportedLeaf, ExportRequest } from '../control/view/export.ts'
import { searchId } from '../domain/search.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { mappings, type MappingName } from '../notify/mapping.ts'
import { problemResponse, securityOf, type Desk } from './act.ts'
import type { FastifyRequest } from './app.ts'
import { judgeLogin, mayExport, personalOf } from './caller.ts'
import { refusalOf } from './look.ts'
import type { Port } from './port.ts'
import { problem, Problem, problemOfQuery, problemOfRefusal, sendProblem } from './problem.ts'
import { queryOf } from './searches.ts'

export const exportFormats = ['csv', 'json', 'jsonl', ...(Object.keys(mappings) as MappingName[])] as const
type Format = (typeof exportFormats)[number]

const MAX_EXPORTS = 4
const index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const query = z.object({
  q: z.string().max(1000).optional().describe('As for /api/v1/leaves.'),
  search: searchId.optional().describe('A saved search, in place of q.'),
  format: z.enum(exportFormats).default('jsonl'),
  after: index.optional().describe('Only leaves above this index.'),
  before: index.optional().describe('Only leaves below this index.'),
})

export function exports({ app, port }: Desk): void {
  let running = 0
  app.get(
    '/api/v1/exports/leaves',
    {
      // What it answers with is made while it is sent.
      exposeHeadRoute: false,
      config: { isOpenToRead: true },
      schema: {
        summary:
          'Exactly what a search finds, oldest first: csv, json and jsonl with proofs, or another tool’s records',
        tags: ['exports'],
        security: securityOf('login'),
        querystring: query,
        response: {
          200: { description: 'The file.', content: { 'application/x-ndjson': { schema: z.string() } } },
          default: problemResponse,
        },
      },
    },
    async (request, reply) => {
      if (running >= MAX_EXPORTS)
        return sendProblem(reply, problem('too_many', 'Too many exports run.', { retryAfterSeconds: 10 })) as never
      const { format, after, before } = request.query
      const q = queryOf(request.query, request.caller!, port)
      if (q instanceof Problem) return sendProblem(reply, q) as never
      running += 1
      const found = await takeAway({ format, q, after, before }, request, port).catch((error: Error) => error)
      if (found instanceof Error || found instanceof Problem) running -= 1
      if (found instanceof Error) throw found
      if (found instanceof Problem) return sendProblem(reply, found) as never
      const isWelcome = () => judgeLogin(request.caller!, port) === undefined
      const stream = Readable.from(write(found, q, format, isWelcome), { objectMode: false })
      stream.on('close', () => (running -= 1))
      stream.on('error', (error) => port.report(`an export ended early: ${error.message}`))
      return reply
        .code(200)
        .headers(headersOf(format, found))
        .send(stream as never) as never
    },
  )
}

type Wanted = ExportRequest & { readonly q: string; readonly format: Format }

/** The export, once the log says that it goes out, and to whom. Nothing is looked for whom it is not meant. */
async function takeAway(wanted: Wanted, request: FastifyRequest, port: Port): Promise<Export | Problem> {
  const caller = request.caller!
  const { head } = port.ledger.log
  const found = mayExport(caller, port, request.ip) ? await port.views.export(wanted) : undefined
  if (found && 'problem' in found) return problemOfQuery(found)
  const { q, format, after, before } = wanted
  const { total, treeSize, rootHash } = found ?? {
    total: 0,
    treeSize: head.size,
    rootHash: base64.encode(head.rootHash),
  }
  const bounds = { ...(after !== undefined && { after }), ...(before !== undefined && { before }) }
  const command = { type: 'export trail', format, total, treeSize, rootHash, ...bounds } as const
  const recorded = await handle({ command, caller, personal: { ...personalOf(request), query: q } }, port)
  if (isRefusal(recorded)) return problemOfRefusal(recorded, true)
  return refusalOf(recorded, port) ?? found ?? problem('conflict', 'The policies changed meanwhile; ask again.')
}

function headersOf(format: Format, { treeSize }: Export): Record<string, string> {
  const { type, extension } = KINDS[format] ?? KINDS['jsonl']!
  return {
    'cache-control': 'no-store',
    'content-type': type,
    'content-disposition': `attachment; filename="countersign-${format}-${treeSize}.${extension}"`,
  }
}

const KINDS: Readonly<Partial<Record<Format, { readonly type: string; readonly extension: string }>>> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  json: { type: 'application/json; charset=utf-8', extension: 'json' },
  jsonl: { type: 'application/x-ndjson; charset=utf-8', extension: 'jsonl' },
}

/** A file that ends early shows it: its last line, or closing brace, is missing. */
async function* write(found: Export, q: string, format: Format, isWelcome: () => boolean): AsyncGenerator<string> {
  const { origin, total, treeSize, rootHash, checkpoint } = found
  const head = { query: q, origin, total, treeSize, rootHash, checkpoint }
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`
  if (format === 'json') yield `${JSON.stringify(head).slice(0, -1)},"leaves":[\n`
  if (format === 'jsonl') yield `${JSON.stringify({ export: head })}\n`
  let [lines, count]: [string, number] = ['', 0]
  for await (const leaf of found.leaves) {
    lines += (format === 'json' && count > 0 ? ',' : '') + lineOf(leaf, format, origin)
    count += 1
    if (lines.length < 65_536) continue
    // Somebody who is shown the door does not carry the rest away.
    if (!isWelcome()) throw new Error('this login has ended')
    yield lines
    lines = ''
  }
  yield lines
  if (format === 'json') yield `],"end":{"leaves":${count}}}\n`
  if (format === 'jsonl') yield `${JSON.stringify({ end: { leaves: count } })}\n`
}

function lineOf(exported: ExportedLeaf, format: Format, origin: string): string {
  const { leafIndex, leaf, text, hashes, row } = exported
  if (format === 'csv') return `${cellsOf(exported).map(cell).join(',')}\r\n`
  if (format === 'json' || format === 'jsonl') return `${JSON.stringify({ leafIndex, leaf: text, hashes, row })}\n`
  return `${JSON.stringify(mappings[format]({ leaf, text, leafIndex, origin }))}\n`
}

const COLUMNS = [
  ...['leafIndex', 'at', 'type', 'outcome', 'who', 'whoName', 'sentence', 'resourceKind', 'resourceId', 'environment'],
  ...['reason', 'policies', 'leafHash'],
] as const

/** `leafHash` ties a line to the log: RFC 6962, 2.1, SHA-256 over a zero byte and the leaf. */
function cellsOf({ leafIndex, text, row }: ExportedLeaf): string[] {
  const { at, type, outcome, who, sentence, resource, environment, reason, policies } = row
  const leafHash = digestOf(Buffer.concat([Uint8Array.of(0), utf8.encode(text)]))
  const about = [resource?.kind ?? '', resource?.id ?? '', environment ?? '', reason ?? '']
  return [String(leafIndex), at, type, outcome, who.id, who.name, sentence, ...about, policies.join(' '), leafHash]
}

/** RFC 4180. A name must not become a formula in the program that opens the table. */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
