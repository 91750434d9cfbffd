/** The cryptography that checking a package needs, as whoever runs it has it: Node's own, or that of a browser. */

import type { SignatureTools } from '../../evidence/algorithm.ts'

type Eventually<T> = T | Promise<T>

export type Tools = {
  readonly sha256: (bytes: Uint8Array) => Eventually<Uint8Array>
  /** SHA-256 of bytes that come in pieces. */
  readonly hash: () => {
    readonly update: (bytes: Uint8Array) => unknown
    readonly digest: () => Eventually<Uint8Array>
  }
  /** RFC 6962, 2.1: SHA-256 of 0x00 and the leaf. */
  readonly leafHash: (leaf: Uint8Array) => Eventually<Uint8Array>
  /** RFC 6962, 2.1: SHA-256 of 0x01, left and right. */
  readonly nodeHash: (left: Uint8Array, right: Uint8Array) => Eventually<Uint8Array>
  /**
   * Whether a signed note (C2SP signed-note, tlog-cosignature) carries a signature of this verifier key: `absent` when no
   * line names the key, `wrong` when one does and does not verify. Throws a sentence for what is no note or no key.
   */
  readonly judgeNote: (note: string, key: string) => Eventually<'valid' | 'wrong' | 'absent'>
  /** Ed25519 over these bytes by the public key of a verifier key. Throws a sentence for what is no key. */
  readonly verify: (key: string, message: Uint8Array, signature: Uint8Array) => Eventually<boolean>
  /** RSA and ECDSA, for time stamps. */
  readonly signatures: SignatureTools
}
