import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf } from '../../src/bytes/digest.ts'
import { MAX_EVIDENCE_BYTES, openEvidence } from '../../src/store/evidence.ts'
import { TestDirectory } from './world.ts'

const blob = Buffer.from('a signed token')
const digest = digestOf(blob)
const pathOf = (directory: string) => join(directory, digest.slice(7, 9), digest.slice(9))

test('evidence comes out as it went in, under its digest', async () => {
  using directory = new TestDirectory()
  const evidence = await openEvidence(directory.path)
  expect([await evidence.has(digest), await evidence.get(digest)]).toEqual([false, undefined])
  expect(await Promise.all([evidence.put(blob), evidence.put(blob), evidence.put(blob)])).toEqual([
    digest,
    digest,
    digest,
  ])
  expect(await evidence.put(blob)).toBe(digest)
  expect(await evidence.get(digest)).toEqual(blob)
  expect(readdirSync(join(pathOf(directory.path), '..'))).toEqual([digest.slice(9)])
  const again = await openEvidence(directory.path)
  expect([await again.has(digest), await again.put(blob)]).toEqual([true, digest])
})

test('altered evidence is an error, and putting it again mends it', async () => {
  using directory = new TestDirectory()
  await (await openEvidence(directory.path)).put(blob)
  expect(statSync(pathOf(directory.path)).mode & 0o777).toBe(0o400)
  chmodSync(pathOf(directory.path), 0o600)
  writeFileSync(pathOf(directory.path), 'a forged token')
  const evidence = await openEvidence(directory.path)
  await expect(evidence.get(digest)).rejects.toMatchObject({ code: 'damaged' })
  await evidence.put(blob)
  expect(await evidence.get(digest)).toEqual(blob)
})

test('what is too large, or not a digest, never reaches the disk', async () => {
  using directory = new TestDirectory()
  const evidence = await openEvidence(join(directory.path, 'evidence'))
  await expect(evidence.put(new Uint8Array(MAX_EVIDENCE_BYTES + 1))).rejects.toMatchObject({ code: 'size' })
  for (const bad of ['sha256:../../etc/passwd', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`] as const) {
    await expect(evidence.get(bad)).rejects.toMatchObject({ code: 'absent' })
  }
  expect(existsSync(join(directory.path, 'evidence'))).toBe(true)
  expect(readdirSync(join(directory.path, 'evidence'))).toEqual([])
})
