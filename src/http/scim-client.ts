/** Directories that keep people and groups here: an administrator makes the credential of each, which ends. */

import * as z from '../bytes/schema.ts'
import { freshBearer } from '../control/fresh.ts'
import * as f from '../domain/field.ts'
import { byName } from '../domain/idp.ts'
import type { State } from '../domain/state.ts'
import { act, type Desk } from './act.ts'
import { formatInstant, instant, nothing } from './field.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const DAY_MS = 24 * 3_600_000

const body = z.strictObject({
  client: f.role.describe('A short name for the directory.'),
  idp: f.role.optional().describe('Where its people sign in: by what the directory calls their externalId.'),
  lifetimeDays: z.int().min(1).max(400).default(180),
})
const made = z.object({ token: z.string(), baseUrl: z.string(), expiresAt: instant })
const client = z.object({ client: z.string(), issuer: z.string().optional(), expiresAt: instant, leafIndex: z.int() })

export function scimClients(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/directories',
    summary: 'Directories that keep people and groups here',
    isForPeople: true,
    answer: z.object({ directories: z.array(client) }),
    look: () => ({
      directories: [...port.ledger.state.scimClients.values()].map(
        ({ client: name, issuer, expiresAt, leafIndex }) => ({
          ...{ client: name, expiresAt: formatInstant(expiresAt), leafIndex },
          ...(issuer !== undefined && { issuer }),
        }),
      ),
    }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/directories',
    summary: 'Trusts a directory (SCIM 2.0): its token is shown once; another for the same name replaces it',
    body,
    result: made,
    status: 201,
    isSecret: true,
    ask: ({ body: { client: name, idp, lifetimeDays }, caller, personal, at }) => {
      const provider = idp === undefined ? undefined : byName(idp, port.ledger.state as State)
      if (idp !== undefined && !provider) return problem('not_found', 'No identity provider of that name is trusted.')
      const { token, digest } = freshBearer('scim_')
      const expiresAt = at + lifetimeDays * DAY_MS
      const issuer = provider && { issuer: provider.issuer }
      const command = { type: 'trust scim client', client: name, bearerDigest: digest, expiresAt, ...issuer } as const
      const baseUrl = `${port.config.publicUrl}/scim/v2`
      return {
        perform: { command, caller, personal },
        result: () => ({ token, baseUrl, expiresAt: formatInstant(expiresAt) }),
      }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/directories/:client',
    summary: 'Trusts a directory no more; the people that it brought stay',
    params: z.object({ client: f.role }),
    result: nothing,
    ask: ({ params, caller, personal }) => ({
      perform: { command: { type: 'remove scim client', client: params.client }, caller, personal },
      result: () => ({}),
    }),
  })
}
