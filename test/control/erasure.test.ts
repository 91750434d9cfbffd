/** Somebody leaves and is forgotten: what said who they were is in no file any more, and the log is what was signed all the same. */

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { disclose } from '../../src/bytes/disclosure.ts'
import { eraseFromCopies } from '../../src/control/erasure-copy.ts'
import { Eraser } from '../../src/control/erasure.ts'
import { replayLog } from '../../src/control/replay.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { createRepository, hasTool } from '../world/repository.ts'
import { Company, type Somebody } from '../world/company.ts'

const eraserOf = (company: Company, reports: string[] = []) =>
  new Eraser({
    ledger: company.instance.ledger,
    evidence: company.instance.evidence,
    clock: company.instance.clock,
    directory: company.directory,
    forget: async () => {},
    report: (sentence) => reports.push(sentence),
    retryMs: 5,
  })

const erase = (person: string, more: object = {}) =>
  ({
    type: 'erase person',
    person: person as `person:${string}`,
    evidence: false,
    nonce: 'n'.repeat(43),
    expiresAt: 253_402_300_799_999,
    ...more,
  }) as const

async function leave(company: Company, admin: Somebody, who: Somebody): Promise<void> {
  await company.ask({
    command: { type: 'revoke principal', principal: who.id },
    caller: admin.caller,
    personal: { ip: '192.0.2.1', reason: `${who.id} leaves for another company` },
  })
}

/** Whether any file holds it, also as it is written in a disclosure. */
function isAnywhere(directory: string, text: string): boolean {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.some(({ parentPath, name }) => {
    const bytes = readFileSync(join(parentPath, name)).toString('latin1')
    const runs = bytes.match(/[A-Za-z0-9_-]{24,}/g) ?? []
    return bytes.includes(text) || runs.some((run) => Buffer.from(run, 'base64url').toString('latin1').includes(text))
  })
}

test('what says who somebody was is in no file, others lose nothing, and everything verifies and replays', async () => {
  await using company = await Company.open()
  const admin = await company.firstAdmin()
  const kit = await company.person(admin, 'kit', ['developer'])
  const dana = await company.person(admin, 'dana', ['developer'])
  // An invitation that was refused names them, and not by their id.
  const invitation = {
    person: 'person:twice00000',
    inviteDigest: digestOf(utf8.encode('x')),
    expiresAt: 1,
    roles: [],
  } as const
  const again = await company.ask({
    command: { type: 'invite person', ...invitation, roles: [] },
    caller: dana.caller,
    personal: {
      ip: '198.51.100.9',
      handle: 'Kit',
      name: 'kit of the company',
      email: 'old@x.example,kit@acme.example',
    },
  })
  expect(again.leaf.outcome).toBe('refused')
  await leave(company, admin, kit)
  const { leaf, leafIndex } = await company.ask({
    command: erase(kit.id),
    caller: admin.caller,
    personal: { ip: '192.0.2.1' },
  })
  expect([leaf.outcome, leaf.reason]).toEqual(['allowed', undefined])

  await using eraser = eraserOf(company)
  await eraser.complete()
  const { ledger, log } = company.instance
  expect(ledger.state.erasures.get(String(leafIndex))!.done!.disclosures).toBeGreaterThan(4)
  expect(ledger.directory.person(kit.id)).toMatchObject({ emails: new Set() })
  expect([ledger.directory.find('kit'), ledger.directory.byEmail('kit@acme.example')]).toEqual([undefined, undefined])
  expect(ledger.directory.find('@dana')).toBe(dana.id)
  await log.flush()
  for (const text of ['kit@acme.example', 'kit of the company', 'leaves for another'])
    expect([text, isAnywhere(company.directory, text)]).toEqual([text, false])
  for (const text of ['dana@acme.example', 'dana of the company', '192.0.2.1', '198.51.100.9'])
    expect([text, isAnywhere(company.directory, text)]).toEqual([text, true])

  const verified = await verifyLog({ path: company.directory })
  expect(verified.findings).toEqual([])
  expect(verified.counts.disclosures.withheld).toBeGreaterThan(0)
  expect(await replayLog({ path: company.directory })).toMatchObject({ different: [], withheld: [] })

  await company.reopen()
  expect(company.instance.ledger.directory.person(kit.id)?.handle).toBeUndefined()
  // Nothing is due any more.
  await using later = eraserOf(company)
  const { size } = company.instance.log
  await later.complete()
  expect(company.instance.log.size).toBe(size)
})

test('only a field: addresses go, names stay', async () => {
  await using company = await Company.open()
  const admin = await company.firstAdmin()
  const kit = await company.person(admin, 'kit', ['developer'])
  await company.ask({ command: erase(kit.id, { fields: ['ip'] }), caller: admin.caller })
  await using eraser = eraserOf(company)
  await eraser.complete()
  const { ledger, log } = company.instance
  const login = [...ledger.state.people.values()].find(({ id }) => id === kit.id)!
  expect(ledger.directory.person(kit.id)).toMatchObject({ handle: 'kit', name: 'kit of the company' })
  expect(login.disclosedIn.length).toBeGreaterThan(1)
  const all = await Promise.all(Array.from({ length: log.size }, (_, i) => log.disclosures(i)))
  const names = all
    .flatMap((bytes) => (bytes ? (JSON.parse(String(bytes)) as string[]) : []))
    .map((text) => (JSON.parse(Buffer.from(text, 'base64url').toString()) as string[])[1])
  // The administrator's own address stays.
  expect(names.filter((name) => name === 'ip')).toHaveLength(1)
  expect(names.filter((name) => name === 'userAgent')).toHaveLength(2)
})

test('ordered, then killed: the next start carries it out; a backup from before does not bring it back', async () => {
  await using company = await Company.open()
  const admin = await company.firstAdmin()
  const kit = await company.person(admin, 'kit', ['developer'])
  await leave(company, admin, kit)
  await company.instance.log.flush()
  const [described] = company.instance.ledger.state.people.get(kit.id)!.disclosedIn
  const before = (await company.instance.log.disclosures(described!))!
  mkdirSync(join(company.directory, 'log.damaged-1'))
  cpSync(join(company.directory, 'log', 'wal'), join(company.directory, 'log.damaged-1', 'wal'), { recursive: true })
  await company.ask({ command: erase(kit.id), caller: admin.caller })
  await company.reopen()

  const reports: string[] = []
  const failing = eraserOf(company, reports)
  // A disk that fails once: it is reported, and tried again.
  const { log } = company.instance
  const { eraseDisclosures } = log
  log.eraseDisclosures = () => Promise.reject(new Error('no space left on device'))
  await failing.complete()
  log.eraseDisclosures = eraseDisclosures
  expect(reports).toEqual([expect.stringMatching(/no space left on device$/)])
  await new Promise((resolve) => setTimeout(resolve, 20))
  await failing.complete()
  await failing[Symbol.asyncDispose]()
  expect(reports).toHaveLength(1)
  expect(isAnywhere(company.directory, 'kit@acme.example')).toBe(false)
  expect(isAnywhere(join(company.directory, 'log.damaged-1'), 'ana')).toBe(true)

  // What a backup from before the erasure would hold.
  rmSync(join(company.directory, 'erased'))
  await log.eraseDisclosures(new Map([[described!, before]]))
  expect(isAnywhere(company.directory, 'kit@acme.example')).toBe(true)
  const { size } = log
  await using again = eraserOf(company)
  await again.complete()
  expect([isAnywhere(company.directory, 'kit@acme.example'), log.size]).toEqual([false, size])
})

test.skipIf(!hasTool('ssh-keygen', '-?'))(
  'with --evidence keys go too: replay says withheld and counts, verify finds nothing wrong',
  async () => {
    await using company = await Company.open()
    const admin = await company.firstAdmin()
    const kit = await company.person(admin, 'kit', ['developer'])
    using repository = createRepository()
    const bytes = utf8.encode(repository.sshKey('kit', '-t', 'ed25519'))
    const enrolled = await company.ask({
      command: { type: 'enrol key', format: 'ssh', publicKey: digestOf(bytes) },
      caller: kit.caller,
      exhibits: [{ kind: 'public-key', bytes }],
    })
    await leave(company, admin, kit)
    await using eraser = eraserOf(company)
    const kept = await company.ask({ command: erase(kit.id), caller: admin.caller })
    await eraser.complete()
    const { state } = company.instance.ledger
    expect(state.erasures.get(String(kept.leafIndex))!.done).toMatchObject({ evidence: 0, evidenceKept: 1 })
    expect(await replayLog({ path: company.directory })).toMatchObject({ different: [], withheld: [] })

    const gone = await company.ask({ command: erase(kit.id, { evidence: true }), caller: admin.caller })
    await eraser.complete()
    expect(state.erasures.get(String(gone.leafIndex))!.done).toMatchObject({ evidence: 1, evidenceKept: 0 })
    expect(await company.instance.evidence.has(digestOf(bytes))).toBe(false)
    expect(await replayLog({ path: company.directory })).toMatchObject({
      different: [],
      withheld: [enrolled.leafIndex],
    })
    const { findings, counts } = await verifyLog({ path: company.directory })
    expect([findings, counts.evidence.withheld]).toEqual([[], 1])
  },
)

test('a copy that was put aside loses disclosures whatever their salt begins with, and nothing else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-aside-'))
  try {
    const file = join(directory, 'log.damaged-1/wal/0.wal')
    mkdirSync(dirname(file), { recursive: true })
    const salts = [...'09Az-_'].map((first) => first.padEnd(22, 'x'))
    const [going, unknown, staying] = ['kit', 'KIT', 'dana'].map((value) =>
      salts.map((salt) => disclose('handle', value, salt).text),
    ) as [string[], string[], string[]]
    const text = (texts: string[][]) => `frame ${JSON.stringify(texts.flat())} frame`
    writeFileSync(file, text([going, unknown, staying]))
    const found = { left: new Map(), texts: new Set(going), values: new Set(['kit']), evidence: new Set<never>() }
    await eraseFromCopies(directory, found)
    const blank = (texts: string[]) => texts.map((each) => 'A'.repeat(each.length))
    expect(readFileSync(file, 'utf8')).toBe(text([blank(going), blank(unknown), staying]))
  } finally {
    rmSync(directory, { recursive: true })
  }
})
