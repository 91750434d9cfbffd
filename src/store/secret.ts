/**
 * Secrets of others that we must be able to show, such as that of an OAuth client: encrypted under a key of this instance, and so
 * protected by its passphrase where there is one.
 *
 *     secrets/idp-acme.jwe      compact JWE (RFC 7516): dir, A256GCM
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { base64url, utf8 } from '../bytes/text.ts'
import { StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'

export interface Secrets {
  /** Durable when it resolves. `name` has lower-case letters, digits and hyphens. */
  keep(name: string, secret: string): Promise<void>
  /** Undefined when there is none. A StoreError `damaged` when it cannot be opened with the key of this instance. */
  open(name: string): Promise<string | undefined>
  forget(name: string): Promise<void>
}

const HEADER = base64url.encode(utf8.encode('{"alg":"dir","enc":"A256GCM"}'))

/** `key` is a private key of this instance that is used for nothing else. */
export async function openSecrets(directory: string, key: KeyObject, files: Files = diskFiles): Promise<Secrets> {
  await files.makeDirectory(directory, 0o700)
  const seed = key.export({ format: 'der', type: 'pkcs8' })
  return new SecretDirectory(directory, Buffer.from(hkdfSync('sha256', seed, '', 'countersign secrets', 32)), files)
}

class SecretDirectory implements Secrets {
  readonly #directory: string
  readonly #key: Uint8Array
  readonly #files: Files

  constructor(directory: string, key: Uint8Array, files: Files) {
    this.#directory = directory
    this.#key = key
    this.#files = files
  }

  async keep(name: string, secret: string): Promise<void> {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(HEADER, 'ascii'))
    // The name is inside, so that no file can stand in for another.
    const text = Buffer.concat([cipher.update(JSON.stringify([name, secret]), 'utf8'), cipher.final()])
    const parts = [iv, text, cipher.getAuthTag()].map((part) => base64url.encode(part))
    await this.#files.replace(this.#path(name), Buffer.from([HEADER, '', ...parts].join('.')), 0o600)
    await this.#files.syncDirectory(this.#directory)
  }

  async open(name: string): Promise<string | undefined> {
    const bytes = await this.#files.read(this.#path(name))
    if (!bytes) return undefined
    try {
      const [, , iv, text, tag] = bytes.toString('ascii').split('.')
      const cipher = createDecipheriv('aes-256-gcm', this.#key, base64url.decode(iv!), { authTagLength: 16 })
      cipher.setAAD(Buffer.from(HEADER, 'ascii')).setAuthTag(base64url.decode(tag!))
      const opened = Buffer.concat([cipher.update(base64url.decode(text!)), cipher.final()])
      const [whose, secret] = JSON.parse(opened.toString('utf8')) as [string, string]
      if (whose === name) return secret
    } catch {
      // said below
    }
    throw new StoreError('damaged', `the secret ${name} does not open with the key of this instance; set it anew`)
  }

  async forget(name: string): Promise<void> {
    await this.#files.remove(this.#path(name))
    await this.#files.syncDirectory(this.#directory)
  }

  #path(name: string): string {
    if (!/^[a-z][a-z0-9-]{0,80}$/.test(name)) throw new StoreError('absent', `no secret is called ${name}`)
    return join(this.#directory, `${name}.jwe`)
  }
}
