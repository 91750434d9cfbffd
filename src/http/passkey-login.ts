/** A person signs in with a passkey: the browser gets a cookie that no script can read, the command line a token. */

import { canonical, type Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { freshBearer, freshId } from '../control/fresh.ts'
import type { Request } from '../control/handle.ts'
import { assertionResponse } from '../evidence/passkey.ts'
import type { Asked, Asking } from './act.ts'
import { takeChallenge } from './challenge.ts'
import { setLoginCookie } from './cookie.ts'
import { formatInstant } from './field.ts'
import { PERSON_LOGIN_MS, type Opened } from './opened.ts'
import type { Port } from './port.ts'
import { Problem } from './problem.ts'

export const passkeyBody = z.strictObject({
  method: z.literal('passkey'),
  assertion: assertionResponse,
  cookie: z.boolean().optional().describe('Set the login as a cookie, and do not show its token.'),
})
type ByPasskey = z.output<typeof passkeyBody>

export function askByPasskey(
  { at, personal, request, reply }: Asked<unknown, unknown>,
  { assertion, cookie }: ByPasskey,
  port: Port,
): Asking<Opened> | Problem {
  const challenge = takeChallenge(assertion.response.clientDataJSON, port)
  if (challenge instanceof Problem) return challenge
  const person = port.ledger.state.passkeys.get(assertion.id)?.person
  if (!person) {
    port.noise.count('passkey_unknown')
    return new Problem('passkey_unknown', 'This passkey is not enrolled here.', { status: 401 })
  }
  const { token, digest } = freshBearer()
  const login = freshId('login')
  const expiresAt = at + PERSON_LOGIN_MS
  const asCookie = cookie === true || (request.headers.accept ?? '').includes('text/html')
  const perform: Request = {
    command: { type: 'open login', login, bearerDigest: digest, expiresAt, challenge },
    caller: { id: person, kind: 'person' },
    exhibits: [{ kind: 'passkey-assertion', bytes: utf8.encode(canonical(assertion as Json)) }],
    personal,
  }
  return {
    perform,
    result: () => {
      if (asCookie) setLoginCookie(reply, token, expiresAt, port.config)
      return { login, ...(!asCookie && { token }), expiresAt: formatInstant(expiresAt), who: port.views.who(person) }
    },
  }
}
