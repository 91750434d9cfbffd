import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { follow, listen, take, type Sent } from './live.ts'
import { Office, type Worker } from './office.ts'
import { createCommit, pushOf, setUp } from './story.ts'
import { systemCaller } from '../../src/control/handle.ts'

const write = (office: Office, ana: Worker, index: number) =>
  office.post('/api/v1/issuers', { issuer: `https://i${index}.example`, kind: 'github' }, ana.token)

test('each leaf comes once and in order, across broken streams, while others write', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const address = await listen(office)
  const first = office.size
  const writing = (async () => {
    for (let index = 0; index < 60; index += 1) await write(office, ana, index)
  })()
  const ids: number[] = []
  while (ids.length < 60) {
    const last = String(ids.at(-1) ?? first - 1)
    const sent = await take(follow(address, ana.token, { 'last-event-id': last }), Math.min(7, 60 - ids.length))
    ids.push(...sent.map(({ id }) => id!))
  }
  await writing
  expect(ids).toEqual(Array.from({ length: 60 }, (_, index) => first + index))
  const [whole] = await take(follow(address, ana.token, {}, '?after=-1'), 1)
  expect(whole).toMatchObject({ id: 0, event: 'leaf', data: { leafIndex: 0, type: 'log.created' } })
})

test('a new stream begins with the head, and tells of leaves, alerts and that it lives', async () => {
  await using office = await Office.open({ times: { keepAliveMs: 50, headMs: 20 } })
  const { ana, door } = await setUp(office)
  const address = await listen(office)
  const stream = follow(address, ana.token)
  const [head] = await take2(stream, ({ event }) => event === 'head')
  expect(head!.data).toMatchObject({ treeSize: office.size, witnesses: [] })
  const { id, object } = createCommit()
  await office.push(door, pushOf(id, object))
  const [alert] = office.port.ledger.state.due.keys()
  await office.company.ask({
    command: { type: 'fire alert', alert: alert as `alert:${string}` },
    caller: systemCaller('watch'),
  })
  const [leaf] = await take2(stream, ({ event }) => event === 'leaf')
  expect(leaf!.data).toMatchObject({ type: 'repository.refused', outcome: 'refused', sentence: expect.any(String) })
  expect((await take2(stream, ({ event }) => event === 'alert'))[0]!.data.type).toBe('alert.fired')
  expect((await take2(stream, ({ comment }) => comment !== undefined))[0]!.comment).toBe('still here')
  await stream.return(undefined)
})

/** The next one that fits, leaving the stream open. */
async function take2(stream: AsyncGenerator<Sent>, wanted: (sent: Sent) => boolean): Promise<Sent[]> {
  for (;;) {
    const { value, done } = await stream.next()
    if (done) return []
    if (wanted(value)) return [value]
  }
}

test('ends with the login, and is for readers only', async () => {
  await using office = await Office.open({ times: { keepAliveMs: 50 } })
  const ana = await office.admin()
  const eve = await office.person(ana, 'eve', ['auditor'])
  const address = await listen(office)
  const stream = follow(address, eve.token)
  await take2(stream, ({ event }) => event === 'head')
  await office.post('/api/v1/people/@eve/revocation', { reason: 'left' }, ana.token)
  const after = await take(stream, Infinity, () => true)
  expect(after).toEqual([{ comment: 'this login has ended' }])
  expect((await office.get('/api/v1/events', eve.token)).status).toBe(401)
  expect((await office.get('/api/v1/events')).status).toBe(401)
})

test('whoever stops reading is dropped, and nobody else notices', async () => {
  await using office = await Office.open({ times: { slowMs: 200, keepAliveMs: 100 } })
  const ana = await office.admin()
  const address = await listen(office)
  const row = office.port.views.row.bind(office.port.views)
  office.port.views.row = async (published) => ({ ...(await row(published)), sentence: 'x'.repeat(4 << 20) })
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  socket.write(`GET /api/v1/events?after=-1 HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${ana.token}\r\n\r\n`)
  socket.pause()
  const before = office.app.server
  const open = () =>
    new Promise<number>((resolve, reject) =>
      before.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  await expect.poll(open).toBe(1)
  expect((await write(office, ana, 1)).status).toBe(201)
  await expect.poll(open, { timeout: 5_000 }).toBe(0)
  socket.destroy()
})

test('a login opens ten streams at most, and a server that closes does not wait for them', async () => {
  const office = await Office.open()
  const ana = await office.admin()
  const address = await listen(office)
  const streams = Array.from({ length: 10 }, () => follow(address, ana.token))
  await Promise.all(streams.map((stream) => stream.next()))
  const crowded = await fetch(`${address}/api/v1/events`, { headers: { authorization: `Bearer ${ana.token}` } })
  expect([crowded.status, ((await crowded.json()) as { code: string }).code]).toEqual([429, 'too_many'])
  const socket = connect(Number(new URL(address).port), '127.0.0.1')
  await once(socket, 'connect')
  const startedAt = performance.now()
  await office[Symbol.asyncDispose]()
  expect(performance.now() - startedAt).toBeLessThan(5_000)
  for (const stream of streams)
    expect(await take(stream, Infinity, ({ comment }) => comment !== undefined)).toEqual([
      { comment: 'the server stops' },
    ])
  socket.destroy()
})
