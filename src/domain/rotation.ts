/**
 * From a key of a log that was pinned once to the one it signs with now: each step is a leaf that says so, in a tree that the older key
 * itself signed (C2SP tlog-proof). Whoever holds the older key could have said it, and nobody else.
 */

import { sha256 } from '../bytes/digest.ts'
import { hex, utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import { TlogError } from '../tlog/error.ts'
import { leafHash } from '../tlog/hash.ts'
import { formatKey, NOTE_SIGNATURE, parseKey, type VerifierKey } from '../tlog/key.ts'
import { parseNote } from '../tlog/note.ts'
import { parseProofFile } from '../tlog/proof-file.ts'
import { verifyInclusion } from '../tlog/verify.ts'
import { read } from './leaf.ts'

const MAX_STEPS = 16

/** Where the log shows how `key` was replaced, below its address: a digest, since four bytes of a key id could be met by chance. */
export function rotationPath(key: VerifierKey): string {
  return `rotations/${hex.encode(sha256(utf8.encode(formatKey(key)))).slice(0, 32)}.tlog-proof`
}

export function isRotationPath(path: string): boolean {
  return /^rotations\/[0-9a-f]{32}\.tlog-proof$/.test(path)
}

/** Whether a log puts another key of its name before this one by now. Throws a TlogError for what is no note. */
export function isReplaced(note: string, key: VerifierKey): boolean {
  return parseNote(note).signatures.find(({ name }) => name === key.name)?.keyId !== key.keyId
}

/**
 * Keys that replaced `pinned`, one after the other; none when it was not replaced. `look` gives the text at a path of `rotationPath`,
 * or undefined. Throws a TlogError when what is shown there proves no rotation.
 */
export async function followRotations(
  pinned: VerifierKey,
  look: (path: string) => Promise<string | undefined>,
): Promise<VerifierKey[]> {
  const keys: VerifierKey[] = []
  for (let key = pinned; keys.length < MAX_STEPS;) {
    const text = await look(rotationPath(key))
    if (text === undefined) break
    key = successor(key, text)
    keys.push(key)
  }
  return keys
}

function successor(key: VerifierKey, text: string): VerifierKey {
  const { leafIndex, proof, checkpoint, extra } = parseProofFile(text)
  const wrong = (because: string) =>
    new TlogError('malformed_proof', `the rotation of ${key.name} is not proven: ${because}`)
  const { size, rootHash } = openCheckpoint(checkpoint, key.name, [key])
  if (!extra || !verifyInclusion(leafIndex, size, leafHash(extra), proof, rootHash))
    throw wrong('its leaf is not in the tree that the older key signed')
  const { event, outcome, sequence } = readLeaf(extra, wrong)
  if (event.type !== 'log.rotated' || outcome === 'refused' || sequence !== leafIndex)
    throw wrong('its leaf says something else')
  const next = parseKey(event.logKey)
  if (next.name !== key.name || next.type !== NOTE_SIGNATURE || next.keyId === key.keyId)
    throw wrong('the newer key is not one of this log')
  return next
}

function readLeaf(bytes: Uint8Array, wrong: (because: string) => TlogError) {
  try {
    return read(bytes)
  } catch {
    throw wrong('it holds no leaf')
  }
}
