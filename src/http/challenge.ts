/** Challenges for passkeys: handed out to anyone, good once, and for five minutes. */

import { base64url } from '../bytes/text.ts'
import { freshNonce } from '../control/fresh.ts'
import { parseClientData } from '../evidence/passkey-data.ts'
import { attempt } from '../evidence/refusal.ts'
import { formatInstant } from './field.ts'
import type { Port } from './port.ts'
import { problem, Problem } from './problem.ts'

const LIFETIME_MS = 5 * 60_000

/** A challenge stands for one ceremony, whoever carries it out. */
export function freshChallenge({ challenges, clock, ledger }: Port) {
  const challenge = freshNonce()
  const expiresAt = clock() + LIFETIME_MS
  if (!challenges.add(challenge, expiresAt, clock()))
    return problem('busy', 'Too many people are signing in at once; try again shortly.', { retryAfterSeconds: 10 })
  return { challenge, rpId: ledger.state.log!.rpId, expiresAt: formatInstant(expiresAt) }
}

/** The challenge that the browser signed, taken: nobody can use it again. */
export function takeChallenge(clientDataJson: string, { challenges, clock, noise }: Port): string | Problem {
  const said = attempt(() => parseClientData(base64url.decode(clientDataJson)))
  if (said && challenges.take(said.challenge, clock())) return said.challenge
  noise.count('challenge_unknown')
  const detail =
    'The passkey signed a challenge that was not given out here, was used already, or is over five minutes old.'
  return new Problem('challenge_unknown', detail, { status: 401, next: 'Try again with a fresh challenge.' })
}
