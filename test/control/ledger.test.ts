/** The one writer on a disk that fails, with followers that fail: what was not written did not happen, and nothing else is lost. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf } from '../../src/bytes/digest.ts'
import { canonical } from '../../src/bytes/json.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { Ledger, type LedgerOptions, type Submission } from '../../src/control/ledger.ts'
import { seal } from '../../src/control/seal.ts'
import { read } from '../../src/domain/leaf.ts'
import { formatState, replay } from '../../src/domain/state.ts'
import { LogUnwritable } from '../../src/store/error.ts'
import type { Log } from '../../src/store/log.ts'
import { openShelf, type StateShelf } from '../../src/store/shelf.ts'
import { policies } from '../domain/given.ts'
import { FaultyFiles } from '../store/faulty.ts'
import { origin, TestDirectory } from '../store/world.ts'

const NOW = Date.UTC(2026, 10, 18, 10)

class Desk implements AsyncDisposable {
  readonly place = new TestDirectory()
  readonly disk = new FaultyFiles()
  readonly reported: string[] = []
  log!: Log
  ledger!: Ledger
  shelf!: StateShelf

  static async open(options: Partial<LedgerOptions> = {}): Promise<Desk> {
    const desk = new Desk()
    const { place, disk, reported } = desk
    desk.log = await place.open({ directory: join(place.path, 'log'), files: disk.files })
    desk.shelf = openShelf({ directory: join(place.path, 'snapshots'), origin, signer: place.signer })
    desk.ledger = await Ledger.open({
      log: desk.log,
      shelf: desk.shelf,
      policies: async () => policies,
      clock: () => NOW,
      report: (problem) => reported.push(problem),
      ...options,
    })
    const birth = { origin, logKey: 'log.example+00000000+AA', sshCa: 'ssh-ed25519 AA' }
    await desk.ledger.record(submit({ type: 'create log', ...birth }))
    return desk
  }

  /** The state as whoever reads the log alone gets it. */
  async replayed(): Promise<string> {
    const { state, apply } = replay()
    for await (const { leafIndex, leaf } of this.log.leaves(0, Infinity)) apply(read(leaf), leafIndex)
    return canonical(formatState(state))
  }

  get folded(): string {
    return canonical(formatState(this.ledger.state))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    delete (this.disk as { fault?: string }).fault
    await this.log.close()
    this.shelf[Symbol.dispose]()
    this.place[Symbol.dispose]()
  }
}

function submit(command: Submission['command'], personal: Record<string, string> = {}): Submission {
  const caller = { id: 'system:test', kind: 'system' } as const
  return { command, caller, claims: undefined, evidence: [], given: () => ({}), sealed: seal(personal) }
}

const damage = (leafIndex: number) => submit({ type: 'report damage', leafIndex, file: 'f', problem: 'hash' })
const invite = (handle: string) => {
  const person = `person:${handle.padEnd(12, '0')}` as const
  const inviteDigest = digestOf(utf8.encode(handle))
  const invitation = { type: 'invite person', person, inviteDigest, expiresAt: NOW + 1000, roles: ['admin'] } as const
  return submit({ ...invitation, roles: ['admin'] }, { handle, email: `${handle}@acme.example` })
}

async function untilWritable({ ledger }: Desk): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await ledger.record(damage(999)).catch(() => undefined)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('after a failed write nobody is left behind who was never written: not in the state, not in the directory', async () => {
  await using desk = await Desk.open()
  Object.assign(desk.disk, { fault: 'ENOSPC', where: 'wal' })
  const asked = [desk.ledger.record(invite('ana')), desk.ledger.record(damage(1)), desk.ledger.record(damage(2))]
  for (const each of asked) await expect(each).rejects.toThrow(LogUnwritable)
  desk.disk.fault = undefined
  await untilWritable(desk)
  expect(desk.ledger.directory.find('@ana')).toBeUndefined()
  expect(desk.ledger.directory.byEmail('ana@acme.example')).toBeUndefined()
  expect(desk.folded).toBe(await desk.replayed())
  await desk.ledger.record(invite('ana'))
  expect(desk.ledger.directory.find('@ana')).toBe('person:ana000000000')
})

test('what is asked during a failure is decided on what is on the disk, and followers see every leaf once and in order', async () => {
  await using desk = await Desk.open({ snapshotEvery: 5 })
  const seen: number[] = []
  desk.ledger.follow(({ leafIndex }) => void seen.push(leafIndex))
  for (let round = 0; round < 4; round += 1) {
    const before = Array.from({ length: 7 }, (_, n) => desk.ledger.record(damage(round * 100 + n)))
    if (round % 2 === 0) await Promise.all(before)
    Object.assign(desk.disk, { fault: 'ENOSPC', where: 'wal' })
    const during = Array.from({ length: 7 }, (_, n) => desk.ledger.record(damage(round * 100 + 50 + n)))
    await Promise.allSettled([...before, ...during])
    desk.disk.fault = undefined
    await untilWritable(desk)
  }
  expect(desk.folded).toBe(await desk.replayed())
  expect(seen).toEqual(Array.from({ length: desk.log.size - 1 }, (_, n) => n + 1))
  const saved = await desk.shelf.load(desk.log.size)
  expect(saved && saved.size).toBeGreaterThan(1)
})

test('a snapshot that cannot be saved costs nobody their answer', async () => {
  await using desk = await Desk.open({ snapshotEvery: 2 })
  desk.shelf.save = () => Promise.reject(new Error('the disk is full'))
  for (let n = 0; n < 5; n += 1) await desk.ledger.record(damage(n))
  await new Promise((resolve) => setImmediate(resolve))
  expect(desk.reported.some((problem) => problem.includes('snapshot'))).toBe(true)
  expect(desk.folded).toBe(await desk.replayed())
})

test('a follower that fails keeps the leaf from nobody: not from who asked, not from the other followers', async () => {
  await using desk = await Desk.open()
  const seen: number[] = []
  desk.ledger.follow(() => {
    throw new Error('full')
  })
  desk.ledger.follow(({ leafIndex }) => void seen.push(leafIndex))
  expect((await desk.ledger.record(damage(1))).leafIndex).toBe(1)
  expect([seen, desk.reported]).toEqual([[1], ["couldn't hear of leaf 1: full"]])
})

test('a leaf that cannot be applied stops everything: nobody decides on a state that the log does not say', async () => {
  await using desk = await Desk.open()
  const unreadable = {
    text: 'x',
    digest: 'x',
    get name(): string {
      throw new Error('unreadable')
    },
  }
  const asked = invite('ana')
  const broken = { ...asked, sealed: { ...asked.sealed!, disclosures: [unreadable] as never } }
  await expect(desk.ledger.record(broken)).rejects.toThrow(/could not be applied/)
  await expect(desk.ledger.record(damage(1))).rejects.toThrow(/nothing is decided until a restart/)
})
