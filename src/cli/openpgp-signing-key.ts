/** An OpenPGP key that gpg holds, exported for registration. */

import { spawnSync } from 'node:child_process'
import { Failure } from './failure.ts'
import type { SigningKey } from './ssh-signing-key.ts'
import type { Terminal } from './terminal.ts'

export function openpgpSigningKey(fingerprint: string, { env }: Terminal): SigningKey {
  const id = fingerprint.replace(/\s|^0x/gu, '')
  if (!/^[0-9A-F]{16,64}$/iu.test(id))
    throw new Failure('usage', 'bad_fingerprint', '--openpgp is not a fingerprint', {
      next: 'gpg --list-secret-keys --keyid-format long',
    })
  const { status, stdout, error } = spawnSync('gpg', ['--batch', '--armor', '--export', id], {
    env: env as NodeJS.ProcessEnv,
    encoding: 'utf8',
    maxBuffer: 1_000_000,
    timeout: 30_000,
  })
  if (error) throw new Failure('failed', 'no_gpg', 'gpg cannot be run', { next: 'install gnupg' })
  if (status === 0 && stdout.includes('BEGIN PGP PUBLIC KEY BLOCK'))
    return { userSigningKey: id, publicKey: stdout, fingerprint: id.toUpperCase(), isNew: false }
  throw new Failure('notFound', 'no_key', `gpg has no key ${id}`, {
    next: 'gpg --list-secret-keys --keyid-format long',
  })
}
