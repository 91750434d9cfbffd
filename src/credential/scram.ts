/** SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) as PostgreSQL stores them: the server learns to check a password it never sees. */

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

import { base64, utf8 } from '../bytes/text.ts'

const ITERATIONS = 4096

/**
 * `SCRAM-SHA-256$4096:<salt>$<StoredKey>:<ServerKey>` for a password of printable ASCII (which SASLprep leaves alone) and 16
 * or more random bytes of salt.
 */
export function formatScramVerifier(password: string, salt: Uint8Array): string {
  if (!/^[!-~]{16,128}$/.test(password)) throw new RangeError('a password has 16 to 128 printable ASCII characters')
  if (salt.length < 16) throw new RangeError('a salt has at least 16 bytes')
  const salted = pbkdf2Sync(utf8.encode(password), salt, ITERATIONS, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest()
  const serverKey = createHmac('sha256', salted).update('Server Key').digest()
  return `SCRAM-SHA-256$${ITERATIONS}:${base64.encode(salt)}$${base64.encode(storedKey)}:${base64.encode(serverKey)}`
}
