/**
 * A program: the two things that git and `countersign git setup` ask of ssh-keygen, for machines without it.
 *
 *     node ssh-keygen.ts -q -t ed25519 [-N ''] -C COMMENT -f FILE      makes FILE and FILE.pub
 *     node ssh-keygen.ts -Y sign -n NAMESPACE -f FILE[.pub] MESSAGE    writes MESSAGE.sig
 */

import { createHash, sign } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { string, uint32 } from '../../bytes/ssh-wire.ts'
import { base64 } from '../../bytes/text.ts'
import { createJobKey } from '../../credential/ssh.ts'
import { parseSshPrivateKey, type SshPrivateKey } from './ssh-private-key.ts'

const HASH = 'sha512'

/** PROTOCOL.sshsig: "SSHSIG", then what is signed; the signature is over the hash of the message, and never over itself. */
export function formatSshsig(message: Uint8Array, namespace: string, { key, publicKey }: SshPrivateKey): string {
  const magic = Buffer.from('SSHSIG')
  const digest = createHash(HASH).update(message).digest()
  const terms = [string(namespace), string(''), string(HASH)]
  const signature = sign(null, Buffer.concat([magic, ...terms, string(digest)]), key)
  const blob = Buffer.concat([string('ssh-ed25519'), string(signature)])
  const armored = base64.encode(Buffer.concat([magic, uint32(1), string(publicKey), ...terms, string(blob)]))
  return ['-----BEGIN SSH SIGNATURE-----', ...armored.match(/.{1,70}/gu)!, '-----END SSH SIGNATURE-----', ''].join('\n')
}

function makeKey(file: string, comment: string): void {
  if (existsSync(file)) throw new Error(`${file} exists`)
  const { privateKeyText, publicKeyText } = createJobKey(comment)
  writeFileSync(file, privateKeyText, { mode: 0o600 })
  writeFileSync(`${file}.pub`, publicKeyText)
}

function main(args: readonly string[]): void {
  const text = { type: 'string' } as const
  const options = {
    f: text,
    t: text,
    N: text,
    C: text,
    Y: text,
    n: text,
    q: { type: 'boolean' },
    U: { type: 'boolean' },
  } as const
  const named = Object.fromEntries(
    Object.entries(options).map(([short, option]) => [`option-${short}`, { ...option, short }]),
  )
  const { values, positionals } = parseArgs({ args: [...args], options: named, allowPositionals: true })
  const value = (short: string) => String(values[`option-${short}`] ?? '')
  const [message] = positionals
  if (value('Y') === 'sign' && message) {
    const key = parseSshPrivateKey(readFileSync(value('f').replace(/\.pub$/u, ''), 'utf8'))
    writeFileSync(`${message}.sig`, formatSshsig(readFileSync(message), value('n'), key))
  } else if (value('t') === 'ed25519' && value('f') !== '' && value('N') === '') makeKey(value('f'), value('C'))
  else throw new Error('this stand-in for ssh-keygen only makes Ed25519 keys without a passphrase, and signs')
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
