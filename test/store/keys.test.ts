import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openKeys } from '../../src/store/keys.ts'
import { TestDirectory } from './world.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

test('keys are made once, for this user alone', async () => {
  using directory = new TestDirectory()
  const at = join(directory.path, 'keys')
  const first = await (await openKeys({ directory: at })).open('log')
  const again = await (await openKeys({ directory: at })).open('log')
  expect(again.publicKey.equals(first.publicKey)).toBe(true)
  expect((await (await openKeys({ directory: at })).open('ssh-ca')).publicKey.equals(first.publicKey)).toBe(false)
  expect([statSync(at).mode & 0o777, statSync(join(at, 'log.pem')).mode & 0o777]).toEqual([0o700, 0o600])
  await expect((await openKeys({ directory: at })).open('../log')).rejects.toMatchObject({ code: 'absent' })
})

test('a key that others may read is refused, with the command that mends it', async () => {
  using directory = new TestDirectory()
  const keys = await openKeys({ directory: directory.path })
  await keys.open('log')
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(join(directory.path, 'log.pem'), mode)
    await expect(keys.open('log')).rejects.toThrow(`chmod 600 ${join(directory.path, 'log.pem')}`)
  }
  chmodSync(join(directory.path, 'log.pem'), 0o600)
  chmodSync(directory.path, 0o755)
  await expect(openKeys({ directory: directory.path })).rejects.toMatchObject({ code: 'insecure_permissions' })
})

test('with a passphrase keys are encrypted, and open with no other', async () => {
  using directory = new TestDirectory()
  const plain = await (await openKeys({ directory: directory.path })).open('log')
  const keys = await openKeys({ directory: directory.path, passphrase: 'correct horse' })
  expect((await keys.open('log')).publicKey.equals(plain.publicKey)).toBe(true)
  const pem = readFileSync(join(directory.path, 'log.pem'), 'utf8')
  expect(pem).toContain('BEGIN ENCRYPTED PRIVATE KEY')
  expect(readdirSync(directory.path)).toEqual(['log.pem'])
  expect((await keys.open('log')).publicKey.equals(plain.publicKey)).toBe(true)
  await expect((await openKeys({ directory: directory.path, passphrase: 'wrong' })).open('log')).rejects.toThrow(
    'the passphrase does not open the key',
  )
  await expect((await openKeys({ directory: directory.path })).open('log')).rejects.toThrow('no passphrase was given')
  await expect(openKeys({ directory: directory.path, passphrase: '' })).rejects.toMatchObject({
    code: 'wrong_passphrase',
  })
  writeFileSync(join(directory.path, 'log.pem'), 'nothing')
  await expect(keys.open('log')).rejects.toMatchObject({ code: 'damaged' })
})

test('a passphrase file is read, unless others may read it', async () => {
  using directory = new TestDirectory()
  const file = join(directory.path, 'passphrase')
  const at = join(directory.path, 'keys')
  writeFileSync(file, 'from a file\n', { mode: 0o600 })
  await (await openKeys({ directory: at, passphraseFile: file })).open('log')
  await (await openKeys({ directory: at, passphrase: 'from a file' })).open('log')
  chmodSync(file, 0o644)
  await expect(openKeys({ directory: at, passphraseFile: file })).rejects.toMatchObject({
    code: 'insecure_permissions',
  })
  await expect(openKeys({ directory: at, passphraseFile: `${file}-absent` })).rejects.toMatchObject({ code: 'absent' })
})

test('rotation keeps every public key that went before', async () => {
  using directory = new TestDirectory()
  const keys = await openKeys({ directory: directory.path, passphrase: 'p' })
  const first = await keys.open('log')
  const second = await keys.rotate('log')
  const third = await keys.rotate('log')
  const opened = await keys.open('log')
  expect(opened.publicKey.equals(third.publicKey)).toBe(true)
  expect(
    opened.formerPublicKeys.map((key) => [first, second].findIndex(({ publicKey }) => publicKey.equals(key))),
  ).toEqual([0, 1])
})

test('a key that is replaced signs on beside the new one, encrypted as that is, until it is destroyed', async () => {
  using directory = new TestDirectory()
  const at = directory.path
  const keys = await openKeys({ directory: at, passphrase: 'p' })
  const first = await keys.open('log')
  const second = await keys.rotate('log', 'overlap')
  expect(second.overlapping?.equals(first.privateKey)).toBe(true)
  expect(readFileSync(join(at, 'log.overlap.pem'), 'utf8')).toContain('ENCRYPTED')
  expect((await keys.open('log')).overlapping?.equals(first.privateKey)).toBe(true)
  await expect((await openKeys({ directory: at, passphrase: 'q' })).open('log')).rejects.toMatchObject({
    code: 'wrong_passphrase',
  })
  const third = await keys.rotate('log', 'overlap')
  expect(third.overlapping?.equals(second.privateKey)).toBe(true)
  await keys.endOverlap('log')
  await keys.endOverlap('log')
  const opened = await keys.open('log')
  expect(opened).not.toHaveProperty('overlapping')
  expect(opened.formerPublicKeys).toHaveLength(2)
  // Within a rotation a crash may leave the key in use there as well.
  copyFileSync(join(at, 'log.pem'), join(at, 'log.overlap.pem'))
  chmodSync(join(at, 'log.overlap.pem'), 0o600)
  expect(await keys.open('log')).not.toHaveProperty('overlapping')
  chmodSync(join(at, 'log.overlap.pem'), 0o640)
  await expect(keys.open('log')).rejects.toMatchObject({ code: 'insecure_permissions' })
})

test.skipIf(!hasOpenssl)('openssl opens an encrypted key, and we open one that openssl encrypted', async () => {
  using directory = new TestDirectory()
  const path = join(directory.path, 'log.pem')
  const keys = await openKeys({ directory: directory.path, passphrase: 'hello' })
  const { publicKey } = await keys.open('log')
  expect(execFileSync('openssl', ['pkey', '-in', path, '-passin', 'pass:hello', '-pubout'], { encoding: 'utf8' })).toBe(
    publicKey.export({ format: 'pem', type: 'spki' }),
  )
  const plain = execFileSync('openssl', ['pkey', '-in', path, '-passin', 'pass:hello'])
  execFileSync('openssl', ['pkcs8', '-topk8', '-scrypt', '-passout', 'pass:hello', '-out', path], { input: plain })
  chmodSync(path, 0o600)
  expect((await keys.open('log')).publicKey.equals(publicKey)).toBe(true)
})
