/** People: inviting them, their roles, and ending what they may do. */

import * as z from '../bytes/schema.ts'
import { freshBearer, freshId } from '../control/fresh.ts'
import type { Recorded } from '../control/ledger.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { formatInstant, instant } from './field.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'
import { read } from './read.ts'

const INVITATION_MS = 72 * 3_600_000

const inviteBody = z.strictObject({
  handle: field.handle,
  name: field.personName,
  email: field.email,
  zone: field.zone,
  roles: z.array(f.role).max(16),
})
const invited = z.object({
  person: z.string(),
  enrolmentUrl: z.string(),
  enrolmentToken: z.string(),
  expiresAt: instant,
})
const revoked = z.object({
  loginsEnded: z.int(),
  grantsEnded: z.int(),
  stillLive: z
    .array(z.object({ serial: z.string(), secondsLeft: z.int(), what: z.string() }))
    .describe('Credentials that cannot be recalled everywhere, until they expire.'),
})
const byId = z.object({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') })

export function people(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/people',
    summary: 'Everybody who was ever invited',
    isForPeople: true,
    answer: shape.people,
    look: () => ({ people: port.views.people() }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/people',
    summary: 'Invites a person',
    body: inviteBody,
    result: invited,
    status: 201,
    isSecret: true,
    ask: ({ body: { handle, name, email, zone, roles }, caller, personal, at }) => {
      const { token, digest } = freshBearer('invite_')
      const person = freshId('person')
      const expiresAt = at + INVITATION_MS
      return {
        perform: {
          command: { type: 'invite person', person, inviteDigest: digest, expiresAt, roles: [...new Set(roles)], zone },
          caller,
          personal: { ...personal, handle, name, email },
          given: (directory) => ({ isHandleTaken: directory.find(handle) !== undefined }),
        },
        result: () => ({
          person,
          // In the fragment, so that it reaches no server log and no Referer.
          enrolmentUrl: `${port.config.publicUrl}/enrol#${token}`,
          enrolmentToken: token,
          expiresAt: formatInstant(expiresAt),
        }),
      }
    },
  })
}

export function revocations(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/people/:id/revocation',
    summary: 'Ends everything a person may do, from their very next request on',
    params: byId,
    body: z.strictObject({ reason: field.reason }),
    result: revoked,
    ask: ({ params, body: { reason }, caller, personal }) => {
      const principal = findPerson(params.id, port)
      if (typeof principal !== 'string') return principal
      const command = { type: 'revoke principal', principal } as const
      return {
        perform: { command, caller, personal: { ...personal, reason } },
        result: (recorded) => ended(principal, recorded, port),
      }
    },
  })
}

/** By id, or by handle with its @. A handle that nobody has cannot be asked about. */
export function findPerson(text: string, { ledger }: Port): f.PersonId | Problem {
  const id = text.startsWith('@') ? ledger.directory.find(text) : text
  const parsed = f.personId.safeParse(id)
  if (parsed.success && ledger.state.people.has(parsed.data)) return parsed.data
  return problem('not_found', 'There is no such person.', { next: 'countersign people list' })
}

function ended(principal: string, { leaf: { at } }: Recorded, { ledger: { state } }: Port): z.input<typeof revoked> {
  const opened = state.people.get(principal)?.logins ?? []
  const logins = opened.filter((id) => state.logins.get(id)?.endedAt === at)
  const held = [...state.lent].filter(([, { holder }]) => holder === principal)
  const grants = held.flatMap(([id]) => state.grants.get(id) ?? []).filter(({ endedAt }) => endedAt === at)
  const stillLive = grants
    .filter(({ kind, expiresAt }) => kind === 'ssh' && expiresAt > at)
    .map(({ leafIndex, target, expiresAt }) => ({
      serial: String(leafIndex),
      secondsLeft: Math.ceil((expiresAt - at) / 1000),
      what: `SSH certificate for ${target}, at hosts that do not follow the list of revoked keys`,
    }))
  return { loginsEnded: logins.length, grantsEnded: grants.length, stillLive }
}
