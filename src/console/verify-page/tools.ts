/** Checking a package with a browser's own cryptography, so that the page asks nobody. */

import type { Tools } from '../../domain/package/tool.ts'
import { concat, sha256 } from '../verify/bytes.ts'
import { leafHash, nodeHash } from '../verify/inclusion.ts'
import { browserSignatures } from './signatures.ts'
import { parseKey, parseNote, verifyNote } from '../verify/note.ts'

export const browserTools: Tools = {
  sha256: (bytes) => sha256(bytes),
  hash: () => {
    const parts: Uint8Array[] = []
    return { update: (bytes) => parts.push(bytes), digest: () => sha256(concat(...parts)) }
  },
  leafHash,
  nodeHash,
  signatures: browserSignatures,
  judgeNote: async (note, key) => verifyNote(parseNote(note), await parseKey(key)),
  verify: async (key, message, signature) => {
    const { publicKey } = await parseKey(key)
    const imported = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
    return crypto.subtle.verify('Ed25519', imported, concat(signature), concat(message))
  },
}

export async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = await sha256(bytes)
  return `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
