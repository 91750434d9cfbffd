/**
 * The keys of this instance: made at the first start, readable by its user alone, encrypted at rest where a passphrase is
 * given, and never lost to a rotation: what an old key signed stays verifiable.
 *
 *     keys/log.pem             the private key in use, PKCS#8, mode 0600
 *     keys/log.former-1.pem    the public key before it, SPKI
 *     keys/log.overlap.pem     the private key before it, while both sign; then gone
 */

import { createPublicKey, generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { codeOf, reasonOf, StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'
import { formatPrivateKey, isEncrypted, parsePrivateKey } from './pkcs8.ts'

export interface InstanceKey {
  readonly name: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Public keys that this one replaced, oldest first. */
  readonly formerPublicKeys: readonly KeyObject[]
  /** The key before it, while it still signs as well. */
  readonly overlapping?: KeyObject
}

export interface KeysOptions {
  readonly directory: string
  /** Encrypts what is written and opens what is read. */
  readonly passphrase?: string
  /** A file (mode 0600) whose first line is the passphrase. */
  readonly passphraseFile?: string
  readonly files?: Files
}

/** `rsa` has 3072 bits, `ec` is P-256. */
export type KeyKind = 'ed25519' | 'ml-dsa-44' | 'rsa' | 'ec'

export interface Keys {
  /**
   * The key of that name (lower case, digits, hyphens), made if there is none: of Ed25519, unless `kind` says otherwise. A StoreError
   * `damaged` when it is there, and is of another kind than the one that was named.
   */
  open(name: string, kind?: KeyKind): Promise<InstanceKey>
  /**
   * A new key under the name; the old public key is kept. The old private key is gone, or kept as `overlapping` (then only that of an
   * earlier overlap is gone). Durable when it resolves.
   */
  rotate(name: string, keep?: 'overlap'): Promise<InstanceKey>
  /** The private key before this one is gone. Durable when it resolves; nothing when there is none. */
  endOverlap(name: string): Promise<void>
}

/**
 * A StoreError: `wrong_passphrase`, `insecure_permissions` (a key or passphrase file that others may read; names the
 * command that mends it) or `damaged` (no key in the file).
 */
export async function openKeys(options: KeysOptions): Promise<Keys> {
  const files = options.files ?? diskFiles
  await files.makeDirectory(options.directory, 0o700)
  await requirePrivate(options.directory, 0o700)
  return new KeyDirectory(options.directory, files, await passphraseOf(options, files))
}

async function passphraseOf({ passphrase, passphraseFile }: KeysOptions, files: Files): Promise<string | undefined> {
  const given = passphraseFile === undefined ? passphrase : await readPassphrase(passphraseFile, files)
  // An empty one would look like protection.
  if (given === '') throw new StoreError('wrong_passphrase', 'the passphrase for the keys of this instance is empty')
  return given
}

async function readPassphrase(path: string, files: Files): Promise<string> {
  await requirePrivate(path, 0o600)
  const text = (await files.read(path))?.toString()
  if (text === undefined) throw new StoreError('absent', `the passphrase file ${path} is not there`)
  return text.split(/\r?\n/, 1)[0]!
}

class KeyDirectory implements Keys {
  readonly #directory: string
  readonly #files: Files
  readonly #passphrase: string | undefined

  constructor(directory: string, files: Files, passphrase: string | undefined) {
    this.#directory = directory
    this.#files = files
    this.#passphrase = passphrase
  }

  async open(name: string, kind?: KeyKind): Promise<InstanceKey> {
    const path = this.#path(name)
    await requirePrivate(path, 0o600)
    const pem = (await this.#files.read(path))?.toString()
    if (pem === undefined) return this.#create(name, kind)
    const privateKey = this.#read(path, pem)
    if (kind && privateKey.asymmetricKeyType !== kind)
      throw new StoreError(
        'damaged',
        `${path} holds a key of ${privateKey.asymmetricKeyType}, not of ${kind}; use another directory`,
      )
    // A passphrase that came later protects from the next start on.
    if (this.#passphrase !== undefined && !isEncrypted(pem)) await this.#write(this.#path(name), privateKey)
    return this.#describe(name, privateKey)
  }

  async rotate(name: string, keep?: 'overlap'): Promise<InstanceKey> {
    const { privateKey, publicKey, formerPublicKeys } = await this.open(name)
    await this.endOverlap(name)
    if (keep) await this.#write(this.#path(name, 'overlap'), privateKey)
    const former = join(this.#directory, `${name}.former-${formerPublicKeys.length + 1}.pem`)
    // The old public key first: a crash in between leaves it listed and still in use, which harms nothing.
    await this.#files.replace(former, Buffer.from(publicKey.export({ format: 'pem', type: 'spki' })), 0o644)
    return this.#create(name, privateKey.asymmetricKeyType as KeyKind)
  }

  /** Its bytes are overwritten first: a file system may keep what a removed file held for long. */
  async endOverlap(name: string): Promise<void> {
    const path = this.#path(name, 'overlap')
    const bytes = await this.#files.read(path)
    if (!bytes) return
    const file = await this.#files.open(path)
    await file.write(Buffer.alloc(bytes.length), 0).finally(() => file.close())
    await this.#files.remove(path)
    await this.#files.syncDirectory(this.#directory)
  }

  async #overlapping(name: string): Promise<KeyObject | undefined> {
    const path = this.#path(name, 'overlap')
    await requirePrivate(path, 0o600)
    const pem = (await this.#files.read(path))?.toString()
    if (pem === undefined) return undefined
    const key = this.#read(path, pem)
    if (this.#passphrase !== undefined && !isEncrypted(pem)) await this.#write(path, key)
    return key
  }

  async #create(name: string, kind: KeyKind = 'ed25519'): Promise<InstanceKey> {
    const privateKey = await generate(kind)
    await this.#write(this.#path(name), privateKey)
    return this.#describe(name, privateKey)
  }

  async #write(path: string, privateKey: KeyObject): Promise<void> {
    await this.#files.replace(path, Buffer.from(formatPrivateKey(privateKey, this.#passphrase)), 0o600)
    await this.#files.syncDirectory(this.#directory)
  }

  #read(path: string, pem: string): KeyObject {
    if (isEncrypted(pem) && this.#passphrase === undefined) {
      throw new StoreError('wrong_passphrase', `the key ${path} is encrypted and no passphrase was given`)
    }
    const key = parsePrivateKey(pem, isEncrypted(pem) ? this.#passphrase : undefined)
    if (key) return key
    if (isEncrypted(pem)) throw new StoreError('wrong_passphrase', `the passphrase does not open the key ${path}`)
    throw new StoreError('damaged', `${path} holds no private key; restore it from a copy`)
  }

  async #describe(name: string, privateKey: KeyObject): Promise<InstanceKey> {
    const publicKey = createPublicKey(privateKey)
    const former = (await this.#formerKeys(name)).filter((key) => !key.equals(publicKey))
    const overlapping = await this.#overlapping(name)
    // A crash within a rotation may have left the present key there.
    const isOther = overlapping !== undefined && !createPublicKey(overlapping).equals(publicKey)
    return { name, privateKey, publicKey, formerPublicKeys: former, ...(isOther && { overlapping }) }
  }

  async #formerKeys(name: string): Promise<KeyObject[]> {
    const numbers = (await this.#files.list(this.#directory))
      .map((file) => new RegExp(`^${name}\\.former-(\\d+)\\.pem$`).exec(file)?.[1])
      .filter((number) => number !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
    return Promise.all(
      numbers.map(async (number) =>
        createPublicKey((await this.#files.read(join(this.#directory, `${name}.former-${number}.pem`)))!),
      ),
    )
  }

  #path(name: string, part?: 'overlap'): string {
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(name))
      throw new StoreError('absent', 'a key name has lower-case letters, digits and hyphens')
    return join(this.#directory, part ? `${name}.${part}.pem` : `${name}.pem`)
  }
}

async function generate(kind: KeyKind): Promise<KeyObject> {
  if (kind === 'ed25519') return generateKeyPairSync(kind).privateKey
  if (kind === 'ml-dsa-44') return generateKeyPairSync(kind).privateKey
  if (kind === 'ec') return generateKeyPairSync(kind, { namedCurve: 'P-256' }).privateKey
  // It takes a moment, and others are waiting meanwhile.
  return (await promisify(generateKeyPair)('rsa', { modulusLength: 3072 })).privateKey
}

/** Refuses what group or others may read or write. Absent is fine. */
async function requirePrivate(path: string, mode: number): Promise<void> {
  try {
    const { mode: found } = await stat(path)
    if ((found & 0o077) === 0) return
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw new StoreError('unwritable', `couldn't look at ${path}: ${reasonOf(error)}`, { cause: error })
  }
  throw new StoreError('insecure_permissions', `others may read ${path}; run: chmod ${mode.toString(8)} ${path}`)
}
