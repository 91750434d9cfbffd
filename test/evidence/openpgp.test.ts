import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'

import { verifyCommit } from '../../src/evidence/commit.ts'
import type { TrustedKeys, TrustedOpenpgpKey } from '../../src/evidence/git-signature.ts'
import { parseOpenpgpPublicKey } from '../../src/evidence/openpgp.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { createRepository, hasTool } from '../world/repository.ts'

const tools = hasTool('git', '--version') && hasTool('gpg', '--version')
const at = Date.now()
const hour = 3_600_000
const window = { validFrom: at - hour, validUntil: at + hour }
const none: TrustedKeys = { ssh: [], openpgp: [] }

async function trustOpenpgp(armored: string, keyId: string): Promise<TrustedOpenpgpKey> {
  const key = await parseOpenpgpPublicKey(armored)
  if (isRefusal(key)) throw new Error(key.because)
  return { keyId, keyBytes: key.keyBytes, ...window }
}

describe.skipIf(!tools)('commits signed with gpg', async () => {
  const repository = createRepository()
  afterAll(() => repository[Symbol.dispose]())
  const { directory, git, commit, read, gitAccepts } = repository
  const armored = repository.gpgKey('dana@acme.example')
  const rsa = repository.gpgKey('rsa@acme.example', 'rsa2048')
  const openpgp = [await trustOpenpgp(rsa, 'rsa'), await trustOpenpgp(armored, 'ed')]
  const { fingerprint } = (await parseOpenpgpPublicKey(armored)) as { fingerprint: string }

  function signWithGpg(email: string, ...options: string[]): string {
    git('config', 'gpg.format', 'openpgp')
    return commit('With gpg', `-S${email}`, ...options)
  }

  test('as git finds too', async () => {
    for (const [email, keyId] of [
      ['dana@acme.example', 'ed'],
      ['rsa@acme.example', 'rsa'],
    ] as const) {
      const id = signWithGpg(`<${email}>`)
      expect(await verifyCommit(read(id), { ...none, openpgp }, at)).toMatchObject({
        id,
        signature: { format: 'openpgp', keyId },
      })
      expect(gitAccepts(id)).toBe(true)
    }
  })

  test('an unknown key and a key outside its window', async () => {
    const object = read(signWithGpg('<dana@acme.example>'))
    expect(await verifyCommit(object, none, at)).toMatchObject({ refused: 'unknown_key', fingerprint })
    expect(await verifyCommit(object, { ...none, openpgp }, window.validUntil)).toMatchObject({
      refused: 'key_not_valid',
      fingerprint,
    })
  })

  test('an expired key', async () => {
    const short = await trustOpenpgp(
      repository.gpgKey('short@acme.example', 'ed25519', 'sign', 'seconds=1800'),
      'short',
    )
    const object = read(signWithGpg('<short@acme.example>'))
    expect(await verifyCommit(object, { ...none, openpgp: [short] }, at + 60_000)).toHaveProperty('signature')
    expect(await verifyCommit(object, { ...none, openpgp: [short] }, at + 3_000_000)).toMatchObject({
      refused: 'key_expired',
    })
  })

  test('a revoked key', async () => {
    const before = await parseOpenpgpPublicKey(repository.gpgKey('gone@acme.example'))
    const object = read(signWithGpg('<gone@acme.example>'))
    const print = (before as { fingerprint: string }).fingerprint.toUpperCase()
    const revocation = repository.run('cat', [join(directory, 'openpgp-revocs.d', `${print}.rev`)]).toString()
    repository.run('gpg', ['--batch', '--import'], revocation.replace(':-----BEGIN', '-----BEGIN'))
    const after = await trustOpenpgp(repository.run('gpg', ['--armor', '--export', print]).toString(), 'gone')
    expect(await verifyCommit(object, { ...none, openpgp: [after] }, at)).toMatchObject({ refused: 'key_revoked' })
  })

  test('over SHA-1', async () => {
    writeFileSync(join(directory, 'gpg.conf'), 'digest-algo SHA1\nweak-digest MD5\n')
    const object = read(signWithGpg('<rsa@acme.example>'))
    writeFileSync(join(directory, 'gpg.conf'), '')
    expect(await verifyCommit(object, { ...none, openpgp }, at)).toMatchObject({ refused: 'unsupported_signature' })
  })

  test('any flipped bit is refused, or at least never accepted where git refuses', async () => {
    const object = read(signWithGpg('<dana@acme.example>'))
    await fc.assert(
      fc.asyncProperty(fc.nat(object.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(object)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const claims = await verifyCommit(changed, { ...none, openpgp }, at)
        if (isRefusal(claims)) return
        // The armor's checksum is optional (RFC 9580, 6.1) and the unhashed part of a signature is not signed.
        const signature = object.indexOf('gpgsig')
        expect(bit >> 3).toBeGreaterThanOrEqual(signature)
        expect(bit >> 3).toBeLessThan(object.indexOf('-----END PGP'))
      }),
      { numRuns: 400 },
    )
  })

  test('private keys are not taken, nor anything else', async () => {
    const secret = repository.run('gpg', [
      '--batch',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      '--armor',
      '--export-secret-keys',
      'dana@acme.example',
    ])
    expect(await parseOpenpgpPublicKey(secret.toString())).toMatchObject({ refused: 'private_key' })
    expect(await parseOpenpgpPublicKey('ssh-ed25519 AAAA')).toMatchObject({ refused: 'malformed' })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await parseOpenpgpPublicKey(bytes)).toHaveProperty('refused')
      }),
    )
  })
})
