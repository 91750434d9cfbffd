/** Push certificates as stock git makes them, and as attackers would like them to be. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'

import type { TrustedKeys } from '../../src/evidence/git-signature.ts'
import { verifyCommit } from '../../src/evidence/commit.ts'
import { parsePushCertificate, verifyPushCertificate } from '../../src/evidence/push-certificate.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { parseSshPublicKey } from '../../src/evidence/ssh-key.ts'
import { createRepository, hasTool } from '../world/repository.ts'

const tools = hasTool('git', '--version') && hasTool('ssh-keygen', '-?')
const at = Date.now()

describe.skipIf(!tools)('a push that git signed', () => {
  const repository = createRepository()
  afterAll(() => repository[Symbol.dispose]())
  const { directory, git, commit } = repository
  const key = parseSshPublicKey(repository.sshKey('pusher', '-t', 'ed25519'))
  if (isRefusal(key)) throw new Error(key.because)
  const trusted: TrustedKeys = {
    ssh: [{ keyId: 'dana', fingerprint: key.fingerprint, validFrom: at - 3_600_000, validUntil: at + 3_600_000 }],
    openpgp: [],
  }
  const bare = join(directory, 'bare.git')
  const kept = join(directory, 'certificate')
  repository.run('git', ['init', '-q', '--bare', bare])
  repository.run('git', ['-C', bare, 'config', 'receive.certNonceSeed', 'seed'])
  repository.run('git', ['-C', bare, 'config', 'receive.advertisePushOptions', 'true'])
  mkdirSync(join(bare, 'hooks'), { recursive: true })
  writeFileSync(join(bare, 'hooks', 'pre-receive'), `#!/bin/sh\ngit cat-file blob "$GIT_PUSH_CERT" >'${kept}'\n`, {
    mode: 0o755,
  })
  git('config', 'gpg.format', 'ssh')
  git('config', 'user.signingkey', join(directory, 'pusher'))
  const head = commit('Sell shoes', '-S')
  git('tag', 'v1')
  git('push', '--signed', '-o', 'ticket=SHOP-7', bare, 'HEAD:refs/heads/main', 'refs/tags/v1')
  const certificate = readFileSync(kept)

  test('says what moved, by whose challenge, and verifies', async () => {
    const zeros = '0'.repeat(40)
    expect(await verifyPushCertificate(certificate, trusted, at)).toMatchObject({
      options: ['ticket=SHOP-7'],
      nonce: expect.stringMatching(/^\d+-[0-9a-f]+$/),
      updates: [
        { ref: 'refs/heads/main', before: zeros, after: head },
        { ref: 'refs/tags/v1', before: zeros, after: head },
      ],
      signature: { format: 'ssh', keyId: 'dana', fingerprint: key.fingerprint },
    })
  })

  test('is by somebody nobody knows once the key is not trusted', async () => {
    expect(await verifyPushCertificate(certificate, { ssh: [], openpgp: [] }, at)).toMatchObject({
      refused: 'unknown_key',
      fingerprint: key.fingerprint,
    })
  })

  test('is no commit, and a commit is no certificate, though both are signed in one namespace', async () => {
    expect(await verifyCommit(certificate, trusted, at)).toMatchObject({ refused: 'malformed' })
    expect(await verifyPushCertificate(repository.read(head), trusted, at)).toMatchObject({ refused: 'malformed' })
  })

  test('changed in any byte, it never says anything else than it said', async () => {
    const before = parsePushCertificate(certificate)
    await fc.assert(
      fc.asyncProperty(fc.nat(certificate.length - 1), fc.integer({ min: 1, max: 255 }), async (position, change) => {
        const changed = Uint8Array.from(certificate)
        changed[position]! ^= change
        const found = await verifyPushCertificate(changed, trusted, at)
        // The armor may break its lines elsewhere; what was signed may not change.
        if (!isRefusal(found) && !isRefusal(before)) expect(found.updates).toEqual(before.updates)
        if (!isRefusal(found)) expect(Buffer.compare(changed.subarray(0, 200), certificate.subarray(0, 200))).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  test.each<readonly [string, (text: string) => string, string]>([
    ['cut short', (text) => text.slice(0, -40), 'malformed'],
    ['without its signature', (text) => text.slice(0, text.indexOf('-----BEGIN')), 'malformed'],
    ['with another nonce', (text) => text.replace(/nonce \d/, 'nonce 9'), 'bad_signature'],
    ['with another place', (text) => text.replace('refs/heads/main', 'refs/heads/prod'), 'bad_signature'],
    ['with a second header', (text) => text.replace(/(nonce .*\n)/, '$1$1'), 'malformed'],
    ['with an unknown header', (text) => text.replace(/(nonce .*\n)/, '$1force yes\n'), 'malformed'],
    ['with one reference twice', (text) => text.replace(/(.* refs\/tags\/v1\n)/, '$1$1'), 'malformed'],
    ['with a reference outside refs/', (text) => text.replace('refs/tags/v1', 'HEAD'), 'malformed'],
    ['with Windows line ends', (text) => text.replaceAll('\n', '\r\n'), 'malformed'],
    ['of another version', (text) => text.replace('version 0.1', 'version 0.2'), 'malformed'],
  ])('%s it is refused', async (_, change, refused) => {
    const changed = Buffer.from(change(certificate.toString()))
    expect(await verifyPushCertificate(changed, trusted, at)).toMatchObject({ refused })
  })

  test('of a hundred thousand references it is refused unread', async () => {
    const line = `${'0'.repeat(40)} ${head} refs/heads/x`
    const updates = Array.from({ length: 100_000 }, (_, index) => `${line}${index}`).join('\n')
    const bomb = certificate.toString().replace(/\n\n[^]*?\n-----/, `\n\n${updates}\n-----`)
    expect(await verifyPushCertificate(Buffer.from(bomb), trusted, at)).toMatchObject({ refused: 'too_large' })
  })
})
