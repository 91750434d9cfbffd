/** How many witnesses must have seen the log, and what waits for them. */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseWitnesses, quorumOf } from '../../src/cli/witness-option.ts'
import { Host } from '../../src/control/host.ts'
import { Instance } from '../../src/control/instance.ts'
import { Quorum } from '../../src/control/quorum.ts'
import type { WitnessStatus } from '../../src/control/witnesses.ts'
import { verifyCosignatures } from '../../src/tlog/cosignature.ts'
import { COSIGNATURE, formatKey, ed25519Signer } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { Office } from '../http/office.ts'
import { jobKeyLine, requestRelease, setUp } from '../http/story.ts'
import { Folder, origin, startWitness } from './world.ts'

const POLICIES = join(import.meta.dirname, '../../policies')

type Options = { needed?: number; isRequired?: boolean; settle?: (sizes: number[]) => Promise<void>; waitMs?: number }

function world(sizes: number[], { needed = 2, isRequired = true, settle, waitMs = 300 }: Options = {}) {
  const now = { at: Date.UTC(2026, 10, 23), size: 10 }
  const status = () => sizes.map((cosignedSize) => ({ cosignedSize, lag: 0 }) as WitnessStatus)
  const witnesses = { status, settle: async () => settle?.(sizes) }
  const quorum = new Quorum({ needed, isRequired, witnesses, size: () => now.size, clock: () => now.at, waitMs })
  return { quorum, now, sizes }
}

test('what enough witnesses have seen is the size of the one in the middle', () => {
  using one = world([3, 9, 5], { needed: 1 }).quorum
  using two = world([3, 9, 5], { needed: 2 }).quorum
  using four = world([3, 9, 5], { needed: 4 }).quorum
  expect([one.size, two.size, four.size]).toEqual([9, 5, 0])
})

test('a checkpoint that waits longer than ten seconds is told of, with since when; a log that grows is not', () => {
  const { quorum, now, sizes } = world([10, 10, 4], { isRequired: false })
  using _ = quorum
  expect(quorum.trouble()).toBeUndefined()
  for (let second = 0; second < 60; second += 1) {
    now.at += 1000
    now.size += 5
    expect(quorum.trouble()).toBeUndefined()
    sizes[0] = sizes[1] = now.size - 5
  }
  now.at += 9_000
  quorum.trouble()
  now.at += 11_000
  expect(quorum.trouble()).toMatch(/^2 of 2 witnesses needed are behind since 2026-11-23T00:01:0[09]\.000Z\.$/)
  sizes[2] = now.size
  expect(quorum.trouble()).toMatch(/^1 of 2 witnesses needed is behind since/)
  sizes[0] = now.size
  expect(quorum.trouble()).toBeUndefined()
})

test('whoever must wait is let through by enough cosignatures over that very leaf, and by nothing less', async () => {
  const slow = world([10, 4], { settle: async (sizes) => void setTimeout(() => (sizes[1] = 11), 20) })
  using _ = slow.quorum
  expect(await slow.quorum.covers(10)).toBe(false)
  slow.sizes[0] = 11
  expect(await slow.quorum.covers(10)).toBe(true)
  const dead = world([10, 10], { settle: () => new Promise(() => {}) })
  using __ = dead.quorum
  expect([await dead.quorum.covers(9), await dead.quorum.covers(10)]).toEqual([true, false])
})

test('a credential is made only after its grant was cosigned; else the grant ends, and the answer says so', async () => {
  const answer = { isCovered: false, asked: [] as number[] }
  const quorum = {
    isRequired: true,
    trouble: () => (answer.isCovered ? undefined : '1 of 1 witnesses needed is behind since then.'),
    covers: async (leafIndex: number) => (answer.asked.push(leafIndex), answer.isCovered),
  }
  await using office = await Office.open({ port: { quorum } })
  const story = await setUp(office)
  const { job, release } = await requestRelease(story)
  await office.decide(story.ben, release, 'approvals')
  await office.decide(story.cleo, release, 'approvals')
  const wanted = { release, target: 'web', publicKey: jobKeyLine() }

  const refused = await office.post('/api/v1/grants', wanted, job.token)
  expect([refused.status, refused.body.code]).toEqual([503, 'witnesses_behind'])
  expect(refused.text).not.toContain('ssh-ed25519-cert')
  const [grant] = [...office.port.ledger.state.grants.newest(1)]
  expect([grant!.cause, answer.asked]).toEqual(['mint_failed', [grant!.leafIndex]])
  const unready = await office.get('/readyz')
  expect([unready.status, unready.body.checks.at(-1).detail]).toEqual([503, quorum.trouble()])

  answer.isCovered = true
  expect((await office.post('/api/v1/grants', wanted, job.token)).status).toBe(201)
  expect((await office.get('/readyz')).status).toBe(200)
})

test('what nothing waits for is told by /readyz, and stops nothing', async () => {
  const quorum = { isRequired: false, trouble: () => 'behind', covers: () => Promise.reject(new Error('never asked')) }
  await using office = await Office.open({ port: { quorum } })
  const { status, body } = await office.get('/readyz')
  expect([status, body.ready, body.checks.at(-1)]).toEqual([
    200,
    true,
    { name: 'witnesses', ok: false, detail: 'behind' },
  ])
})

test('the same witness twice, or more than there are, is refused on the command line', () => {
  const line = (name: string) =>
    `${formatKey(ed25519Signer(name, COSIGNATURE, generateKeyPairSync('ed25519').privateKey).key)} http://127.0.0.1:1`
  const [one, two] = [line('one'), line('two')]
  expect(() => parseWitnesses([one, two, one])).toThrow(/twice/)
  expect(parseWitnesses([one, two])).toHaveLength(2)
  expect(quorumOf({}, 2)).toBeUndefined()
  expect(quorumOf({ requireWitnesses: true }, 2)).toEqual({ needed: 2, isRequired: true })
  expect(quorumOf({ witnessQuorum: 1 }, 2)).toEqual({ needed: 1, isRequired: false })
  for (const flags of [{ witnessQuorum: 3 }, { witnessQuorum: 0 }])
    expect(() => quorumOf(flags, 2)).toThrow(/cannot be needed/)
  expect(() => quorumOf({ requireWitnesses: true }, 0)).toThrow(/cannot be needed/)
})

test('a witness with an ML-DSA-44 key counts beside one with an Ed25519 key, also after its restart', async () => {
  using folder = new Folder()
  const directory = join(folder.path, 'data')
  const options = { directory, publicUrl: 'http://localhost:1', origin, policyDirectory: POLICIES, version: 'test' }
  const made = await Instance.open(options)
  const keys = await made.verifierKeys()
  await made[Symbol.asyncDispose]()
  const place = join(folder.path, 'quantum')
  const { key: born } = await ended(startWitness(place, keys, { keyType: 'ml-dsa-44' }))
  await using quantum = await startWitness(place, keys)
  await using plain = await startWitness(join(folder.path, 'plain'), keys)
  expect([quantum.key.type, plain.key.type, born.keyId]).toEqual([6, 4, quantum.key.keyId])
  const lines = [quantum, plain].map(({ key, url }, index) => ({ name: `w${index}`, url, key }))
  await using host = await Host.open({
    ...options,
    witnesses: lines,
    quorum: { needed: 2, isRequired: true },
    report: () => undefined,
  })
  expect(await host.quorum!.covers(host.instance.log.head.size - 1)).toBe(true)
  const note = parseNote((await host.instance.log.resource('checkpoint'))!)
  expect(verifyCosignatures(note, [quantum.key, plain.key])).toHaveLength(2)
  expect(parseWitnesses([`${formatKey(quantum.key)} ${quantum.url}`])[0]!.key.type).toBe(6)
  expect(parseWitnesses([`${formatKey(plain.key)} ${plain.url}`])[0]!.key.type).toBe(4)
})

/** What it was, once it has ended. */
async function ended<T extends AsyncDisposable>(started: Promise<T>): Promise<T> {
  await using running = await started
  return running
}

test('a running server with a running witness: each leaf is covered a moment after it was written', async () => {
  using folder = new Folder()
  const directory = join(folder.path, 'data')
  const options = { directory, publicUrl: 'http://localhost:1', origin, policyDirectory: POLICIES, version: 'test' }
  const made = await Instance.open(options)
  const keys = await made.verifierKeys()
  await made[Symbol.asyncDispose]()
  await using running = await startWitness(join(folder.path, 'witness'), keys)
  const witnesses = [{ name: running.key.name, url: running.url, key: running.key }]
  await using host = await Host.open({
    ...options,
    witnesses,
    quorum: { needed: 1, isRequired: true },
    report: () => {},
  })
  expect(await host.quorum!.covers(host.instance.log.size - 1)).toBe(true)
  expect(host.logStatus()).toMatchObject({ healthy: true })
  expect(host.quorum!.size).toBe(host.instance.log.head.size)
})
