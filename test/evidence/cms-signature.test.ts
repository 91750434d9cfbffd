/** Commits that are signed with certificates, by stock OpenSSL in the place of gpgsm. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'

import { digestOf } from '../../src/bytes/digest.ts'
import { verifyCommit } from '../../src/evidence/commit.ts'
import { verifyCms } from '../../src/evidence/cms-signature.ts'
import type { TrustedKeys } from '../../src/evidence/git-signature.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { parseCertificates } from '../../src/evidence/x509.ts'
import { createRepository, hasTool } from '../world/repository.ts'

const tools = hasTool('git', '--version') && hasTool('openssl', 'version')
// A moment ahead: a certificate counts from the second in which it was made.
const at = Date.now() + 60_000
const DAY = 86_400_000
const window = { validFrom: at - DAY, validUntil: at + DAY }
const none: TrustedKeys = { ssh: [], openpgp: [] }

/** What git runs as `gpg.x509.program`: signs standard input, answers on standard output, says so on the status descriptor. */
const SIGNER = `#!/bin/sh
dir=$(dirname "$0")
openssl cms -sign -binary -signer "$dir/$CERT.pem" -inkey "$dir/$CERT.key" -certfile "$dir/ca.pem" -outform PEM -md sha256 -nosmimecap |
  sed 's/CMS-----/SIGNED MESSAGE-----/'
echo '[GNUPG:] SIG_CREATED ' >&2
`

describe.skipIf(!tools)('commits signed with a certificate', () => {
  const repository = createRepository()
  afterAll(() => repository[Symbol.dispose]())
  const { directory, git, run, read } = repository
  const file = (name: string) => join(directory, name)

  run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-subj',
    '/CN=Acme CA',
    '-days',
    '30',
  ])
  function certificate(name: string, key: readonly string[], days = '10') {
    const csr = [
      'req',
      '-new',
      ...key,
      '-nodes',
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
      '-subj',
      `/CN=${name}`,
    ]
    run('openssl', csr)
    writeFileSync(file('ext'), 'keyUsage=critical,digitalSignature\nsubjectAltName=email:dana@acme.example\n')
    run('openssl', [
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-days',
      days,
      '-extfile',
      file('ext'),
      '-out',
      file(`${name}.pem`),
    ])
    return parseCertificates(readFileSync(file(`${name}.pem`), 'utf8'))[0]!
  }
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  const certificates = { rsa: certificate('rsa', ['-newkey', 'rsa:2048']), ec: certificate('ec', ec) }
  const [ca] = parseCertificates(readFileSync(file('ca.pem'), 'utf8'))
  writeFileSync(file('signer'), SIGNER, { mode: 0o755 })
  git('config', 'gpg.format', 'x509')
  git('config', 'gpg.x509.program', file('signer'))

  function commit(name: string): Buffer {
    writeFileSync(file('message'), 'Sell shoes\n')
    const made = run('env', [`CERT=${name}`, 'git', 'commit', '-q', '--allow-empty', '-S', '-F', file('message')])
    expect(made.toString()).toBe('')
    return read(git('rev-parse', 'HEAD').toString().trim())
  }
  const fingerprint = (name: 'rsa' | 'ec') => digestOf(certificates[name].bytes)

  test.each(['rsa', 'ec'] as const)('%s: by whoever enrolled that certificate, or by its authority', async (name) => {
    const object = commit(name)
    const enrolled = [{ keyId: 'dana', fingerprint: fingerprint(name), ...window }]
    expect(await verifyCommit(object, { ...none, certificates: enrolled }, at)).toMatchObject({
      signature: { format: 'x509', fingerprint: fingerprint(name), keyId: 'dana' },
    })
    const authorities = [{ keyId: 'acme', certificate: ca!, ...window }]
    expect(await verifyCommit(object, { ...none, authorities }, at)).toMatchObject({ signature: { keyId: 'acme' } })
  })

  test('nobody knows it; its authority is not trusted any more; its own enrolment is over', async () => {
    const object = commit('ec')
    const past = { validFrom: at - 2 * DAY, validUntil: at - DAY }
    const named = { fingerprint: fingerprint('ec') }
    expect(await verifyCommit(object, none, at)).toMatchObject({ refused: 'unknown_key', ...named })
    const authorities = [{ keyId: 'acme', certificate: ca!, ...past }]
    expect(await verifyCommit(object, { ...none, authorities }, at)).toMatchObject({ refused: 'unknown_key' })
    const ended = [{ keyId: 'dana', ...named, ...past }]
    expect(await verifyCommit(object, { ...none, certificates: ended }, at)).toMatchObject({ refused: 'key_not_valid' })
    const other = [{ keyId: 'other', certificate: certificates.rsa, ...window }]
    expect(await verifyCommit(object, { ...none, authorities: other }, at)).toMatchObject({ refused: 'unknown_key' })
  })

  test('it is judged when it is first seen: before its time and after it is no signature', async () => {
    const object = commit('rsa')
    const authorities = [{ keyId: 'acme', certificate: ca!, validFrom: 0 }]
    const seen = (moment: number) => verifyCommit(object, { ...none, authorities }, moment)
    expect(await seen(at - DAY)).toMatchObject({ refused: 'key_not_valid' })
    expect(await seen(at + 11 * DAY)).toMatchObject({ refused: 'key_expired' })
  })

  test('over other words it does not verify', async () => {
    const object = Buffer.from(commit('ec').toString('latin1').replace('Sell shoes', 'Sell boots'), 'latin1')
    expect(await verifyCommit(object, none, at)).toMatchObject({ refused: 'bad_signature' })
  })

  test('what is signed inside the signature is no signature over the commit', async () => {
    writeFileSync(file('content'), 'other words')
    const made = run('openssl', [
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      '-in',
      file('content'),
      '-signer',
      file('ec.pem'),
      '-inkey',
      file('ec.key'),
      '-outform',
      'PEM',
      '-md',
      'sha256',
    ])
    const armored = made.toString().replaceAll('CMS-----', 'SIGNED MESSAGE-----')
    expect(isRefusal(await verifyCms(armored, Buffer.from('other words'), at))).toBe(true)
    expect(isRefusal(await verifyCms(armored, Buffer.from('the commit'), at))).toBe(true)
  })

  test('changed anywhere, it proves nothing else, and nothing is thrown', async () => {
    const text = commit('ec').toString('latin1')
    const before = await verifyCommit(
      Buffer.from(text, 'latin1'),
      { ...none, authorities: [{ keyId: 'acme', certificate: ca!, ...window }] },
      at,
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'Aa0+/=\n '), async (position, character) => {
        const changed = text.slice(0, position) + character + text.slice(position + 1)
        const found = await verifyCommit(
          Buffer.from(changed, 'latin1'),
          { ...none, authorities: [{ keyId: 'acme', certificate: ca!, ...window }] },
          at,
        )
        if (isRefusal(found) || isRefusal(before)) return
        expect(found.signature).toEqual(before.signature)
        expect([found.tree, found.author, found.title]).toEqual([before.tree, before.author, before.title])
      }),
      { numRuns: 300 },
    )
  })
})
