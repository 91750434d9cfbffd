/** A live stream that is asked for a part: what it sends is what the same search finds, near the head and far behind it. */

import { expect, test } from 'vitest'
import { follow, listen, take } from './live.ts'
import { Office } from './office.ts'
import { createCommit, pushOf, setUp } from './story.ts'

const QUERIES = [
  'outcome:refused',
  '-type:trail.*',
  'type:(issuer.*, trail.*) who:@ana',
  'kind:system or outcome:refused',
  'i1 or i2',
  'ip:127.0.0.0/8 -type:trail.*',
  'exists:reason',
  'leaf:3..6',
]

const writeIssuer = (office: Office, token: string, index: number) =>
  office.post('/api/v1/issuers', { issuer: `https://i${index}.example`, kind: 'github' }, token)

/** In groups, each of which is one group commit. */
async function writeMany(office: Office, token: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += 100)
    await Promise.all(Array.from({ length: 100 }, (_, index) => writeIssuer(office, token, first + index)))
}

test('sends exactly what the search finds, whatever is asked', async () => {
  await using office = await Office.open()
  const { ana, door } = await setUp(office)
  for (let index = 0; index < 4; index += 1) await writeIssuer(office, ana.token, index)
  const { id, object } = createCommit()
  await office.push(door, pushOf(id, object))
  const address = await listen(office)
  for (const q of QUERIES) {
    const asked = new URLSearchParams({ q, limit: '500' })
    const found = await office.get(`/api/v1/leaves?${asked}&after=0`, ana.token)
    const wanted = found.body.rows.map(({ leafIndex }: { leafIndex: number }) => leafIndex)
    expect(wanted.length, q).toBeGreaterThan(0)
    const sent = await take(follow(address, ana.token, {}, `?after=0&q=${encodeURIComponent(q)}`), wanted.length)
    expect(
      sent.map(({ id: leafIndex }) => leafIndex),
      q,
    ).toEqual(wanted)
    expect(sent[0]!.data, q).toEqual(found.body.rows[0])
  }
})

test('far behind the head, the index leads; nothing is lost or doubled across broken streams', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const address = await listen(office)
  await writeMany(office, ana.token, 700)
  const q = 'i5 or i69'
  const { body } = await office.get(`/api/v1/leaves?q=${encodeURIComponent(q)}&limit=500&after=0`, ana.token)
  const wanted: number[] = body.rows.map(({ leafIndex }: { leafIndex: number }) => leafIndex)
  expect(wanted.length).toBeGreaterThan(100)
  const ids: number[] = []
  while (ids.length < wanted.length) {
    const sent = await take(
      follow(address, ana.token, { 'last-event-id': String(ids.at(-1) ?? 0) }, `?q=${encodeURIComponent(q)}`),
      Math.min(17, wanted.length - ids.length),
    )
    ids.push(...sent.map(({ id }) => id!))
  }
  expect(ids).toEqual(wanted)
})

test('in a long silence it says how far was looked, and that is as good to resume from', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const address = await listen(office)
  await writeMany(office, ana.token, 1_100)
  const [passed] = await take(
    follow(address, ana.token, {}, '?after=0&q=outcome:waiting'),
    1,
    ({ event }) => event === 'passed',
  )
  expect(passed!.id).toBeGreaterThan(1_000)
  expect(passed!.data).toEqual({ leafIndex: passed!.id })
})

test('a saved search is followed by its id; what cannot be followed is said with its place', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const address = await listen(office)
  const kept = await office.post('/api/v1/searches', { name: 'issuers', query: 'type:issuer.*' }, ana.token)
  const { search } = kept.body.result
  const following = take(follow(address, ana.token, {}, `?search=${search}`), 1)
  await expect.poll(async () => (await office.get('/api/v1/leaves?q=live', ana.token)).body.total).toBeGreaterThan(0)
  await office.post('/api/v1/searches', { name: 'other', query: 'type:role.*' }, ana.token)
  await writeIssuer(office, ana.token, 7)
  expect((await following)[0]!.data).toMatchObject({ type: expect.stringMatching(/^issuer\./) })
  for (const [query, detail] of [
    ['q=actor:ana', /at character 1: there is no field actor.*did you mean who:/],
    ['q=type:a|count by who', /leave out \| count by/],
    [`q=x&search=${search}`, /Either q or search/],
    ['search=search:0000000000', /no such saved search/],
  ] as const) {
    const refused = await office.get(`/api/v1/events?${query}`, ana.token)
    expect([query, refused.status]).toEqual([query, query.startsWith('search') ? 404 : 400])
    expect(refused.body.detail).toMatch(detail)
  }
})

test('who follows what stands in the log, and what was typed does not', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const address = await listen(office)
  const before = office.size
  const stream = follow(address, ana.token, {}, '?q=verysecretword')
  await stream.next()
  await stream.return(undefined)
  const { body } = await office.get(`/api/v1/leaves/${before}`, ana.token)
  expect(body.row).toMatchObject({ type: 'trail.read', sentence: 'followed the trail live' })
  expect(body.leaf).not.toContain('verysecretword')
  expect(body.disclosures.map(({ value }: { value: string }) => value)).toContain('verysecretword')
})
