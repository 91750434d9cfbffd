/** An instance whose state lies mostly on its shelf: killed, put back to an older copy, or with its shelf changed or gone. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Company, type Lane } from '../../bench/world/company.ts'
import { Instance } from '../../src/control/instance.ts'
import { Book } from '../../src/domain/book.ts'
import { read } from '../../src/domain/leaf.ts'
import { replay, spell, type State } from '../../src/domain/state.ts'

const place = mkdtempSync(join(tmpdir(), 'countersign-shelf-'))
const folder = (name: string) => join(place, name)
const shelfOf = (directory: string) => join(directory, 'snapshots', 'shelf.db')
afterAll(() => rmSync(place, { recursive: true, force: true }))

const open = (directory: string) =>
  Instance.open({
    ...{ directory, publicUrl: 'http://localhost:7443', origin: 'shelf.localhost', version: 'test', snapshotEvery: 25 },
    policyDirectory: join(import.meta.dirname, '../../policies'),
  })
const lanesOf = () => ['a', 'b', 'c'].map((name): Lane => ({ repository: `acme/${name}`, head: undefined, round: 0 }))

/** What is in memory and on the shelf is what the log alone folds to. */
async function compare(instance: Instance): Promise<void> {
  const plain = replay()
  for await (const { leafIndex, leaf } of instance.log.leaves(0, instance.log.size)) plain.apply(read(leaf), leafIndex)
  const live = instance.ledger.state as State
  for (const [name, member] of Object.entries(plain.state)) {
    const other = (live as unknown as Record<string, unknown>)[name]
    if (!(member instanceof Book)) expect([name, spell(other)]).toEqual([name, spell(member)])
    else
      for (const [key, value] of (member as Book<unknown>).young())
        expect([name, key, (other as Book<unknown>).get(key)]).toEqual([name, key, value])
  }
  expect([...live.releases.newest(Infinity)]).toEqual([...plain.state.releases.newest(Infinity)])
}

beforeAll(async () => {
  await using instance = await open(folder('whole'))
  const lanes = lanesOf()
  const company = await Company.found(instance, lanes)
  for (let round = 0; round < 3; round += 1) for (const lane of lanes) await company.release(lane)
  await compare(instance)
  // An older copy, taken in one go, from the middle of everything.
  cpSync(folder('whole'), folder('old'), { recursive: true, filter: (path) => !path.endsWith('.lock') })
  for (let round = 0; round < 3; round += 1) for (const lane of lanes) await company.release(lane)
  await compare(instance)
  expect(existsSync(shelfOf(folder('whole')))).toBe(true)
})

function copyOf(name: string, from = 'whole'): string {
  cpSync(folder(from), folder(name), { recursive: true })
  return folder(name)
}

test('a start reads what is on the shelf, and little else', async () => {
  await using instance = await open(copyOf('again'))
  const young = [...instance.ledger.state.releases.young()]
  expect(young.length).toBeLessThan(3)
  await compare(instance)
})

test('without a shelf it is made anew from the log', async () => {
  const directory = copyOf('gone')
  for (const name of readdirSync(join(directory, 'snapshots'))) rmSync(join(directory, 'snapshots', name))
  await using instance = await open(directory)
  await compare(instance)
})

test('an older shelf beside a newer log goes on from where it was', async () => {
  const directory = copyOf('behind')
  rmSync(join(directory, 'snapshots'), { recursive: true })
  cpSync(join(folder('old'), 'snapshots'), join(directory, 'snapshots'), { recursive: true })
  await using instance = await open(directory)
  await compare(instance)
})

test('a newer shelf beside an older log is not believed', async () => {
  const directory = copyOf('ahead', 'old')
  rmSync(join(directory, 'snapshots'), { recursive: true })
  cpSync(join(folder('whole'), 'snapshots'), join(directory, 'snapshots'), { recursive: true })
  await using instance = await open(directory)
  await compare(instance)
})

test('who edits the shelf changes no decision: nothing is answered from it, and one sentence says what to do', async () => {
  const directory = copyOf('edited')
  {
    using database = new DatabaseSync(shelfOf(directory))
    // As if nobody had ever signed any of it: an author could approve what they wrote.
    database.exec(
      `UPDATE box SET body = CAST(replace(CAST(body AS TEXT), '"signer":"person:', '"signer":"person;') AS BLOB)`,
    )
    database.exec(`DELETE FROM box WHERE number % 2 = 0`)
  }
  {
    await using instance = await open(directory)
    const keys: string[] = []
    for await (const { leaf: bytes } of instance.log.leaves(0, instance.log.size)) {
      const { event } = read(bytes)
      if (event.type === 'repository.pushed') keys.push(...event.commits.map(({ id }) => id))
    }
    const told = keys.map((key) => {
      try {
        return instance.ledger.state.commits.get(key)?.signer
      } catch (error) {
        return (error as Error).message
      }
    })
    expect(told.every((text) => /^person:|delete that file and start again/.test(text ?? ''))).toBe(true)
    expect(told.some((text) => text?.includes('delete that file'))).toBe(true)
  }
  rmSync(shelfOf(directory))
  await using mended = await open(directory)
  await compare(mended)
})

test('killed at any moment, it comes back with what the log says', { timeout: 60_000 }, async () => {
  for (const afterMs of [400, 700, 1_100]) {
    const directory = folder(`killed-${afterMs}`)
    const child = spawn(process.execPath, [join(import.meta.dirname, 'shelf-worker.ts'), directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    await once(child.stdout!, 'data')
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    child.kill('SIGKILL')
    await ended
    await using instance = await open(directory)
    expect(instance.log.size).toBeGreaterThan(30)
    await compare(instance)
  }
})
