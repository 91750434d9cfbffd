/** Questions about a release that waits, their answers, and an approval that is taken back. */

import * as z from '../bytes/schema.ts'
import { freshId } from '../control/fresh.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { byRelease, findRelease } from './releases.ts'

const words = z.string().min(1).max(2000)

export function inquiries(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases/:id/inquiries',
    summary: 'Asks a question about a release that waits; for people',
    params: byRelease,
    body: z.strictObject({ question: words }),
    result: z.object({ inquiry: z.string() }),
    status: 201,
    ask: ({ params, body: { question }, caller, personal }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      const inquiry = freshId('inquiry') as z.infer<typeof f.inquiryId>
      return {
        perform: {
          command: { type: 'ask about release', inquiry, release },
          caller,
          personal: { ...personal, question },
        },
        result: () => ({ inquiry }),
      }
    },
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases/:id/inquiries/:inquiry/answers',
    summary: 'Answers a question about a release; for people',
    params: byRelease.extend({ inquiry: f.inquiryId }),
    body: z.strictObject({ answer: words }),
    result: nothing,
    status: 201,
    ask: ({ params, body: { answer }, caller, personal }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      const command = { type: 'answer inquiry', inquiry: params.inquiry, release } as const
      return { perform: { command, caller, personal: { ...personal, answer } }, result: () => ({}) }
    },
  })
  withdrawing(desk)
}

function withdrawing(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/releases/:id/approvals/mine',
    summary: 'Takes one’s own approval back, as long as nothing was lent for it; for people',
    params: byRelease,
    result: nothing,
    ask: ({ params, caller, personal }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      return { perform: { command: { type: 'withdraw approval', release }, caller, personal }, result: () => ({}) }
    },
  })
}
