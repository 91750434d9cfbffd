/** A software passkey in a private file: whoever has the file can sign as the person, and it says so everywhere. */

import { base64url } from '../bytes/text.ts'
import { assert, createSoftwarePasskey, register, type SoftwarePasskey } from '../credential/software-passkey.ts'
import type { AssertionResponse, RegistrationResponse } from '../evidence/passkey.ts'
import { Failure } from './failure.ts'
import { readJson, writeJson } from './state-file.ts'

/** The passkey in the file. Throws a Failure when there is none. */
export function readPasskey(path: string): SoftwarePasskey {
  const stored = readJson({ path })
  if (!stored) {
    throw new Failure('notFound', 'no_passkey_file', `there is no software passkey in ${path}`, {
      next: `countersign people enrol --token-file FILE --software-passkey ${path}`,
    })
  }
  if (
    stored['kind'] === 'software' &&
    typeof stored['credentialId'] === 'string' &&
    typeof stored['rpId'] === 'string'
  ) {
    return stored as unknown as SoftwarePasskey
  }
  throw new Failure('failed', 'bad_passkey_file', `${path} is not a software passkey`)
}

/** The registration of the passkey in the file, which is made when there is none. */
export function registerPasskey(path: string, rpId: string, challenge: string, server: string): RegistrationResponse {
  const passkey = readJson({ path }) ? readPasskey(path) : createSoftwarePasskey(rpId)
  requireParty(passkey, rpId, path)
  writeJson({ path }, passkey)
  return register(passkey, ceremony(challenge, rpId, server))
}

/** Signs a base64url challenge, and stores the raised counter before the signature leaves. */
export function signWithPasskey(path: string, rpId: string, challenge: string, server: string): AssertionResponse {
  const passkey = readPasskey(path)
  requireParty(passkey, rpId, path)
  const { response, passkey: used } = assert(passkey, ceremony(challenge, rpId, server))
  writeJson({ path }, used)
  return response
}

// What browsers enforce for people: a passkey of one site answers no other, so a copied challenge is worth nothing.
function requireParty(passkey: SoftwarePasskey, rpId: string, path: string): void {
  if (passkey.rpId === rpId) return
  throw new Failure('usage', 'other_party', `the software passkey in ${path} is for ${passkey.rpId}, not for ${rpId}`)
}

function ceremony(challenge: string, rpId: string, server: string) {
  return { challenge: base64url.decode(challenge), origin: ceremonyOrigin(rpId, server) }
}

const LOOPBACK = /^(?:127(?:\.\d+){3}|\[::1\])$/u

/** The origin that a browser would state. An address of this machine stands for `localhost`, which passkeys insist on. */
function ceremonyOrigin(rpId: string, server: string): string {
  const url = new URL(server)
  if (rpId === 'localhost' && LOOPBACK.test(url.hostname)) url.hostname = 'localhost'
  if (url.hostname === rpId || url.hostname.endsWith(`.${rpId}`)) return url.origin
  throw new Failure('unverified', 'other_party', `${server} asks for a passkey of ${rpId}`)
}
