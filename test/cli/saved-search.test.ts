import { expect, test } from 'vitest'
import { Home } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { ana, rowOf } from './world.ts'

const ben = { ...ana, id: 'person:ben0000000', name: 'ben' }
const saved = (search: string, name: string | undefined, isOwn: boolean, by = ana) => ({
  ...{ search: `search:${search}`, isOwn, isShared: !isOwn, by, leafIndex: 3 },
  ...(name && { name, query: `outcome:${name}` }),
})

async function openPlace(searches: readonly object[]) {
  const server = await FakeServer.open()
  const home = new Home(server)
  const asked: URLSearchParams[] = []
  server.on('GET', '/api/v1/searches', () => ({ body: { searches } }))
  server.on('GET', '/api/v1/leaves', ({ query }) => {
    asked.push(query)
    return { body: { rows: [rowOf(0)], total: 1, head: { treeSize: 1 }, facets: {}, histogram: [] } }
  })
  return {
    ...{ server, asked },
    run: (...args: string[]) => home.run(args, { env: home.signedIn() }),
    [Symbol.asyncDispose]: async () => {
      home[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const all = [
  saved('0000000001', 'refused', true),
  saved('0000000002', 'refused', false, ben),
  saved('0000000003', 'waiting', false, ben),
  saved('0000000004', 'waiting', false, { ...ben, id: 'person:cleo000000', name: 'cleo' }),
  saved('0000000005', undefined, true),
]

test('@name asks one’s own search before that of others, by id; anything longer is a query', async () => {
  await using place = await openPlace(all)
  expect((await place.run('trail', '@Refused')).code).toBe(0)
  expect((await place.run('trail', '@search:0000000003')).code).toBe(0)
  expect((await place.run('trail', '@refused', 'env:production')).code).toBe(0)
  expect(place.asked.map((query) => [query.get('search'), query.get('q')])).toEqual([
    ['search:0000000001', null],
    ['search:0000000003', null],
    [null, '@refused env:production'],
  ])
})

test('a name that nobody has, or two people, is said with the way out', async () => {
  await using place = await openPlace(all)
  const none = await place.run('trail', '@nobody')
  expect([none.code, none.stderr]).toEqual([6, expect.stringContaining('there is no saved search nobody')])
  expect(none.stderr).toContain('countersign trail searches')
  const two = await place.run('trail', '@waiting')
  expect([two.code, two.stderr]).toEqual([2, expect.stringContaining('search:0000000003, search:0000000004')])
  expect(place.asked).toEqual([])
})

test('the list names owner, audience and query, and what was erased by its id', async () => {
  await using place = await openPlace(all)
  const { stdout } = await place.run('trail', 'searches')
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toMatchObject([
    ['SEARCH', 'OF', 'LISTED FOR', 'QUERY'],
    ['@refused', 'you', 'its owner', 'outcome:refused'],
    ['@refused', '@ben', 'everyone', 'outcome:refused'],
    ['@waiting', '@ben', 'everyone', 'outcome:waiting'],
    ['@waiting', '@cleo', 'everyone', 'outcome:waiting'],
    ['@search:0000000005', 'you', 'its owner', '(erased)'],
    [''],
  ])
})

test('save and unsave answer with the leaf that says so', async () => {
  await using place = await openPlace(all)
  const bodies: unknown[] = []
  place.server.on('POST', '/api/v1/searches', ({ body }) => {
    bodies.push(body)
    return { status: 201, body: place.server.receipt('search.saved', { search: 'search:0000000009' }) }
  })
  const kept = await place.run('trail', 'save', '--shared', '@late', 'outcome:refused', 'since:1d')
  expect([kept.code, kept.stdout]).toEqual([
    0,
    'kept in the list of everyone who reads: countersign trail @late\nleaf: 0\n',
  ])
  expect(bodies).toEqual([{ name: 'late', query: 'outcome:refused since:1d', isShared: true }])
  place.server.on('DELETE', `/api/v1/searches/${encodeURIComponent('search:0000000001')}`, () => ({
    body: place.server.receipt('search.removed', {}),
  }))
  const gone = await place.run('trail', 'unsave', 'refused')
  expect([gone.code, gone.stdout]).toEqual([0, '@refused is not kept any more\nleaf: 1\n'])
})

test('tail asks the server for what is wanted, by query or by a saved search, and says where a query is not understood', async () => {
  await using place = await openPlace(all)
  const followed: URLSearchParams[] = []
  place.server.on('GET', '/api/v1/events', ({ query }) => {
    followed.push(query)
    if (query.get('q') === 'actor:ana')
      return place.server.problem(400, 'malformed', 'query.q: at character 1: there is no field actor')
    return {
      raw: (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`id: 3\nevent: passed\ndata: {"leafIndex":3}\n\n`)
        response.write(`id: 4\nevent: leaf\ndata: ${JSON.stringify(rowOf(4))}\n\n`)
      },
    }
  })
  for (const asked of [['outcome:refused', 'env:production'], ['@refused'], []])
    expect((await place.run('trail', 'tail', ...asked, '--count', '1')).code).toBe(0)
  expect(followed.map((query) => query.toString())).toEqual([
    'q=outcome%3Arefused+env%3Aproduction',
    'search=search%3A0000000001',
    '',
  ])
  const { code, stderr } = await place.run('trail', 'tail', 'actor:ana')
  expect([code, stderr]).toEqual([1, expect.stringContaining('at character 1: there is no field actor')])
})
