/** Checkpoints are stamped by a stock authority over HTTP, kept beside the log, and said in leaves; when they are not, people are told. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readAnchors, timestampPolicy } from '../../src/cli/timestamp-option.ts'
import { Host } from '../../src/control/host.ts'
import { replayLog } from '../../src/control/replay.ts'
import { TimestampClient } from '../../src/control/timestamp-client.ts'
import { Stamps } from '../../src/store/stamps.ts'
import { sha256 } from '../../src/bytes/digest.ts'
import { Office } from '../http/office.ts'
import { serveAuthority, TimestampAuthority, type Served } from '../world/timestamp-authority.ts'

const POLICIES = join(import.meta.dirname, '../../policies')
const HOUR_MS = 3_600_000
const authority = new TimestampAuthority({ hasIntermediate: true })
afterAll(() => authority[Symbol.dispose]())

class World implements AsyncDisposable {
  readonly directory: string
  /** What the server's clock is ahead of ours. */
  aheadMs = 0
  host: Host | undefined

  private constructor(directory: string) {
    this.directory = directory
  }

  static async make(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'stamped-')))
  }

  async open({ url }: Pick<Served, 'url'>, anchors = Buffer.from(authority.pem('root'))): Promise<Host> {
    await this.host?.[Symbol.asyncDispose]()
    this.host = await Host.open({
      directory: this.directory,
      publicUrl: 'http://localhost:7443',
      origin: 'log.example',
      policyDirectory: POLICIES,
      version: '0',
      clock: () => Date.now() + this.aheadMs,
      witnesses: [],
      timestamps: { url, anchors, everyMs: HOUR_MS },
      report: () => undefined,
    })
    return this.host
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host?.[Symbol.asyncDispose]()
    await rm(this.directory, { recursive: true, force: true })
  }
}

const leafTypes = async ({ instance: { log } }: Host) => {
  const types: string[] = []
  for await (const { leaf } of log.leaves(0, log.size))
    types.push(/"type":"dev\.countersign\.([a-z.]+)\.v1"/.exec(leaf.toString())![1]!)
  return types
}

test('the newest checkpoint is stamped, kept and said; a log that only says so is not stamped again', async () => {
  await using world = await World.make()
  await using served = await serveAuthority(authority)
  const host = await world.open(served)
  await host.settle()
  const stamped = host.instance.ledger.state.log!.stamped!
  expect(stamped.treeSize).toBeGreaterThan(0)
  expect((await leafTypes(host)).filter((type) => type === 'log.stamped')).toHaveLength(1)
  expect(host.logStatus().stamp).toMatchObject({
    authority: expect.stringContaining('127.0.0.1'),
    treeSize: stamped.treeSize,
  })
  expect(host.logStatus().stamp).not.toHaveProperty('trouble')

  const kept = (await new Stamps(join(world.directory, 'log/public')).read(stamped.treeSize))!
  authority.verify(kept.reply, kept.checkpoint)
  expect(
    Buffer.from((await host.instance.log.resource(`checkpoints/${stamped.treeSize}.tsr`))!).equals(kept.reply),
  ).toBe(true)
  expect(await host.instance.log.resource('checkpoints/../../keys/log.pem')).toBeUndefined()

  await host.settle()
  expect(served.asked).toBe(1)
  await world.open(served)
  await world.host!.settle()
  expect(served.asked).toBe(2)
  const report = await replayLog({ path: world.directory })
  expect([report.different, report.withheld]).toEqual([[], []])
})

test('a crash between the stamp and its leaf only says it late; another stamp never takes its place', async () => {
  await using world = await World.make()
  await using served = await serveAuthority(authority)
  const host = await world.open({ url: 'http://127.0.0.1:1/' })
  const { log } = host.instance
  const checkpoint = (await log.resource('checkpoint'))!
  const client = new TimestampClient({ url: served.url, anchors: Buffer.from(authority.pem('root')) }, Date.now)
  const { reply } = await client.stamp(sha256(checkpoint))
  const stamps = new Stamps(join(world.directory, 'log/public'))
  await stamps.keep(log.head.size, { checkpoint, reply })
  await host.settle()
  expect(await leafTypes(host)).toContain('log.stamped')
  const again = await client.stamp(sha256(checkpoint))
  const { treeSize } = host.instance.ledger.state.log!.stamped!
  await expect(stamps.keep(treeSize, { checkpoint, reply: again.reply })).rejects.toThrow('is there already')
  expect(await stamps.sizes()).toEqual([treeSize])
})

const bends: [string, Parameters<typeof serveAuthority>[1], RegExp][] = [
  ['is silent about time', () => ({ body: Buffer.from('<html>'), type: 'text/html' }), /no time stamp; see that --tsa/],
  ['fails', () => ({ body: Buffer.from('no'), code: 503 }), /it answered 503/],
  ['sends elsewhere', (body) => ({ body, code: 302, location: 'http://127.0.0.1:1/' }), /does not answer/],
  ['floods', () => ({ body: Buffer.alloc(1 << 20) }), /more than 65536 bytes/],
  [
    'lies',
    (body) => ({ body: Buffer.concat([body.subarray(0, -1), Buffer.of(body.at(-1)! ^ 1)]) }),
    /is refused \(wrong_signature\)/,
  ],
]
test.each(bends)('an authority that %s is not believed, and people are told why', async (_, bend, why) => {
  await using world = await World.make()
  await using served = await serveAuthority(authority, bend)
  const host = await world.open(served)
  await host.settle()
  expect(host.logStatus().stamp?.trouble).toMatch(why)
  expect(host.logStatus().healthy).toBe(true)
  expect(await leafTypes(host)).not.toContain('log.stamped')
  expect(await new Stamps(join(world.directory, 'log/public')).sizes()).toEqual([])
})

test('an answer to an earlier question is refused by its nonce', async () => {
  await using world = await World.make()
  let first: Buffer | undefined
  await using served = await serveAuthority(authority, (body) => ({ body: (first ??= body) }))
  const host = await world.open(served)
  const client = new TimestampClient({ url: served.url, anchors: Buffer.from(authority.pem('root')) }, Date.now)
  await client.stamp(sha256((await host.instance.log.resource('checkpoint'))!))
  await host.settle()
  expect(host.logStatus().stamp?.trouble).toMatch(/wrong_nonce/)
})

test('clocks that are far apart stamp nothing; a stamp that is late is told of, until it is there', async () => {
  await using world = await World.make()
  await using served = await serveAuthority(authority)
  const host = await world.open(served)
  await host.settle()
  expect(host.logStatus().stamp).not.toHaveProperty('trouble')
  const at = host.instance.ledger.state.log!.stamped!.at
  world.aheadMs = 2 * HOUR_MS
  // Some leaf or other.
  await host.instance.handle({
    command: { type: 'summarise noise', refused: [{ code: 'x', count: 1 }] },
    caller: { id: 'system:noise', kind: 'system' },
  })
  await host.settle()
  expect(host.logStatus().stamp?.trouble).toBe(
    `The time-stamping authority ${new URL(served.url).host} has not stamped the log since ${new Date(at).toISOString()}: its clock says ${/says (\S+),/.exec(host.logStatus().stamp!.trouble!)![1]}, which is minutes from ours.`,
  )
})

test('flags that cannot be meant are refused', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tsa-flags-'))
  const [ca, other] = [join(directory, 'ca.pem'), join(directory, 'other.pem')]
  await writeFile(ca, authority.pem('root'))
  await writeFile(other, 'no certificate')
  expect(await timestampPolicy({})).toBeUndefined()
  expect(await timestampPolicy({ tsa: 'https://tsa.example/', tsaCa: ca })).toMatchObject({ everyMs: HOUR_MS })
  await expect(timestampPolicy({ tsa: 'https://tsa.example/' })).rejects.toThrow('address and its certificate')
  await expect(timestampPolicy({ tsaCa: ca })).rejects.toThrow('address and its certificate')
  await expect(timestampPolicy({ tsa: 'ftp://tsa.example/', tsaCa: ca })).rejects.toThrow('not the address')
  await expect(timestampPolicy({ tsa: 'https://tsa.example/', tsaCa: ca, tsaEvery: 1000 })).rejects.toThrow(
    'once a minute',
  )
  await expect(timestampPolicy({ tsa: 'https://tsa.example/', tsaCa: ca, tsaPolicy: 'x' })).rejects.toThrow(
    'object identifier',
  )
  await expect(readAnchors(other)).rejects.toThrow('holds no certificates')
  await expect(readAnchors(join(directory, 'absent'))).rejects.toThrow('holds no certificates')
  expect(Buffer.from(await readAnchors(ca)).equals(await readFile(ca))).toBe(true)
  await rm(directory, { recursive: true })
})

test('/readyz tells of an authority that does not answer, and stays ready', async () => {
  await using world = await World.make()
  const host = await world.open({ url: 'http://127.0.0.1:1/' })
  await host.settle()
  await using office = await Office.open({ port: { logStatus: () => host.logStatus() } })
  const { status, body } = await office.get('/readyz')
  expect(status).toBe(200)
  expect(body.checks.at(-1)).toMatchObject({
    name: 'timestamps',
    ok: false,
    detail: expect.stringMatching(
      /^The time-stamping authority 127\.0\.0\.1:1 has never stamped the log: it does not answer/,
    ),
  })
})
