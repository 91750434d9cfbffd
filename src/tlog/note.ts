/**
 * Signed notes (C2SP signed-note v1.0.0): a text is believed once a key that we know has signed it.
 *
 *     If you think cryptography is the answer to your problem,
 *     then you don't know what your problem is.
 *
 *     — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
 */

import { base64, hex, utf8 } from '../bytes/text.ts'
import { TlogError, decodeOr } from './error.ts'
import { isKeyName, verifyEd25519, type Signer, type VerifierKey } from './key.ts'

export interface NoteSignature {
  readonly name: string
  /** Eight hex digits. */
  readonly keyId: string
  /** What follows the key id. */
  readonly signature: Uint8Array
}

export interface Note {
  /** With its final newline: these are the bytes that are signed. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** "Verifiers SHOULD apply a maximum limit"; a hundred signatures, and a size that holds them with post-quantum ones. */
const MAX_NOTE_BYTES = 1_000_000
const MAX_SIGNATURES = 100

/** Reads a note without believing it. Throws a TlogError `malformed_note`. */
export function parseNote(source: string | Uint8Array): Note {
  const note =
    typeof source === 'string' ? source : decodeOr('malformed_note', 'a note is not UTF-8', () => utf8.decode(source))
  // "MUST NOT contain any ASCII control characters (those below U+0020) other than newline."
  // oxlint-disable-next-line no-control-regex
  if (note.length > MAX_NOTE_BYTES || /[\u0000-\u0009\u000b-\u001f]/.test(note) || !note.isWellFormed()) {
    throw new TlogError('malformed_note', 'a note is too long or has control characters')
  }
  // "The text is separated from the signatures by the last empty line in the note."
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0) throw new TlogError('malformed_note', 'a note has no blank line before its signatures')
  return { text: note.slice(0, blank + 1), signatures: parseSignatureLines(note.slice(blank + 2)) }
}

/** One to a hundred signature lines, each with its newline. Throws a TlogError `malformed_note`. */
export function parseSignatureLines(lines: string): NoteSignature[] {
  if (!lines.endsWith('\n')) throw new TlogError('malformed_note', 'the signatures of a note do not end in a newline')
  const signatures = lines.slice(0, -1).split('\n', MAX_SIGNATURES + 1)
  if (signatures.length > MAX_SIGNATURES)
    throw new TlogError('malformed_note', `a note has more than ${MAX_SIGNATURES} signatures`)
  return signatures.map(parseSignatureLine)
}

function parseSignatureLine(line: string): NoteSignature {
  const [dash, name = '', encoded = '', ...rest] = line.split(' ')
  if (dash !== '\u2014' || rest.length > 0 || !isKeyName(name)) {
    throw new TlogError('malformed_note', 'a signature line is not an em dash, a key name and a signature')
  }
  const bytes = decodeOr('malformed_note', 'a signature is not base64', () => base64.decode(encoded))
  if (bytes.length < 5) throw new TlogError('malformed_note', 'a signature is shorter than a key id and one byte')
  return { name, keyId: hex.encode(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}

export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${base64.encode(Buffer.concat([hex.decode(keyId), signature]))}\n`
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`
}

/** The text (which must end in a newline, else a TlogError) as a note with one signature of type 1 by each signer. */
export function signNote(text: string, ...signers: readonly Signer[]): string {
  if (!text.endsWith('\n')) throw new TlogError('malformed_note', 'the text of a note does not end in a newline')
  const message = utf8.encode(text)
  return formatNote({ text, signatures: signers.map((signer) => ({ ...signer.key, signature: signer.sign(message) })) })
}

/** How a key checks its own kind of signature over the note's text. */
export type SignatureCheck = (key: VerifierKey, text: string, signature: Uint8Array) => boolean

/**
 * The keys among `keys` that signed the note, each once. Signatures of unknown keys are ignored. Throws a TlogError:
 * `bad_signature` when one of a known key does not verify ("clients SHOULD reject the whole note"), `unknown_key` when
 * none verifies.
 */
export function verifyNote(
  note: Note,
  keys: readonly VerifierKey[],
  check: SignatureCheck = checkNoteSignature,
): VerifierKey[] {
  const signers = new Set<VerifierKey>()
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((known) => known.name === name && known.keyId === keyId)
    if (!key || signers.has(key)) continue
    if (!check(key, note.text, signature))
      throw new TlogError('bad_signature', `the signature of ${name}+${keyId} does not verify`)
    signers.add(key)
  }
  if (signers.size === 0) throw new TlogError('unknown_key', 'the note is not signed by a known key')
  return [...signers]
}

function checkNoteSignature(key: VerifierKey, text: string, signature: Uint8Array): boolean {
  return verifyEd25519(key, utf8.encode(text), signature)
}
