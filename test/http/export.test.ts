import { afterAll, beforeAll, expect, test } from 'vitest'
import { canonical, type Json } from '../../src/bytes/json.ts'
import { digestOf } from '../../src/bytes/digest.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { MAX_EXPORTED } from '../../src/control/view/export.ts'
import { exportFormats } from '../../src/http/exports.ts'
import { openCheckpoint } from '../../src/tlog/checkpoint.ts'
import { leafHash } from '../../src/tlog/hash.ts'
import { parseKey } from '../../src/tlog/key.ts'
import { verifyInclusion } from '../../src/tlog/verify.ts'
import { HOST, Office, type Worker } from './office.ts'

let office: Office
let ana: Worker
beforeAll(async () => {
  office = await Office.open()
  ana = await office.admin()
  for (const handle of ['ben', '=cmd', 'cleo'])
    await office.post(
      '/api/v1/people',
      { handle, name: `=1+"1",${handle}`, email: `${handle}@acme.example`, zone: 'UTC', roles: [] },
      ana.token,
    )
})
afterAll(() => office[Symbol.asyncDispose]())

/** Without what asking leaves behind. */
const QUIET = '-type:trail.*'

const urlOf = (q: string, format: string, more = '') =>
  `/api/v1/exports/leaves?q=${encodeURIComponent(q)}&format=${format}${more}`
const ask = (q: string, format: string) => office.get(urlOf(q, format), ana.token)

/** The lines of a format that is a record a line. */
async function linesOf(q: string, format: string, more = ''): Promise<unknown[]> {
  const headers = { host: HOST, authorization: `Bearer ${ana.token}` }
  const { payload, headers: answered } = await office.app.inject({ url: urlOf(q, format, more), headers })
  expect(answered['content-type']).toMatch(/^application\/x-ndjson/)
  return payload
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

type Line = { readonly leafIndex: number; readonly leaf: string; readonly hashes: readonly string[] }
type Head = {
  readonly total: number
  readonly treeSize: number
  readonly rootHash: string
  readonly checkpoint: string
}

function verify(head: Head, lines: readonly Line[]): void {
  const { origin } = office.port.ledger.log
  const { size, rootHash } = openCheckpoint(head.checkpoint, origin, [parseKey(office.port.ledger.state.log!.logKey)])
  expect(size).toBe(head.treeSize)
  for (const { leafIndex, leaf, hashes } of lines)
    expect(verifyInclusion(leafIndex, size, leafHash(utf8.encode(leaf)), hashes.map(base64.decode), rootHash)).toBe(
      true,
    )
}

async function found(q: string): Promise<number[]> {
  const { body } = await office.get(`/api/v1/leaves?q=${encodeURIComponent(q)}&limit=500`, ana.token)
  return body.rows.map(({ leafIndex }: { leafIndex: number }) => leafIndex).toReversed()
}

test('jsonl and json hold exactly what the search finds, and each leaf proves itself under one checkpoint', async () => {
  for (const q of [QUIET, 'type:principal.*', 'outcome:refused', `-type:log.* ${QUIET} who:/^person/`, 'leaf:2..4']) {
    const indexes = await found(q)
    const lines = await linesOf(q, 'jsonl')
    expect(lines.at(-1)).toEqual({ end: { leaves: indexes.length } })
    const leaves = lines.slice(1, -1) as Line[]
    expect(leaves.map(({ leafIndex }) => leafIndex)).toEqual(indexes)
    const { export: head } = lines[0] as { export: Head }
    expect(head).toMatchObject({ query: q, total: indexes.length })
    verify(head, leaves)
    const { body } = await ask(q, 'json')
    // The first export is a leaf, too, so that the tree of the second is larger.
    const bare = (all: readonly Line[]) => all.map(({ leafIndex, leaf }) => ({ leafIndex, leaf }))
    expect(bare(body.leaves)).toEqual(bare(leaves))
    verify(body, body.leaves)
  }
})

test('pages of an export meet without a gap', async () => {
  const indexesOf = async (more = '') =>
    (await linesOf(QUIET, 'jsonl', more)).slice(1, -1).map((line) => (line as Line).leafIndex)
  expect([...(await indexesOf('&before=4')), ...(await indexesOf('&after=3'))]).toEqual(await indexesOf())
})

test('a table ties each line to its leaf, and holds no formula', async () => {
  const { text, headers } = await ask('type:principal.invited', 'csv')
  expect(headers['content-type']).toMatch(/^text\/csv/)
  const [head, ...lines] = text.trim().split('\r\n')
  expect(head).toMatch(/^leafIndex,at,type,outcome,who,whoName,sentence,.*leafHash$/)
  const indexes = await found('type:principal.invited')
  expect(lines).toHaveLength(indexes.length)
  for (const [position, leafIndex] of indexes.entries()) {
    const bytes = await office.port.ledger.log.leaf(leafIndex)
    expect(lines[position]).toMatch(
      new RegExp(`^${leafIndex},.*${digestOf(Buffer.concat([Uint8Array.of(0), bytes]))}$`),
    )
  }
  expect(text).not.toMatch(/(?:^|,|")[=+@-]/m)
})

test.each(exportFormats.slice(3))('%s: one record a line for every leaf', async (format) => {
  const records = (await linesOf(QUIET, format)) as Json[]
  expect(records).toHaveLength((await found(QUIET)).length)
  if (format !== 'cloudevents') return
  const leaves = await Promise.all(records.map((_, leafIndex) => office.port.ledger.log.leaf(leafIndex)))
  expect(records.map(canonical)).toEqual(leaves.map((bytes) => utf8.decode(bytes)))
})

test.each([
  ['outcom:refused', 'did you mean outcome:?', { path: 'query.q', at: 0, suggestion: 'outcome:' }],
  ['type:x | count by who', 'leave out | count by', { path: 'query.q', at: 7 }],
])('refuses %s with its place', async (q, detail, facts) => {
  const { status, body } = await ask(q, 'csv')
  expect({ status, detail: body.detail, facts: body.facts }).toEqual({
    status: 400,
    detail: expect.stringContaining(detail) as string,
    facts,
  })
})

test('neither a stranger nor an unknown format gets anything', async () => {
  expect((await office.get('/api/v1/exports/leaves')).status).toBe(401)
  expect((await ask('', 'xlsx')).status).toBe(400)
  expect(MAX_EXPORTED).toBe(100_000)
})

test('an address that was disclosed finds its leaves, and counts by who name people', async () => {
  const { body } = await office.get(
    `/api/v1/leaves?q=${encodeURIComponent('ip:127.0.0.0/8 | count by who')}`,
    ana.token,
  )
  expect(body.total).toBeGreaterThan(0)
  expect(body.counts.values.map(({ who }: { who: { name: string } }) => who.name)).toContain('ana')
  expect(body.head.lag).toEqual({ leaves: expect.any(Number) as number, ms: expect.any(Number) as number })
  const none = await office.get(`/api/v1/leaves?q=${encodeURIComponent('ip:10.0.0.0/8')}`, ana.token)
  expect(none.body.total).toBe(0)
})

test('a leaf is shown between those of the same principal and about the same resource', async () => {
  const invited = await found('type:principal.invited who:@ana')
  const { body } = await office.get(`/api/v1/leaves/${invited[1]}`, ana.token)
  const indexesOf = (rows: readonly { leafIndex: number }[]) => rows.map(({ leafIndex }) => leafIndex)
  const own = await found('who:@ana -type:trail.read')
  expect(indexesOf(body.neighbours.who.before)).toEqual(own.filter((index) => index < invited[1]!).slice(-5))
  expect(indexesOf(body.neighbours.who.after)).toEqual(own.filter((index) => index > invited[1]!).slice(0, 5))
  expect(body.neighbours.resource).toEqual({ before: [], after: [] })
})
