/** Checking a package with Node's cryptography and our own reading of signed notes. */

import { createHash } from 'node:crypto'
import { sha256 } from '../../bytes/digest.ts'
import { nodeSignatures } from '../../evidence/node-signature.ts'
import type { Tools } from './tool.ts'
import { isCosigner, verifyCosignatures } from '../../tlog/cosignature.ts'
import { leafHash, nodeHash } from '../../tlog/hash.ts'
import { parseKey, verifyEd25519, type VerifierKey } from '../../tlog/key.ts'
import { parseNote, verifyNote } from '../../tlog/note.ts'
import { TlogError } from '../../tlog/error.ts'

export const nodeTools: Tools = {
  sha256: (bytes) => sha256(bytes),
  hash: () => createHash('sha256'),
  leafHash,
  nodeHash,
  judgeNote: (note, key) => judge(note, parseKey(key)),
  signatures: nodeSignatures,
  verify: (key, message, signature) => verifyEd25519(parseKey(key), message, signature),
}

function judge(source: string, key: VerifierKey): 'valid' | 'wrong' | 'absent' {
  const note = parseNote(source)
  try {
    if (isCosigner(key)) verifyCosignatures(note, [key])
    else verifyNote(note, [key])
    return 'valid'
  } catch (error) {
    if (error instanceof TlogError) return error.code === 'unknown_key' ? 'absent' : 'wrong'
    throw error
  }
}
