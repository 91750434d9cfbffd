/** The door of one bare repository: its key, where it asks, and the short-lived token with which it speaks (RFC 7519, RFC 8037). */

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../bytes/digest.ts'
import { base64, base64url, utf8 } from '../bytes/text.ts'
import { Failure } from './failure.ts'
import { readJson, writeJson } from './state-file.ts'

export interface Door {
  readonly server: string
  readonly repository: string
  /** Origin and key of the log that receipts must come from. */
  readonly origin: string
  readonly logKey: string
}

const FOLDER = 'countersign'
const KEY_FILE = 'door.key'

export function doorFolder(gitDir: string): string {
  return join(gitDir, FOLDER)
}

/** The door key of this repository, made on first use with mode 0600. */
export function makeDoorKey(gitDir: string): KeyObject {
  const path = join(doorFolder(gitDir), KEY_FILE)
  if (existsSync(path)) return readDoorKey(gitDir)
  mkdirSync(doorFolder(gitDir), { recursive: true, mode: 0o700 })
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx' })
  return privateKey
}

export function readDoorKey(gitDir: string): KeyObject {
  const path = join(doorFolder(gitDir), KEY_FILE)
  if (!existsSync(path))
    throw new Failure('failed', 'no_door', `${gitDir} has no door key`, {
      next: 'countersign git hook install --repository NAME',
    })
  // Whoever reads this key can tell the log of pushes that never were.
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Failure('failed', 'open_door_key', `${path} can be read by others`, { next: `chmod 600 ${path}` })
  return createPrivateKey(readFileSync(path))
}

export function writeDoor(gitDir: string, door: Door): void {
  writeJson({ path: join(doorFolder(gitDir), 'door.json') }, door)
}

export function readDoor(gitDir: string): Door {
  const stored = readJson({ path: join(doorFolder(gitDir), 'door.json') })
  const { server, repository, origin, logKey } = stored ?? {}
  if (
    typeof server === 'string' &&
    typeof repository === 'string' &&
    typeof origin === 'string' &&
    typeof logKey === 'string'
  ) {
    return { server, repository, origin, logKey }
  }
  throw new Failure('failed', 'no_door', `${gitDir} is not connected to Countersign`, {
    next: 'countersign git hook install --repository NAME',
  })
}

/** Base64 SPKI, as the server registers it. */
export function formatDoorKey(key: KeyObject): string {
  return base64.encode(createPublicKey(key).export({ format: 'der', type: 'spki' }))
}

const LIFETIME_SECONDS = 60

/** The Authorization header of one push: a JWT over this very body, good for a minute and accepted once. */
export function doorAuthorization({ repository, origin }: Door, key: KeyObject, body: string, atMs: number): string {
  const iat = Math.floor(atMs / 1_000)
  const claims = {
    iss: repository,
    aud: origin,
    jti: base64url.encode(randomBytes(16)),
    iat,
    exp: iat + LIFETIME_SECONDS,
    bodySha256: base64url.encode(sha256(utf8.encode(body))),
  }
  const signed = [{ alg: 'EdDSA', typ: 'JWT' }, claims]
    .map((part) => base64url.encode(utf8.encode(JSON.stringify(part))))
    .join('.')
  return `Door ${signed}.${base64url.encode(sign(null, utf8.encode(signed), key))}`
}
