/** A person's yes or no to a release, signed with a passkey over the exact statement. */

import * as z from '../bytes/schema.ts'
import { canonical, type Json } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { assertionResponse } from '../evidence/passkey.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { nothing } from './field.ts'
import { byRelease, findRelease } from './releases.ts'

const assertion = assertionResponse.describe('Over the challenge of the release.')

export function approvals(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases/:id/approvals',
    summary: 'Says yes to a release; for people',
    params: byRelease,
    body: z.strictObject({ assertion }),
    result: z.object({ given: z.int(), required: z.int() }),
    status: 201,
    ask: ({ params, body, caller, personal }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      return {
        perform: {
          command: { type: 'give approval', release },
          caller,
          exhibits: [exhibitOf(body.assertion)],
          personal,
        },
        result: () => {
          const { approvals: given, required } = port.ledger.state.releases.get(release)!
          return { given: given.length, required }
        },
      }
    },
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases/:id/refusals',
    summary: 'Says no to a release, which ends it; for people',
    params: byRelease,
    body: z.strictObject({ assertion, reason: field.reason }),
    result: nothing,
    status: 201,
    ask: ({ params, body, caller, personal }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      return {
        perform: {
          command: { type: 'decline release', release },
          caller,
          exhibits: [exhibitOf(body.assertion)],
          personal: { ...personal, reason: body.reason },
        },
        result: () => ({}),
      }
    },
  })
}

function exhibitOf(response: z.output<typeof assertion>) {
  return { kind: 'passkey-assertion', bytes: utf8.encode(canonical(response as Json)) }
}
