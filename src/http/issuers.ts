/** Whose CI tokens are believed. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { claimNames, loginLifetime } from '../domain/issuer.ts'
import { DIALECTS } from '../evidence/oidc-dialect.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const body = z.strictObject({
  issuer: f.url,
  kind: z.enum(DIALECTS),
  jwksUri: f.url.optional().describe('Where its keys are; found by OpenID Connect Discovery when left out.'),
  claims: claimNames.optional().describe('What an issuer of the kind custom calls its claims: our fact to its claim.'),
  loginLifetimeMs: loginLifetime
    .optional()
    .describe('How long a job stays signed in on one token; an hour if left out.'),
  audience: z
    .string()
    .max(256)
    .optional()
    .describe('Must be the audience of this server; to be sure that CI asks for it.'),
})

export function issuers(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/issuers',
    summary: 'Issuers whose tokens are believed',
    answer: shape.issuers,
    look: () => ({ issuers: port.views.issuers() }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/issuers',
    summary: 'Trusts the tokens of an issuer',
    body,
    result: nothing,
    status: 201,
    ask: ({ body: { audience, ...issuer }, caller, personal }) => {
      const ours = port.ledger.state.log!.audience
      if (audience !== undefined && audience !== ours)
        return problem('malformed', `body.audience: this server takes tokens made for ${ours} alone`)
      const names = issuer.claims
      const isNamed = names?.repository !== undefined && names.runId !== undefined
      if (issuer.kind === 'custom' ? !isNamed : names !== undefined)
        return problem(
          'malformed',
          'body.claims: an issuer of the kind custom, and no other, has at least its repository and runId named',
        )
      return { perform: { command: { type: 'trust issuer', ...issuer }, caller, personal }, result: () => ({}) }
    },
  })
}
