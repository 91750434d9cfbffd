/** Git repositories under guard. */

import { createPublicKey } from 'node:crypto'
import * as z from '../bytes/schema.ts'
import { base64 } from '../bytes/text.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { attempt } from '../evidence/refusal.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const body = z.strictObject({
  repository: f.name,
  ciRepositoryId: z.string().min(1).max(128).optional().describe('The CI’s own id, which survives a rename.'),
  ciOwnerId: z.string().min(1).max(128).optional().describe('The CI’s own id of its owner.'),
  ciIssuer: f.url.optional(),
  protectedRefs: z.array(f.refPattern).max(64),
  doorKey: f.base64.min(1).max(256).describe('Ed25519, SPKI DER, base64.'),
  baseline: z.array(f.commitId).max(64).default([]).describe('Commits that were there before anybody judged them.'),
})

export function repositories(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/repositories',
    summary: 'Repositories under guard',
    answer: shape.repositories,
    look: () => ({ repositories: port.views.repositories() }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/repositories',
    summary: 'Puts a repository under guard, or changes how it is',
    body,
    result: nothing,
    status: 201,
    ask: ({ body: registered, caller, personal }) => {
      if (!isEd25519(registered.doorKey))
        return problem('malformed', 'body.doorKey: is not an Ed25519 public key (SPKI DER in base64)')
      const command = { type: 'register repository', ...registered } as const
      return { perform: { command, caller, personal }, result: () => ({}) }
    },
  })
}

function isEd25519(text: string): boolean {
  const key = attempt(() => createPublicKey({ key: Buffer.from(base64.decode(text)), format: 'der', type: 'spki' }))
  return key?.asymmetricKeyType === 'ed25519'
}
