/** Nothing of the trail is shown or given away before the log says to whom; and looking comes to rest. */

import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WINDOW_MS, type Reading } from '../../src/control/reading.ts'
import { openSeal, valueOf } from '../../src/control/seal.ts'
import { read, type Leaf } from '../../src/domain/leaf.ts'
import { StoreError } from '../../src/store/error.ts'
import { Office } from './office.ts'

async function leafAt(office: Office, leafIndex: number): Promise<Leaf & { readonly typed: string | undefined }> {
  const { log } = office.port.ledger
  const leaf = read(await log.leaf(leafIndex))
  const kept = openSeal(leaf.personal, await log.disclosures(leafIndex))
  return { ...leaf, typed: valueOf(kept, 'queries') ?? valueOf(kept, 'query') }
}

const LOOKS: [url: string, seen: object, typed?: string][] = [
  ['/api/v1/leaves?q=outcome:refused', { kind: 'search', query: 0 }, 'outcome:refused'],
  ['/api/v1/leaves', { kind: 'search' }],
  ['/api/v1/leaves/1', { kind: 'leaf', leaf: 1 }],
  ['/api/v1/leaves/1/proof', { kind: 'proof', leaf: 1 }],
  ['/api/v1/why/@ana', { kind: 'why', query: 0 }, '@ana'],
  [`/api/v1/evidence/sha256:${'0'.repeat(64)}`, { kind: 'evidence', evidence: `sha256:${'0'.repeat(64)}` }],
  ['/log/tile/entries/000.p/2', { kind: 'bundle' }],
]

test('whatever shows the trail is a leaf of whoever asks, and nothing is shown when it cannot be written', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const { log } = office.port.ledger
  const append = log.append.bind(log)
  for (const [url, seen, typed] of LOOKS) {
    log.append = () => {
      throw new StoreError('unwritable', 'the disk is full')
    }
    const closed = await office.get(url, ana.token)
    expect([url, closed.status, closed.body.code]).toEqual([url, 503, 'log_unwritable'])
    expect(closed.body.detail).toBe('The log cannot be written, so nothing may happen until it can be again.')
    expect((await office.get('/livez')).status).toBe(200)
    log.append = append

    const before = office.size
    const { status } = await office.get(url, ana.token)
    expect([url, status, office.size]).toEqual([url, url.includes('evidence') ? 404 : 200, before + 1])
    const leaf = await leafAt(office, before)
    expect(leaf).toMatchObject({
      caller: { id: ana.id },
      outcome: 'allowed',
      event: { type: 'trail.read', reads: [seen] },
    })
    expect(leaf.typed).toBe(typed)
    await office.get(url, ana.token)
    expect(office.size).toBe(before + 1)
  }
})

test('what nobody is shown is no sight: a malformed query, a leaf beyond the end', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const before = office.size
  for (const [url, status] of [
    ['/api/v1/leaves?q=outcom:refused', 400],
    [`/api/v1/leaves/${before}`, 404],
    [`/api/v1/leaves/${before}/proof`, 404],
    ['/api/v1/exports/leaves?q=(', 400],
    ['/api/v1/leaves?search=search:0000000000', 404],
  ] as const)
    expect([url, (await office.get(url, ana.token)).status]).toEqual([url, status])
  expect(office.size).toBe(before)
})

test('whoever may not read is refused in one leaf, whatever they repeat; and so is whoever may not any more', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const kit = await office.person(ana, 'kit', ['developer'])
  expect((await office.get('/api/v1/leaves', kit.token)).status).toBe(200)
  await office.ask('DELETE', '/api/v1/people/@kit/roles/developer', { as: ana.token })
  const before = office.size
  const refused = await office.get('/api/v1/leaves', kit.token)
  expect([refused.status, refused.body.code, refused.body.leafIndex]).toEqual([403, 'policy_refused', before])
  expect((await office.get('/api/v1/leaves', kit.token)).body.leafIndex).toBe(before)
  expect(await leafAt(office, before)).toMatchObject({ caller: { id: kit.id }, event: { type: 'trail.refused' } })
  const file = await office.get('/api/v1/exports/leaves', kit.token)
  expect([file.status, file.body.code, file.body.leafIndex]).toEqual([403, 'policy_refused', before + 1])
  expect((await leafAt(office, before + 1)).event).toEqual({ type: 'trail.refused', wanted: 'export' })
})

test('an export is a leaf before its first byte: how much, of which tree, by which query; and each one is', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const before = office.size
  const url = '/api/v1/exports/leaves?q=type:log.*&format=json&before=40'
  const { body } = await office.get(url, ana.token)
  const leaf = await leafAt(office, before)
  expect(leaf.event).toEqual({
    ...{ type: 'trail.exported', format: 'json', before: 40 },
    ...{ total: body.total, treeSize: body.treeSize, rootHash: body.rootHash },
  })
  expect([leaf.typed, body.treeSize]).toEqual(['type:log.*', before])
  await office.get(url, ana.token)
  expect(office.size).toBe(before + 2)

  const { log } = office.port.ledger
  log.append = () => {
    throw new StoreError('unwritable', 'the disk is full')
  }
  const closed = await office.get(url, ana.token)
  expect([closed.status, closed.body.code]).toEqual([503, 'log_unwritable'])
})

test('reading is found like everything else, and left out by -type:trail.*', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  await office.get('/api/v1/leaves/1', ana.token)
  const found = async (q: string) =>
    (await office.get(`/api/v1/leaves?q=${encodeURIComponent(q)}`, ana.token)).body.rows.map(
      (row: { type: string; sentence: string; who: { name: string } }) => [row.type, row.who.name, row.sentence],
    )
  expect(await found('type:trail.read resource:1')).toEqual([['trail.read', 'ana', 'read leaf 1']])
  const [{ leafIndex }] = (await office.get('/api/v1/leaves?q=type:trail.read', ana.token)).body.rows.slice(-1)
  const { body: trace } = await office.get(`/api/v1/leaves/${leafIndex}`, ana.token)
  expect(trace.facts).toContainEqual({ label: 'Looked', value: 'read leaf 1' })
  const { body: leaf } = await office.get('/api/v1/leaves/4', ana.token)
  const { body: why } = await office.get('/api/v1/why/@ana', ana.token)
  expect([leaf.neighbours.who.after.length, why.chain.length].every(Boolean)).toBe(true)
  expect(JSON.stringify([leaf.neighbours.who, why.chain])).not.toMatch(/read leaf|asked why|searched/)
  expect((await found('-type:trail.*')).filter(([type]: string[]) => type!.startsWith('trail.'))).toEqual([])
})

test('a screen that follows the live trail, and asks again for each leaf, comes to rest', async () => {
  let now = Date.now()
  await using office = await Office.open({ clock: () => now })
  const ana = await office.admin()
  const reading = office.port.reading as Reading
  await office.app.listen({ port: 0, host: '127.0.0.1' })
  const address = `http://127.0.0.1:${(office.app.server.address() as AddressInfo).port}`
  const headers = { authorization: `Bearer ${ana.token}` }
  const abort = new AbortController()
  const { body } = await fetch(`${address}/api/v1/events`, { headers, signal: abort.signal })
  const refresh = async () => {
    const page = await fetch(`${address}/api/v1/leaves?limit=5`, { headers })
    const { next } = (await page.json()) as { next: number }
    await (await fetch(`${address}/api/v1/leaves?limit=5&before=${next}`, { headers })).text()
  }
  let refreshes = 0
  const following = (async () => {
    for await (const part of body!.pipeThrough(new TextDecoderStream()))
      for (const _ of part.matchAll(/^event: leaf$/gm)) {
        refreshes += 1
        await refresh()
      }
  })().catch(() => undefined)
  await refresh()
  /** Nothing more comes for a while. */
  const settle = async () => {
    for (let size = -1; size !== office.size;) {
      size = office.size
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
  }
  const idle = async (windows: number) => {
    for (let window = 0; window < windows; window += 1) {
      now += WINDOW_MS + 1
      await reading.sweep()
      await settle()
    }
  }
  await settle()
  await idle(6)
  const atRest = office.size
  await idle(3)
  expect(office.size).toBe(atRest)
  await office.post('/api/v1/issuers', { issuer: 'https://i.example', kind: 'github' }, ana.token)
  await idle(6)
  const again = office.size
  expect([again > atRest, again - atRest < 8, refreshes > 3]).toEqual([true, true, true])
  await idle(3)
  expect(office.size).toBe(again)
  abort.abort()
  await following
})
