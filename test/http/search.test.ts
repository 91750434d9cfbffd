/** Searches that people keep over HTTP: read before they are kept, seen by whom they are for, and forgotten with their people. */

import { expect, test } from 'vitest'
import { replayLog } from '../../src/control/replay.ts'
import { Office, type Worker } from './office.ts'

const keep = (office: Office, who: Worker, name: string, query: string, isShared = false) =>
  office.post('/api/v1/searches', { name, query, isShared }, who.token)
const list = async (office: Office, who: Worker) =>
  (await office.get('/api/v1/searches', who.token)).body.searches as {
    readonly [K in 'search' | 'name' | 'query']: string
  }[]
const namesOf = async (office: Office, who: Worker) => (await list(office, who)).map(({ name }) => name)

test('a search is kept under a name, asked by its id, taken away, and dropped', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const kept = await keep(office, ana, 'log notes', 'type:log.* -type:trail.*')
  expect([kept.status, kept.body.type]).toEqual([201, 'search.saved'])
  expect(kept.body.leaf).not.toMatch(/log notes|type:log/)
  const { search } = kept.body.result
  expect(await list(office, ana)).toMatchObject([
    { search, name: 'log notes', query: 'type:log.* -type:trail.*', isShared: false, isOwn: true, by: { name: 'ana' } },
  ])
  const { body } = await office.get(`/api/v1/leaves?search=${search}`, ana.token)
  expect(body.total).toBe(2)
  const more = await office.get(`/api/v1/leaves?search=${search}&limit=1`, ana.token)
  expect(more.headers['link']).toContain(`search=${encodeURIComponent(search)}`)
  const file = await office.get(`/api/v1/exports/leaves?search=${search}&format=json`, ana.token)
  expect(file.body).toMatchObject({ query: 'type:log.* -type:trail.*', total: 2 })
  const both = await office.get(`/api/v1/leaves?search=${search}&q=a`, ana.token)
  expect([both.status, both.body.code]).toEqual([400, 'malformed'])
  expect((await office.ask('DELETE', `/api/v1/searches/${search}`, { as: ana.token })).status).toBe(200)
  expect(await list(office, ana)).toEqual([])
  expect((await office.get(`/api/v1/leaves?search=${search}`, ana.token)).status).toBe(404)
  expect((await keep(office, ana, 'log notes', 'type:log.*')).status).toBe(201)
})

test('a query that cannot be read is refused with its place, a name once taken too; nothing is kept', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const size = office.size
  const bad = await keep(office, ana, 'typo', 'env:a outcom:refused')
  expect([bad.status, bad.body.facts]).toEqual([400, { path: 'body.query', at: 6, suggestion: 'outcome:' }])
  expect(bad.body.detail).toMatch(/^body\.query: at character 7: /)
  for (const name of ['', ' a', '-a', 'a\nb', 'x'.repeat(65), '<b>'])
    expect([name, (await keep(office, ana, name, 'a')).status]).toEqual([name, 400])
  expect((await keep(office, ana, 'long', 'x'.repeat(1001))).status).toBe(400)
  expect(office.size).toBe(size)
  await keep(office, ana, 'Nächte 1', 'outcome:refused')
  const again = await keep(office, ana, 'nächte 1', 'outcome:allowed')
  expect([again.status, again.body.code]).toEqual([403, 'search_taken'])
  expect(await namesOf(office, ana)).toEqual(['Nächte 1'])
})

test('others see what is shared and nothing else; only owners and administrators drop it', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const [kit, eve] = [await office.person(ana, 'kit', ['developer']), await office.person(ana, 'eve', [])]
  const [own, shared] = [await keep(office, kit, 'mine', 'a'), await keep(office, kit, 'ours', 'b', true)]
  expect([await namesOf(office, kit), await namesOf(office, ana)]).toEqual([['mine', 'ours'], ['ours']])
  const idOf = (answer: typeof own) => answer.body.result.search
  expect((await office.get(`/api/v1/leaves?search=${idOf(shared)}`, ana.token)).status).toBe(200)
  expect((await office.get(`/api/v1/leaves?search=${idOf(own)}`, ana.token)).status).toBe(404)
  expect((await office.ask('DELETE', `/api/v1/searches/${idOf(own)}`, { as: ana.token })).status).toBe(404)
  expect((await office.get('/api/v1/searches', eve.token)).status).toBe(403)
  expect((await keep(office, eve, 'none', 'a')).body.code).toBe('policy_refused')
  expect((await office.ask('DELETE', `/api/v1/searches/${idOf(shared)}`, { as: ana.token })).status).toBe(200)
  expect(await namesOf(office, kit)).toEqual(['mine'])
})

test('with a person go their searches and what they typed, and what others typed about them; replay agrees', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const kit = await office.person(ana, 'kit', ['auditor'])
  await keep(office, kit, 'secret plans', 'who:@ana env:zebra', true)
  await office.get('/api/v1/leaves?q=zebra', kit.token)
  await keep(office, ana, 'watch', 'who:@kit outcome:refused', true)
  await keep(office, ana, 'kitchen', 'kitchen', true)
  await office.get(`/api/v1/why/${encodeURIComponent('@kit')}`, ana.token)
  await office.get('/api/v1/leaves?q=kitchen', ana.token)
  await office.post('/api/v1/people/@kit/revocation', { reason: 'left' }, ana.token)
  const erased = await office.post('/api/v1/people/@kit/erasures', { reason: 'asked for it' }, ana.token)
  expect([erased.status, erased.body.result.isDone]).toEqual([201, true])
  expect(await list(office, ana)).toMatchObject([{ name: 'watch' }, { name: 'kitchen', query: 'kitchen' }])
  expect((await list(office, ana))[0]).not.toHaveProperty('query')

  const { log } = office.port.ledger
  const everything = async () => {
    const kept = await Promise.all(Array.from({ length: log.size }, (_, leafIndex) => log.disclosures(leafIndex)))
    return kept
      .flatMap((bytes) => (bytes ? (JSON.parse(Buffer.from(bytes).toString()) as string[]) : []))
      .map((text) => Buffer.from(text, 'base64url').toString())
      .join('\n')
  }
  const left = await everything()
  expect(left).not.toMatch(/zebra|secret plans|@kit/)
  expect(left.match(/kitchen/g)).toHaveLength(3)
  await log.flush()
  expect(await replayLog({ path: office.company.directory })).toMatchObject({ different: [], withheld: [] })
})

test('a start brings them back, from the snapshot and from the leaves behind it', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  await keep(office, ana, 'before', 'outcome:refused')
  const gone = await keep(office, ana, 'gone', 'outcome:waiting')
  await office.port.ledger.snapshot()
  await keep(office, ana, 'behind', 'outcome:allowed')
  const { login } = (await office.get('/api/v1/logins/current', ana.token)).body
  const caller = { id: ana.id as 'person:0', kind: 'person', login } as const
  // Nothing personal comes along, as over HTTP there is an address.
  await office.company.ask({ command: { type: 'remove search', search: gone.body.result.search }, caller })
  await office.company.reopen()
  const { state, directory } = office.company.instance.ledger
  const texts = [...state.searches.keys()].map((id) => directory.searches.get(id))
  expect(texts).toMatchObject([
    { name: 'before', query: 'outcome:refused' },
    { name: 'behind', query: 'outcome:allowed' },
  ])
  expect(directory.searches.has(ana.id, 'gone')).toBe(false)
})
