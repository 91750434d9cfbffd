/** That a checkpoint was signed by a known key: C2SP signed-note, tlog-checkpoint and tlog-cosignature. */

import { equal, parseBase64, sha256, utf8, concat, type Bytes } from './bytes.ts'

/** A verifier key, `<name>+<8 hex digits>+<base64 of type byte and public key>`. */
export type Key = { readonly name: string; readonly id: Bytes; readonly type: number; readonly publicKey: Bytes }

export type Signature = { readonly name: string; readonly id: Bytes; readonly bytes: Bytes }

/** `body` ends in a newline and is what is signed. */
export type Note = { readonly body: string; readonly signatures: readonly Signature[] }

/**
 *     example.com/origin
 *     923748
 *     nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=
 */
export type Checkpoint = { readonly origin: string; readonly treeSize: number; readonly rootHash: Bytes }

const ED25519 = 0x01
const COSIGNATURE = 0x04
const ML_DSA_COSIGNATURE = 0x06
const MAX_SIGNATURES = 64
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

/** Throws a SyntaxError on anything that is not a log or witness key whose id is its own. */
export async function parseKey(text: string): Promise<Key> {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  if (!match) throw new SyntaxError('not a verifier key')
  const [, name = '', hexId = '', base64 = ''] = match
  const typed = parseBase64(base64)
  const type = typed[0]
  const isKnown = type === ED25519 || type === COSIGNATURE || type === ML_DSA_COSIGNATURE
  if (!isKnown || typed.length !== (type === ML_DSA_COSIGNATURE ? 1313 : 33))
    throw new SyntaxError('not an Ed25519 or ML-DSA-44 key')
  const id = Uint8Array.from(hexId.match(/../g)!, (pair) => Number.parseInt(pair, 16))
  // C2SP signed-note: "key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]"
  const expected = (await sha256(utf8(`${name}\n`), typed)).subarray(0, 4)
  if (!equal(id, expected)) throw new SyntaxError('the key id does not belong to the key')
  return { name, id, type, publicKey: typed.slice(1) }
}

/** Throws a SyntaxError when the text is not a signed note. */
export function parseNote(text: string): Note {
  if (CONTROL.test(text)) throw new SyntaxError('a note has no control characters')
  // C2SP signed-note: "the text is separated from the signatures by the last blank line"
  const split = text.lastIndexOf('\n\n')
  if (split < 0 || !text.endsWith('\n')) throw new SyntaxError('a note ends in signature lines')
  const lines = text.slice(split + 2, -1).split('\n')
  if (lines.length > MAX_SIGNATURES) throw new SyntaxError('too many signatures')
  return { body: text.slice(0, split + 1), signatures: lines.map(parseSignature) }
}

function parseSignature(line: string): Signature {
  const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/.exec(line)
  if (!match) throw new SyntaxError('not a signature line')
  const bytes = parseBase64(match[2]!)
  if (bytes.length < 5) throw new SyntaxError('a signature is too short')
  return { name: match[1]!, id: bytes.slice(0, 4), bytes: bytes.slice(4) }
}

export function parseCheckpoint(body: string): Checkpoint {
  const [origin = '', size = '', root = '', ...rest] = body.split('\n')
  if (!origin || !/^(0|[1-9][0-9]{0,15})$/.test(size) || rest.length === 0) throw new SyntaxError('not a checkpoint')
  const rootHash = parseBase64(root)
  if (rootHash.length !== 32) throw new SyntaxError('a root hash is 32 bytes')
  return { origin, treeSize: Number(size), rootHash }
}

/** `absent` when no line names this key; `wrong` as soon as one that does name it fails. */
export async function verifyNote(note: Note, key: Key): Promise<'valid' | 'wrong' | 'absent'> {
  const claimed = note.signatures.filter((line) => line.name === key.name && equal(line.id, key.id))
  if (claimed.length === 0) return 'absent'
  for (const line of claimed) if (!(await verifySignature(key, line.bytes, note.body))) return 'wrong'
  return 'valid'
}

function verifySignature(key: Key, bytes: Bytes, body: string): Promise<boolean> {
  if (key.type === ED25519) return verifyEd25519(key.publicKey, bytes, utf8(body))
  if (key.type === ML_DSA_COSIGNATURE) return verifyMlDsa(key, bytes, body)
  if (bytes.length !== 72) return Promise.resolve(false)
  // C2SP tlog-cosignature: the signature is over "cosignature/v1\ntime <unix seconds>\n" and the note body
  const time = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0)
  return verifyEd25519(key.publicKey, bytes.slice(8), concat(utf8(`cosignature/v1\ntime ${time}\n`), utf8(body)))
}

async function verifyEd25519(publicKey: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false
  const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
  return crypto.subtle.verify('Ed25519', key, signature, message)
}

/** C2SP tlog-cosignature: over the struct `cosigned_message`, which has the cosigner's name and no extension lines. */
async function verifyMlDsa({ name, publicKey }: Key, bytes: Bytes, body: string): Promise<boolean> {
  const { origin, treeSize, rootHash } = parseCheckpoint(body)
  if (bytes.length !== 8 + 2420 || body.split('\n').length !== 4) return false
  const message = concat(
    ...[utf8('subtree/v1\n\0'), opaque(name), bytes.slice(0, 8), opaque(origin)],
    ...[uint64(0), uint64(treeSize), rootHash],
  )
  const key = await importMlDsa(publicKey)
  return crypto.subtle.verify('ML-DSA-44', key, bytes.slice(8), message)
}

async function importMlDsa(publicKey: Bytes): Promise<CryptoKey> {
  try {
    // What few browsers know yet, their types know even less.
    return await crypto.subtle.importKey('raw-public' as 'raw', publicKey, 'ML-DSA-44', false, ['verify'])
  } catch {
    throw new SyntaxError('this browser knows no ML-DSA-44; check it with: countersign verify')
  }
}

function opaque(text: string): Bytes {
  const bytes = utf8(text)
  return concat(Uint8Array.of(bytes.length), bytes)
}

function uint64(value: number): Bytes {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}
