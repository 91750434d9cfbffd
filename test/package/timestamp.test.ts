/** Time stamps of a log and of its packages: each way in which one can fail to prove the time is named with its own cause. */

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestOf, sha256 } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { browserSignatures } from '../../src/console/verify-page/signatures.ts'
import { browserTools } from '../../src/console/verify-page/tools.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { Host } from '../../src/control/host.ts'
import { exportPackage } from '../../src/control/package/export.ts'
import { feedOf, orderOf } from '../../src/control/package/feed.ts'
import { readControls } from '../../src/control/package/controls.ts'
import { copyStamps } from '../../src/control/stamp-copy.ts'
import { copyTiles } from '../../src/control/tile-copy.ts'
import { openTiles } from '../../src/control/tile-source.ts'
import { verifyLog } from '../../src/control/verification.ts'
import type { Command } from '../../src/domain/command.ts'
import { checkPackage } from '../../src/domain/package/check.ts'
import { nodeTools } from '../../src/domain/package/node-tools.ts'
import type { Tools } from '../../src/domain/package/tool.ts'
import { formatRequest } from '../../src/evidence/timestamp.ts'
import { nodeSignatures } from '../../src/evidence/node-signature.ts'
import { parseCertificates } from '../../src/evidence/x509.ts'
import { Stamps, type Stamp } from '../../src/store/stamps.ts'
import { signCheckpoint } from '../../src/tlog/checkpoint.ts'
import { serveAuthority, TimestampAuthority, type Served } from '../world/timestamp-authority.ts'

const POLICIES = join(import.meta.dirname, '../../policies')
const HOUR_MS = 3_600_000
const authority = new TimestampAuthority({ key: 'rsa', hasIntermediate: true })
const stranger = new TimestampAuthority()
const directory = mkdtempSync(join(tmpdir(), 'stamped-log-'))
let served: Served
let host: Host
/** Leaves under the two stamps. */
const sizes: number[] = []

beforeAll(async () => {
  served = await serveAuthority(authority)
  host = await Host.open({
    ...{
      directory,
      publicUrl: 'http://localhost:7443',
      origin: 'log.example',
      policyDirectory: POLICIES,
      version: '0',
    },
    witnesses: [],
    timestamps: { url: served.url, anchors: Buffer.from(authority.pem('root')), everyMs: HOUR_MS },
    report: () => undefined,
  })
  for (let round = 0; round < 2; round += 1) {
    await grow(3)
    await host.settle()
    sizes.push(host.instance.ledger.state.log!.stamped!.treeSize)
  }
  await grow(2)
  await host.instance.log.flush()
}, 60_000)

afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await served[Symbol.asyncDispose]()
  authority[Symbol.dispose]()
  stranger[Symbol.dispose]()
  rmSync(directory, { recursive: true, force: true })
})

async function grow(count: number): Promise<void> {
  const command: Command = { type: 'summarise noise', refused: [{ code: 'x', count: 1 }] }
  for (let done = 0; done < count; done += 1) await host.instance.handle({ command, caller: systemCaller('noise') })
}

const stamps = () => new Stamps(join(directory, 'log/public'))

async function exported(to: number, from: Pick<Stamps, 'sizes' | 'read'> = stamps()): Promise<Uint8Array> {
  const { log, evidence, signer } = host.instance
  const source = { log, evidence, signer, witnesses: [], version: '0', controls: readControls(), stamps: from }
  const path = join(directory, `${Math.random()}.csevidence`)
  const asked = { from: '0', to: String(to), samples: 0, nonce: '' }
  await exportPackage(await orderOf(source, asked, { from: 0, to }), feedOf(source), path)
  return readFileSync(path)
}

async function verdictOf(bytes: Uint8Array, authorities = [authority.pem('root')], tools: Tools = nodeTools) {
  const { report } = await checkPackage(bytes, { authorities }, tools)
  const check = report.checks.find(({ name }) => name === 'timestamps')!
  const failed = report.checks.filter(({ state }) => state !== 'ok').map(({ name, detail }) => `${name}: ${detail}`)
  return { failed, causes: check.problems.map(({ cause }) => cause), detail: check.detail }
}

test('a package is closed by a stamped checkpoint, which covers all of it; both programs say so', async () => {
  const bytes = await exported(sizes[1]! - 1)
  for (const tools of [nodeTools, browserTools]) {
    const { failed, detail } = await verdictOf(bytes, undefined, tools)
    expect(failed).toEqual([])
    expect(detail).toMatch(new RegExp(`^2 hold, the newest says that ${sizes[1]} leaves were there at 20`))
  }
  expect((await verdictOf(bytes, [])).detail).toBe('2, not judged: no certificate of their authority was given')
})

test('leaves that no stamp covers are named, and a log without stamps proves no time', async () => {
  const { causes, detail } = await verdictOf(await exported(host.instance.log.head.size))
  expect(causes).toEqual(['not_covering'])
  expect(detail).toContain(`the newest time stamp is of the first ${sizes[1]} leaves`)
  const without = { sizes: async () => [], read: async () => undefined }
  expect((await verdictOf(await exported(2, without))).causes).toEqual(['absent'])
})

const bent: [string, string, (stamp: Stamp) => Partial<Stamp> | Promise<Partial<Stamp>>][] = [
  ['altered', 'of another checkpoint', async () => ({ reply: (await stamps().read(sizes[0]!))!.reply })],
  ['altered', 'with a changed signature', ({ reply }) => ({ reply: flipped(reply, reply.length - 3) })],
  ['malformed', 'cut short', ({ reply }) => ({ reply: reply.subarray(0, 100) })],
]
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at]! ^= 1
  return copy
}

test.each(bent)('%s: a closing stamp that is %s', async (cause, _, change) => {
  const changed = {
    sizes: async () => [sizes[1]!],
    read: async (size: number) => {
      const stamp = (await stamps().read(size))!
      return { ...stamp, ...(await change(stamp)) }
    },
  }
  expect((await verdictOf(await exported(sizes[1]! - 1, changed))).causes).toContain(cause)
})

test('wrong key: an authority that the reader does not trust; what is no certificate trusts nothing', async () => {
  const bytes = await exported(sizes[0]! - 1)
  expect((await verdictOf(bytes, [stranger.pem('root')])).causes).toEqual(['wrong_key'])
  expect((await verdictOf(bytes, ['nonsense'])).causes).toEqual(['malformed'])
})

test('the log in its directory: stamps hold, and the report says up to where', async () => {
  const anchors = parseCertificates(authority.pem('root'))
  const report = await verifyLog({ path: directory, anchors })
  expect(report.findings).toEqual([])
  expect(report.stamps).toMatchObject({ good: 2, newest: { treeSize: sizes[1] } })
  expect((await verifyLog({ path: directory })).findings).toEqual([])
  const foreign = await verifyLog({ path: directory, anchors: parseCertificates(stranger.pem('root')) })
  expect(foreign.findings.map(({ problem }) => problem)).toEqual(
    sizes.map((size) => expect.stringMatching(`^wrong key: the time stamp at ${size}`)),
  )
})

test.each([
  ['altered', '.tsr', (bytes: Uint8Array) => flipped(bytes, 9)],
  ['altered', '', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from('\u2014 x AAAAAAA=\n')])],
  ['absent', '', undefined],
  ['absent', '.tsr', undefined],
])('%s: a stamp of the log in its directory (checkpoint%s)', async (cause, suffix, change) => {
  const file = join(directory, `log/public/checkpoints/${sizes[0]}${suffix}`)
  const kept = readFileSync(file)
  chmodSync(file, 0o644)
  rmSync(file)
  if (change) writeFileSync(file, change(kept))
  try {
    const { findings } = await verifyLog({ path: directory })
    expect(findings.map(({ problem }) => problem)).toContainEqual(
      expect.stringMatching(`^${cause}: the .*${sizes[0]} leaves`),
    )
  } finally {
    writeFileSync(file, kept)
  }
})

test('a copy of the log takes the stamps along, unless the source shows others', async () => {
  const to = mkdtempSync(join(tmpdir(), 'stamped-copy-'))
  try {
    const source = await openTiles(directory)
    const keys = await host.instance.verifierKeys()
    const changed = { ...source, file: async (path: string) => flipped((await source.file(path))!, 5) }
    const first = await copyTiles({ source, to, keys })
    expect(await copyStamps(changed, to, first)).toEqual({ copied: 0, absent: 2 })
    expect(await copyStamps(source, to, first)).toEqual({ copied: 2, absent: 0 })
    const anchors = parseCertificates(authority.pem('root'))
    expect(await verifyLog({ path: to, anchors })).toMatchObject({ findings: [], stamps: { good: 2 } })
  } finally {
    rmSync(to, { recursive: true })
  }
})

test('a browser and Node judge signatures alike', async () => {
  const message = Buffer.from('message')
  for (const [options, scheme] of [
    [{ key: 'rsa' }, 'rsa'],
    [{ key: 'p256' }, 'ecdsa'],
    [{ key: 'p384', hash: 'sha384' }, 'ecdsa'],
  ] as const) {
    using each = new TimestampAuthority(options)
    const [root] = parseCertificates(each.pem('root'))
    const { publicKey, signed, signature, algorithm } = root!
    expect(algorithm.scheme).toBe(scheme)
    for (const tools of [nodeSignatures, browserSignatures]) {
      expect(await tools.verify(algorithm, publicKey, signed, signature)).toBe(true)
      expect(await tools.verify(algorithm, publicKey, message, signature)).toBe(false)
      expect(await tools.verify(algorithm, publicKey, signed, flipped(signature, 8))).toBe(false)
      expect(await tools.verify(algorithm, publicKey, signed, signature.subarray(1))).toBe(false)
      expect(
        await tools.verify({ ...algorithm, scheme: scheme === 'rsa' ? 'ecdsa' : 'rsa' }, publicKey, signed, signature),
      ).toBe(false)
      expect(await tools.verify(algorithm, message, signed, signature)).toBe(false)
    }
  }
})

test('not in log: the holder of every key has another history stamped, and says so in a leaf', async () => {
  const { log, evidence, signer } = host.instance
  const treeSize = sizes[0]!
  const note = utf8.encode(signCheckpoint({ origin: log.origin, size: treeSize, rootHash: new Uint8Array(32) }, signer))
  const reply = authority.reply(formatRequest({ digest: sha256(note) }))
  const honest = (await stamps().read(treeSize))!
  for (const bytes of [note, reply]) await evidence.put(bytes)
  let text = ''
  for await (const { leaf } of log.leaves(0, log.size))
    if (Buffer.from(leaf).includes(digestOf(honest.reply))) text = Buffer.from(leaf).toString()
  text = text
    .replaceAll(digestOf(honest.checkpoint), digestOf(note))
    .replaceAll(digestOf(honest.reply), digestOf(reply))
  text = text
    .replace(/"sequence":"\d+"/, `"sequence":"${log.size}"`)
    .replace(/"time":"[^"]+"/, `"time":"${new Date().toISOString()}"`)
  await log.append(utf8.encode(text)).durable
  const { causes, detail } = await verdictOf(await exported(log.head.size))
  expect(causes).toContain('not_in_log')
  expect(detail).toContain(`the checkpoint at ${treeSize} leaves, which leaf ${log.size - 1} names, is not of the tree`)
})
