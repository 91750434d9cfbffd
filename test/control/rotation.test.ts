/** While one key takes over from another, both sign; whoever pinned the older one follows its own word to the newer, and nobody else's. */

import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { followKey } from '../../src/cli/log-key.ts'
import { Client } from '../../src/cli/client.ts'
import { memoryPin } from '../../src/cli/pin.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { leadsTo } from '../../src/console/verify/rotation.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { copyTiles } from '../../src/control/tile-copy.ts'
import { openTiles } from '../../src/control/tile-source.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { replayLog } from '../../src/control/replay.ts'
import { followRotations, rotationPath } from '../../src/domain/rotation.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { openCheckpoint } from '../../src/tlog/checkpoint.ts'
import { ed25519Signer, NOTE_SIGNATURE, parseKey } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { formatProofFile, parseProofFile } from '../../src/tlog/proof-file.ts'
import { Company } from '../world/company.ts'

const DAY_MS = 24 * 3_600_000

async function world() {
  const time = { aheadMs: 0 }
  const clock = () => Date.now() + time.aheadMs
  const company = await Company.open(clock)
  const admin = await company.firstAdmin()
  const rotate = async (overlapMs?: number) => {
    const done = await company.instance.rotateLogKey({ caller: admin.caller }, overlapMs)
    if (isRefusal(done) || done.decision.outcome !== 'allowed') throw new Error('not rotated')
    return done
  }
  const leaf = () =>
    company.ask({
      command: { type: 'summarise noise', refused: [{ code: 'x', count: 1 }] },
      caller: systemCaller('noise'),
    })
  const signers = () => parseNote(company.instance.log.head.note).signatures.map(({ keyId }) => keyId)
  const overlapFile = join(company.directory, 'keys/log.overlap.pem')
  return { company, admin, time, clock, rotate, leaf, signers, overlapFile }
}

const fetchFrom = (company: Company) => async (path: string) => (await company.instance.log.resource(path))?.toString()

test('for a week both keys sign; then the new one alone, and the old one is gone', async () => {
  const { company, time, clock, rotate, leaf, signers, overlapFile } = await world()
  await using _ = company
  const old = parseKey(company.instance.logKey)
  const { proof, leafIndex } = await rotate()
  const next = parseKey(company.instance.logKey)
  expect(parseNote(proof.checkpoint).signatures.map(({ keyId }) => keyId)).toEqual([old.keyId])
  await leaf()
  expect(signers()).toEqual([next.keyId, old.keyId])
  expect(openCheckpoint(company.instance.log.head.note, old.name, [old]).size).toBe(leafIndex + 2)

  // Also over a restart within the week.
  await company.reopen(clock)
  await leaf()
  expect(signers()).toEqual([next.keyId, old.keyId])
  time.aheadMs = 6 * DAY_MS
  await company.instance.overlap.settle()
  expect(existsSync(overlapFile)).toBe(true)

  time.aheadMs = 7 * DAY_MS + 1000
  await company.instance.overlap.settle()
  expect(existsSync(overlapFile)).toBe(false)
  await leaf()
  expect(signers()).toEqual([next.keyId])
  await company.reopen(clock)
  await leaf()
  expect(signers()).toEqual([next.keyId])
  await company.instance.log.flush()
  const report = await verifyLog({ path: company.directory })
  expect(report.findings).toEqual([])
  expect((await replayLog({ path: company.directory })).different).toEqual([])
})

test('an overlap that ended while the server was down is ended by its start', async () => {
  const { company, time, clock, rotate, leaf, signers, overlapFile } = await world()
  await using _ = company
  await rotate(DAY_MS)
  expect(existsSync(overlapFile)).toBe(true)
  time.aheadMs = 2 * DAY_MS
  await company.reopen(clock)
  expect(existsSync(overlapFile)).toBe(false)
  await leaf()
  expect(signers()).toEqual([parseKey(company.instance.logKey).keyId])
})

test('without an overlap the old key is gone at once', async () => {
  const { company, rotate, leaf, signers, overlapFile } = await world()
  await using _ = company
  const old = parseKey(company.instance.logKey)
  await rotate(0)
  expect(existsSync(overlapFile)).toBe(false)
  await leaf()
  expect(signers()).toEqual([parseKey(company.instance.logKey).keyId])
  // What it signed last still leads to the new one.
  const keys = await followRotations(old, fetchFrom(company))
  expect(keys.map(({ keyId }) => keyId)).toEqual(signers())
})

test('whoever pinned a key follows from rotation to rotation; a word that the pinned key did not sign leads nowhere', async () => {
  const { company, rotate, leaf } = await world()
  await using _ = company
  const first = parseKey(company.instance.logKey)
  await rotate()
  const second = parseKey(company.instance.logKey)
  await rotate()
  const third = parseKey(company.instance.logKey)
  await leaf()
  expect((await followRotations(first, fetchFrom(company))).map(({ keyId }) => keyId)).toEqual([
    second.keyId,
    third.keyId,
  ])
  expect(await followRotations(third, fetchFrom(company))).toEqual([])

  const text = (await fetchFrom(company)(rotationPath(first)))!
  const file = parseProofFile(text)
  const attacker = ed25519Signer(first.name, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  const bent: Record<string, string> = {
    'with another leaf': formatProofFile({
      ...file,
      extra: Buffer.from(
        Buffer.from(file.extra!)
          .toString()
          .replace(/\+[A-Za-z0-9+/]{8}/, '+AAAAAAAA'),
      ),
    }),
    'at another place': formatProofFile({ ...file, leafIndex: file.leafIndex - 1 }),
    'of a leaf that rotates nothing': formatProofFile({
      leafIndex: 0,
      proof: await company.instance.log.inclusionProof(0, parseNoteSize(file.checkpoint)),
      checkpoint: file.checkpoint,
      extra: await company.instance.log.leaf(0),
    }),
    'without its leaf': text.replace(/^extra .*\n/m, ''),
    'signed by somebody else': text.replace(
      /— .*\n/u,
      `— ${first.name} ${Buffer.concat([Buffer.from(first.keyId, 'hex'), attacker.sign(Buffer.from('x'))]).toString('base64')}\n`,
    ),
    'that is none': 'nonsense',
  }
  for (const [how, forged] of Object.entries(bent))
    await expect(
      followRotations(first, async (path) => (path === rotationPath(first) ? forged : undefined)),
      how,
    ).rejects.toThrow()
})

function parseNoteSize(note: string): number {
  return Number(note.split('\n', 2)[1])
}

test('a command line that pinned the old key goes on with the new one, also long after; a mirror follows as well', async () => {
  const { company, time, rotate, leaf } = await world()
  await using _ = company
  const old = company.instance.logKey
  await rotate(DAY_MS)
  time.aheadMs = 2 * DAY_MS
  await company.instance.overlap.settle()
  const written = await leaf()
  await company.instance.log.flush()
  const server = createServer((request, response) => {
    void company.instance.log.resource(request.url!.replace('/log/', '')).then((bytes) => {
      response.writeHead(bytes ? 200 : 404).end(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const directory = await mkdtemp(join(tmpdir(), 'mirror-'))
  try {
    const note = company.instance.log.head.note
    expect(await followKey(url, old, note)).toBe(company.instance.logKey)
    expect(await followKey(url, company.instance.logKey, note)).toBeUndefined()

    const said: string[] = []
    const terminal = { say: (line: string) => said.push(line) } as unknown as Terminal
    const pin = memoryPin({ origin: company.instance.log.origin, logKey: old })
    const client = new Client({ server: url, terminal, pin })
    const { leafIndex, proof, bytes } = written
    const told = { outcome: 'allowed' as const, leafIndex, type: '', result: {}, policies: [] }
    await client.verify({
      ...told,
      leaf: Buffer.from(bytes).toString(),
      proof: { ...proof, hashes: [...proof.hashes] },
    })
    expect(pin.read()?.logKey).toBe(company.instance.logKey)
    expect(said).toEqual([
      `the log has a new key, which the one that was trusted here vouches for: ${company.instance.logKey}`,
    ])

    const source = await openTiles(`${url}/log`)
    const copied = await copyTiles({ source, to: join(directory, 'copy'), keys: [parseKey(old)] })
    expect(copied.treeSize).toBe(company.instance.log.size)
    const stranger = ed25519Signer(
      company.instance.log.origin,
      NOTE_SIGNATURE,
      generateKeyPairSync('ed25519').privateKey,
    )
    await expect(copyTiles({ source, to: join(directory, 'other'), keys: [stranger.key] })).rejects.toThrow(
      'name the new one: --log-key',
    )
  } finally {
    server.close()
    server.closeAllConnections()
    await rm(directory, { recursive: true })
  }
})

test('a browser goes where the command line goes, and nowhere else', async () => {
  const { company, rotate, leaf } = await world()
  await using _ = company
  const first = company.instance.logKey
  await rotate(0)
  await rotate(0)
  await leaf()
  const look = fetchFrom(company)
  const newest = company.instance.logKey
  expect(await leadsTo(first, newest, look)).toBe(true)
  expect(await leadsTo(newest, first, look)).toBe(false)
  expect(await leadsTo(first, newest, async () => undefined)).toBe(false)
  const bend = (change: (text: string) => string) => async (path: string) => {
    const text = await look(path)
    return text && change(text)
  }
  for (const change of [
    (text: string) => text.replace(/^index \d+$/m, 'index 0'),
    (text: string) => text.replace(/^extra (.)/m, (_all, letter: string) => `extra ${letter === 'A' ? 'B' : 'A'}`),
    (text: string) => text.replace(/.$/s, ''),
    (text: string) => text.slice(0, -40),
    () => 'nonsense',
  ])
    expect(await leadsTo(first, newest, bend(change))).toBe(false)
})

test('nothing is signed twice for one size, and what was signed stays readable', async () => {
  const { company, rotate, leaf } = await world()
  await using _ = company
  const notes = new Map<number, string>()
  const look = () => {
    const { size, note } = company.instance.log.head
    expect(notes.get(size) ?? note).toBe(note)
    notes.set(size, note)
  }
  for (const overlapMs of [DAY_MS, 0, DAY_MS]) {
    look()
    await rotate(overlapMs)
    look()
    await company.instance.overlap.settle()
    look()
    await leaf()
    look()
  }
  expect(readFileSync(join(company.directory, 'keys/log.former-3.pem'), 'utf8')).toContain('PUBLIC KEY')
})
