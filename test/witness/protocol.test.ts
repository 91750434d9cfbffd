/** C2SP tlog-witness, sentence by sentence, against a witness in a process of its own. */

import { request } from 'node:http'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { base64 } from '../../src/bytes/text.ts'
import { originHash } from '../../src/store/witness.ts'
import { verifyCosignatures } from '../../src/tlog/cosignature.ts'
import { openCheckpoint } from '../../src/tlog/checkpoint.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { Folder, freshSigner, MemoryLog, origin, startWitness, type RunningWitness } from './world.ts'

const folder = new Folder()
const log = new MemoryLog(200, freshSigner())
let witness: RunningWitness

beforeAll(async () => void (witness = await startWitness(folder.path, [log.signer.key])))
afterAll(async () => {
  await witness[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

async function post(body: string | Uint8Array, at = witness) {
  const response = await fetch(`${at.url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

function add(
  oldSize: number,
  size: number,
  proof = log.proof(Math.min(oldSize, size), size),
  note = log.checkpoint(size),
) {
  return post(`old ${oldSize}\n${proof.map((hash) => `${base64.encode(hash)}\n`).join('')}\n${note}`)
}

test('its key file and memory are for its user alone', () => {
  expect(statSync(join(folder.path, 'keys', 'witness.pem')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder.path)).toContain('lock')
})

test('an origin that it was not told about is 404, a signature of nobody it knows 403', async () => {
  const other = new MemoryLog(3, freshSigner('other.example'))
  expect((await post(`old 0\n\n${other.checkpoint(3)}`)).status).toBe(404)
  expect((await post(`old 0\n\n${log.checkpoint(3, freshSigner())}`)).status).toBe(403)
  const forged = log.checkpoint(3).replace(/^3$/m, '4')
  expect((await post(`old 0\n\n${forged}`)).status).toBe(403)
})

test.each([
  ['nothing', ''],
  ['no old line', `\n\n${log.checkpoint(3)}`],
  ['leading zero', `old 00\n\n${log.checkpoint(3)}`],
  ['old above 2^53', `old 99999999999999999\n\n${log.checkpoint(3)}`],
  ['a proof line that is no hash', `old 0\nAAAA\n\n${log.checkpoint(3)}`],
  ['64 proof lines', `old 0\n${'A'.repeat(43)}=\n`.concat(`${'A'.repeat(43)}=\n`.repeat(63), `\n${log.checkpoint(3)}`)],
  ['no signature', `old 0\n\n${log.checkpoint(3).split('\n\n')[0]}\n`],
  ['bytes that are not UTF-8', Buffer.from([0x6f, 0x6c, 0x64, 0x20, 0x30, 0x0a, 0x0a, 0xff])],
])('%s is 400', async (_, body) => {
  expect((await post(body)).status).toBe(400)
})

test('what was cosigned last is the only place to go on from', async () => {
  const first = await add(0, 5)
  expect(first.status).toBe(200)
  expect((await add(5, 60)).status).toBe(200)

  const stale = await add(5, 70)
  expect(stale).toMatchObject({ status: 409, type: 'text/x.tlog.size', text: '60\n' })
  expect(await add(0, 60)).toMatchObject({ status: 409, text: '60\n' })
  expect((await add(60, 5, [])).status).toBe(400)

  const again = await add(60, 60)
  expect(again.status).toBe(200)
  const fork = new MemoryLog(60, log.signer, 'other')
  expect((await add(60, 60, [], fork.checkpoint(60))).status).toBe(409)
  expect((await add(60, 60, [log.root(1)])).status).toBe(422)
})

test('a tree that does not extend what was cosigned is 422', async () => {
  expect((await add(60, 61, [])).status).toBe(422)
  const proof = log.proof(60, 100)
  expect((await add(60, 100, proof.slice(1))).status).toBe(422)
  expect((await add(60, 100, [...proof, log.root(1)])).status).toBe(422)
  const fork = new MemoryLog(100, log.signer, 'other')
  expect((await add(60, 100, fork.proof(60, 100), fork.checkpoint(100))).status).toBe(422)
  expect((await add(60, 100)).status).toBe(200)
})

test('its answer is its cosignature over the checkpoint, now, and the monitor path shows both', async () => {
  const { text } = await add(100, 101)
  const note = parseNote(log.checkpoint(101) + text)
  const [cosignature] = verifyCosignatures(note, [witness.key])
  expect(Math.abs(cosignature!.timeSeconds - Date.now() / 1000)).toBeLessThan(5)
  const latest = await fetch(`${witness.url}/${originHash(origin)}/checkpoint`)
  const kept = openCheckpoint(await latest.text(), origin, [log.signer.key])
  expect(kept.size).toBe(101)
  expect(verifyCosignatures(kept.note, [witness.key])).toHaveLength(1)
  expect((await fetch(`${witness.url}/${originHash('other.example')}/checkpoint`)).status).toBe(404)
})

test('of two that go on from the same place, one is cosigned', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => add(101, 110 + i)))
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409, 409, 409, 409, 409, 409, 409])
})

test('other methods, paths and sizes are refused', async () => {
  expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(405)
  expect((await fetch(`${witness.url}/`)).status).toBe(404)
  expect((await fetch(`${witness.url}/${originHash(origin)}/tile/0/000`)).status).toBe(404)
  expect((await post('x'.repeat(200_000))).status).toBe(413)
})

test('clients that announce a body and never send it are few at a time', async () => {
  const slow = Array.from({ length: 64 }, () => {
    const call = request(`${witness.url}/add-checkpoint`, { method: 'POST', headers: { 'content-length': '100' } })
    return call.on('error', () => {})
  })
  slow.forEach((call) => call.write('old'))
  await expect.poll(async () => (await add(0, 3)).status).toBe(503)
  slow.forEach((call) => call.destroy())
  await expect.poll(async () => (await add(0, 3)).status).toBe(409)
})

test('after a power cut it still knows, and one whose memory was changed does not start', async () => {
  using other = new Folder()
  const first = await startWitness(other.path, [log.signer.key])
  const body = (oldSize: number, size: number) =>
    `old ${oldSize}\n${log
      .proof(oldSize, size)
      .map((hash) => `${base64.encode(hash)}\n`)
      .join('')}\n${log.checkpoint(size)}`
  expect((await post(body(0, 50), first)).status).toBe(200)
  await first.kill()
  {
    await using second = await startWitness(other.path, [log.signer.key])
    expect(second.key.keyId).toBe(first.key.keyId)
    expect(await post(body(0, 60), second)).toMatchObject({ status: 409, text: '50\n' })
    await expect(startWitness(other.path, [log.signer.key])).rejects.toThrow('is in use by process')
  }
  writeFileSync(join(other.path, 'logs', originHash(origin), 'checkpoint'), 'forgotten')
  await expect(startWitness(other.path, [log.signer.key])).rejects.toThrow('is not a checkpoint of log.example')
})
