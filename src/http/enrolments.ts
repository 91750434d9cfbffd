/** An invitation becomes a person with a passkey: once, and only by whoever holds its token. */

import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { canonical, type Json } from '../bytes/json.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { systemCaller } from '../control/handle.ts'
import * as shape from '../control/view/shape.ts'
import { SOFTWARE_AAGUID } from '../credential/software-passkey.ts'
import type { Invitation } from '../domain/principal.ts'
import type { ReadonlyState } from '../domain/state.ts'
import { registrationResponse } from '../evidence/passkey.ts'
import { act, type Asked, type Asking, type Desk } from './act.ts'
import * as field from './field.ts'
import { freshChallenge, takeChallenge } from './challenge.ts'
import type { Port } from './port.ts'
import { problem, Problem } from './problem.ts'
import { read } from './read.ts'

const token = z.string().regex(/^[A-Za-z0-9_-]{16,256}$/)

const body = z.strictObject({
  token,
  registration: registrationResponse,
  software: z.boolean().optional().describe('The passkey lives in a file; it will be labelled so.'),
  handle: field.handle.optional(),
  name: field.personName.optional(),
  email: field.email.optional(),
  zone: field.zone.optional(),
})
const enrolment = z.object({
  handle: z.string().optional(),
  name: z.string().optional(),
  challenge: z.string(),
  rpId: z.string(),
  userId: z.string().describe('For the passkey; base64url.'),
  isSetup: z.boolean().describe('The first person says who they are.'),
})
const enrolled = z.object({ person: z.string(), who: shape.who })

export function enrolments(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/setup',
    summary: 'Whether the first person has still to be enrolled',
    access: 'anyone',
    answer: z.object({ needed: z.boolean() }),
    look: () => ({ needed: isSetup(port.ledger.state) }),
  })
  read(desk, {
    url: '/api/v1/enrolments/:token',
    summary: 'Whom an invitation is for, with a challenge for their new passkey',
    access: 'anyone',
    params: z.object({ token }),
    answer: enrolment,
    look: ({ params }) => describe(params.token, port),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/enrolments',
    summary: 'Enrols a passkey by an invitation',
    access: 'anyone',
    body,
    result: enrolled,
    status: 201,
    ask: (asked) => enrol(asked, port),
  })
}

function isSetup({ people }: ReadonlyState): boolean {
  return ![...people.values()].some(({ enrolledAt }) => enrolledAt !== undefined)
}

/** Unknown tokens are looked up here, or anyone could fill the log with guesses. */
function findInvitation(text: string, { ledger, clock, noise }: Port): Invitation | Problem {
  const invitation = ledger.state.invitations.get(digestOf(utf8.encode(text)))
  if (invitation && invitation.expiresAt > clock()) return invitation
  noise.count('no_such_invitation')
  return problem('not_found', 'This enrolment link is unknown, was used already, or has expired.', {
    next: 'Ask an administrator for a new one.',
  })
}

function describe(text: string, port: Port): z.input<typeof enrolment> | Problem {
  const invitation = findInvitation(text, port)
  if (invitation instanceof Problem) return invitation
  const fresh = freshChallenge(port)
  if (fresh instanceof Problem) return fresh
  const { handle, name } = port.ledger.directory.person(invitation.person) ?? {}
  return {
    ...(handle !== undefined && { handle }),
    ...(name !== undefined && { name }),
    challenge: fresh.challenge,
    rpId: fresh.rpId,
    userId: base64url.encode(utf8.encode(invitation.person)),
    isSetup: isSetup(port.ledger.state),
  }
}

type Body = z.output<typeof body>

function enrol({ body: sent, personal }: Asked<Body, unknown>, port: Port): Asking<z.input<typeof enrolled>> | Problem {
  const { registration, handle, name, email, zone } = sent
  const inviteDigest = digestOf(utf8.encode(sent.token))
  const invitation = findInvitation(sent.token, port)
  if (invitation instanceof Problem) return invitation
  const misplaced = judgeProfile(sent, isSetup(port.ledger.state))
  if (misplaced) return misplaced
  const challenge = takeChallenge(registration.response.clientDataJSON, port)
  if (challenge instanceof Problem) return challenge
  const { person } = invitation
  const isSoftware = sent.software === true || saysSoftware(registration.response.attestationObject)
  return {
    perform: {
      command: { type: 'enrol person', inviteDigest, challenge, ...(zone && { zone }), isSoftware },
      caller: systemCaller('enrolment'),
      exhibits: [{ kind: 'passkey-registration', bytes: utf8.encode(canonical(registration as Json)) }],
      personal: { ...personal, handle, name, email },
      given: (directory) => ({ isHandleTaken: handle !== undefined && directory.find(handle) !== undefined }),
    },
    result: () => ({ person, who: port.views.who(person) }),
  }
}

const PROFILE = ['handle', 'name', 'email', 'zone'] as const

/** Whoever was invited is who the administrator said; only the first person was invited by nobody. */
function judgeProfile(sent: Body, isFirst: boolean): Problem | undefined {
  const wrong = PROFILE.find((name) => (sent[name] === undefined) === isFirst)
  if (wrong === undefined) return undefined
  const because = isFirst ? 'the first person says it' : 'only the first person says it; the invitation does'
  return problem('malformed', `body.${wrong}: ${because}`, { facts: { path: `body.${wrong}` } })
}

const SOFTWARE = Buffer.from(SOFTWARE_AAGUID.replaceAll('-', ''), 'hex')

/** Our own software passkeys say what they are, whatever the caller says. */
function saysSoftware(attestationObject: string): boolean {
  return Buffer.from(attestationObject, 'base64url').includes(SOFTWARE)
}
