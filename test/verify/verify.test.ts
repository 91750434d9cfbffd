/** `countersign verify` names what was changed, whatever it was, and believes nothing but bytes and keys. */

import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../../src/cli/verify.ts'
import type { VerifyFinding } from '../../src/control/verification-source.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { formatKey } from '../../src/tlog/key.ts'
import { readWal } from '../../src/store/stored-wal.ts'
import { locateLog } from '../../src/store/stored.ts'
import { cosign } from '../../src/tlog/cosignature.ts'
import { COSIGNATURE, ed25519Signer } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { Company } from '../world/company.ts'
import { freshSigner } from '../witness/world.ts'
import { edit, listening, walOf } from './world.ts'
import { generateKeyPairSync } from 'node:crypto'

type Document = {
  ok: boolean
  treeSize: number
  key?: string
  isPinned: boolean
  cosignatures: { size: number }[]
  findings: VerifyFinding[]
}

let company: Company
beforeAll(async () => {
  company = await Company.open()
  const admin = await company.firstAdmin()
  for (const handle of ['ivo', 'mara', 'li']) await company.person(admin, handle, ['approver'])
  await company.instance.log.flush()
})
afterAll(() => company[Symbol.asyncDispose]())

async function verified(options: object = {}): Promise<Document & { code: number }> {
  const { terminal, json } = listening()
  const code = await run({ directory: company.directory, ...options }, terminal)
  return { ...json<Document>(), code }
}

/** Changes a file, verifies, and puts it back. */
async function verifiedWith(file: string, change: (bytes: Buffer) => void): Promise<Document & { code: number }> {
  let before = Buffer.alloc(0)
  edit(file, (bytes) => {
    before = Buffer.from(bytes)
    change(bytes)
  })
  try {
    return await verified()
  } finally {
    edit(file, (bytes) => before.copy(bytes))
  }
}

async function leafAt(leafIndex: number) {
  const log = await locateLog(company.directory)
  return (await readWal(log, log.origin!)).leaves.get(leafIndex)!
}

/** The partial tile of the published checkpoint. */
function publicFile(path: string): string {
  const directory = join(company.directory, 'log/public')
  const size = readFileSync(join(directory, 'checkpoint'), 'utf8').split('\n')[1]!
  return join(directory, path, size)
}

test('a whole log verifies beside its running server, also while it is written to', async () => {
  const { ok, code, treeSize, key, isPinned, findings: none } = await verified()
  expect({ ok, code, findings: none, isPinned }).toEqual({ ok: true, code: 0, findings: [], isPinned: false })
  expect(treeSize).toBe(company.instance.log.head.size)
  expect(key).toBe(company.instance.logKey)
  const { terminal, text } = listening('text')
  expect(await run({ directory: join(company.directory, 'log') }, terminal)).toBe(0)
  expect(text()).toContain('✓ the log is what was signed')

  await using busy = await Company.open()
  const admin = await busy.firstAdmin()
  let isWriting = true
  const writing = (async () => {
    for (let i = 0; isWriting; i += 1) await busy.person(admin, `p${i}`, [])
  })()
  const findings: VerifyFinding[] = []
  for (let i = 0; i < 10; i += 1) findings.push(...(await verifyLog({ path: busy.directory })).findings)
  isWriting = false
  await writing
  expect(findings).toEqual([])
})

test.each([
  ['a letter in the write-ahead log', 7, (at: number) => at + 3 + 40],
  ['the high byte of a length', 5, (at: number) => at],
  ['the low byte of a length', 5, (at: number) => at + 1],
  ['the first leaf', 0, (at: number) => at + 3 + 100],
])('%s is named: leaf, file, offset and meaning', async (_, leafIndex, place) => {
  const { file, offset } = await leafAt(leafIndex)
  const { code, findings } = await verifiedWith(file, (bytes) => void (bytes[place(offset)]! ^= 1))
  expect(code).toBe(5)
  expect(findings[0]).toMatchObject({ leafIndex, offset, file: expect.stringMatching(/^log\/wal\//) })
  expect(findings[0]!.meaning).toMatch(/^[a-z]+\.[a-z]+, [a-z]+, 20/)
})

test('the published copy, the hashes and the checkpoints are covered, too', async () => {
  const entries = publicFile('tile/entries/000.p')
  const copied = await verifiedWith(entries, (bytes) => void (bytes[bytes.indexOf('principal.invited')]! ^= 1))
  expect(copied.findings).toMatchObject([
    { leafIndex: 2, problem: 'the leaf was changed', meaning: expect.stringMatching(/principal.invited/) },
  ])
  const hashes = await verifiedWith(publicFile('tile/0/000.p'), (bytes) => void (bytes[3 * 32 + 5]! ^= 1))
  expect(hashes.findings).toMatchObject([
    { leafIndex: 3, offset: 96, problem: 'the stored hash of the leaf was changed' },
  ])

  const checkpoint = join(company.directory, 'log/public/checkpoint')
  for (const [what, change] of [
    ['root', (bytes: Buffer) => void (bytes[bytes.indexOf('\n', 13) + 3]! ^= 1)],
    ['signature', (bytes: Buffer) => void (bytes[bytes.length - 20]! ^= 1)],
    ['cut', (bytes: Buffer) => void bytes.fill(0x0a, 20)],
  ] as const)
    expect((await verifiedWith(checkpoint, change)).code, what).toBe(5)
})

test('every byte of the write-ahead log that is in use counts', async () => {
  const { file } = await leafAt(0)
  const log = await locateLog(company.directory)
  const { commits } = await readWal(log, log.origin!)
  const end = commits.at(-1)!.offset + 5 + commits.at(-1)!.note.length
  for (let i = 0; i < 12; i += 1) {
    const at = Math.floor((i * end) / 12) + (i % 7)
    const { code } = await verifiedWith(file, (bytes) => void (bytes[at]! ^= 1 << (i % 8)))
    expect(code, `byte ${at} of ${end}`).toBe(5)
  }
})

test('evidence and disclosures are held against their digests; what was erased is counted, not a fault', async () => {
  const folder = join(company.directory, 'evidence')
  const first = join(folder, readdirSync(folder)[0]!)
  const blob = join(first, readdirSync(first)[0]!)
  const changed = await verifiedWith(blob, (bytes) => void (bytes[0]! ^= 1))
  expect(changed.findings).toMatchObject([
    { file: blob.slice(company.directory.length + 1), problem: expect.stringMatching(/^the evidence .* was changed/) },
  ])

  const log = await locateLog(company.directory)
  const [leafIndex, { file, offset }] = [...(await readWal(log, log.origin!)).disclosures][0]!
  const disclosed = await verifiedWith(file, (bytes) => void (bytes[offset + 45]! ^= 1))
  expect(disclosed.findings[0]).toMatchObject({
    leafIndex,
    offset,
    problem: expect.stringMatching(/^the disclosures beside the leaf/),
  })

  const { terminal, json } = listening()
  await company.instance.log.eraseDisclosures(new Map([[leafIndex, undefined]]))
  expect(await run({ directory: company.directory }, terminal)).toBe(0)
  expect(json<{ counts: { disclosures: object } }>().counts.disclosures).toMatchObject({ withheld: 1 })
})

test('a pinned key must have signed, and a named witness must have cosigned', async () => {
  expect((await verified({ logKey: [company.instance.logKey] })).isPinned).toBe(true)
  const stranger = formatKey(freshSigner().key)
  const pinned = await verified({ logKey: [stranger] })
  expect(pinned.code).toBe(5)
  expect(pinned.findings[0]!.problem).toContain('is not signed by this log')

  const witness = ed25519Signer('w.example', COSIGNATURE, generateKeyPairSync('ed25519').privateKey)
  const key = formatKey(witness.key)
  expect((await verified({ witnessKey: [key] })).findings[0]!.problem).toContain('no checkpoint carries a cosignature')
  const { note } = company.instance.log.head
  await company.instance.log.addCosignatures(note, cosign(parseNote(note).text, witness, 1_800_000_000))
  expect(await verified({ witnessKey: [key] })).toMatchObject({
    code: 0,
    cosignatures: [{ at: '2027-01-15T08:00:00.000Z' }],
  })
  await expect(verified({ logKey: ['nonsense'] })).rejects.toMatchObject({ exit: 'usage' })
})

test('a log that is not there is not found', async () => {
  const nowhere = join(company.directory, 'keys')
  await expect(run({ directory: nowhere }, listening().terminal)).rejects.toMatchObject({ exit: 'notFound' })
})

test('what is sealed and tiled is covered at its own place', async () => {
  await using large = await Company.open()
  const admin = await large.firstAdmin()
  while (large.instance.log.size < 270) await large.person(admin, `p${large.instance.log.size}`, [])
  await large.instance.log.flush()
  expect((await verifyLog({ path: large.directory })).findings).toEqual([])
  for (const [path, problem] of [
    ['tile/entries/000', { leafIndex: 0, offset: 0 }],
    ['tile/0/000', { leafIndex: 0 }],
    ['tile/1/000.p/1', { problem: 'a hash tile was changed: level 1, number 0' }],
  ] as const) {
    const file = join(large.directory, 'log/public', path)
    edit(file, (bytes) => void (bytes[9]! ^= 1))
    const { findings } = await verifyLog({ path: large.directory })
    expect(findings[0], path).toMatchObject({ file: `log/public/${path}`, ...problem })
    edit(file, (bytes) => void (bytes[9]! ^= 1))
  }
  rmSync(join(large.directory, 'log/public/tile/0/000'))
  const { findings } = await verifyLog({ path: large.directory })
  expect(findings.length).toBeGreaterThan(0)
  expect(walOf(large)).toContain('.wal')
})
