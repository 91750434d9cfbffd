/** An identity provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0): their logins here end. */

import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { handle, systemCaller } from '../control/handle.ts'
import { peek } from '../evidence/jws.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { adviceOf } from '../domain/reason.ts'
import { problemResponse, type Desk } from './act.ts'
import type { App } from './app.ts'
import { personalOf } from './caller.ts'
import type { Port } from './port.ts'
import { Problem, problem, sendProblem } from './problem.ts'

const FORM = 'application/x-www-form-urlencoded'
const form = z.object({ logout_token: z.string().min(1).max(16_384) })
const BODY_LIMIT = 20_000

export function backchannelLogout({ app, port }: Desk): void {
  acceptForms(app)
  app.route({
    method: 'POST',
    url: '/api/v1/idps/logout',
    schema: {
      summary: 'For identity providers: ends the logins of somebody who signed out there',
      tags: ['idps'],
      security: [],
      consumes: [FORM],
      body: form,
      response: { 200: z.object({ ended: z.int() }), default: problemResponse },
    },
    config: { access: 'anyone', takesForms: true },
    bodyLimit: BODY_LIMIT,
    handler: async (request, reply) => {
      const ended = await end((request.body as z.output<typeof form>).logout_token, personalOf(request), port)
      // Section 2.8: "its response SHOULD include the Cache-Control HTTP response header field with a no-store value".
      void reply.header('cache-control', 'no-store')
      if (ended instanceof Problem) return sendProblem(reply, ended) as never
      return reply.code(200).send({ ended })
    },
  })
}

/** As an object of texts, for the routes that take forms; elsewhere this is a type that nobody knows. */
function acceptForms(app: App): void {
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (request, text, done) => {
    if (!request.routeOptions.config.takesForms) return done(Object.assign(new Error('not here'), { statusCode: 415 }))
    const fields = new URLSearchParams(String(text))
    // Said twice is said ambiguously.
    if (new Set(fields.keys()).size < [...fields.keys()].length)
      return done(Object.assign(new Error('a field stands twice'), { statusCode: 400 }))
    done(null, Object.fromEntries(fields))
  })
}

async function end(token: string, personal: ReturnType<typeof personalOf>, port: Port): Promise<number | Problem> {
  const refuse = (code: string, because: string) => {
    port.noise.count(code)
    // Section 2.8: 400 for whatever is wrong with the request.
    return new Problem(code, because, { status: 400, title: 'The logout was not taken' })
  }
  const issuer = peek(token)?.claims['iss']
  const idp = typeof issuer === 'string' ? port.ledger.state.idps.get(issuer) : undefined
  if (!idp) return refuse('no_such_idp', 'This token is of no identity provider that is trusted here.')
  const keys = await port.providers.keysFor(token, idp)
  if (isRefusal(keys)) return problem('issuer_unreachable', keys.because)
  const exhibits = [
    { kind: 'logout-token', bytes: utf8.encode(token) },
    { kind: 'idp-keys', bytes: keys },
  ]
  const command = { type: 'end idp logins', issuer: idp.issuer } as const
  const recorded = await handle({ command, caller: systemCaller('idp'), exhibits, personal }, port)
  if (isRefusal(recorded)) return refuse(recorded.refused, recorded.because)
  const { decision, leaf } = recorded
  if (decision.outcome === 'refused') return refuse(decision.reason!, adviceOf(decision.reason!).sentence)
  return (leaf.event as { readonly logins: readonly string[] }).logins.length
}
