/** Forgetting a person: ordered here, carried out before the answer, and said in a second leaf. */

import * as z from '../bytes/schema.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { findPerson } from './people.ts'

const fieldName = z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/)
const result = z.object({
  person: z.string(),
  isDone: z.boolean().describe('False while it could not be carried out; it is tried again until it is.'),
  doneIn: z.int().optional().describe('The leaf that says what went.'),
  leaves: z.int(),
  disclosures: z.int(),
  evidence: z.int().describe('Keys and pushes that were erased.'),
  evidenceKept: z.int().describe('Keys and pushes that name the person and stay: they prove what others did, too.'),
})

export function erasures(desk: Desk): void {
  const { port, idempotency } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/people/:id/erasures',
    summary: 'Erases what is personal about a person; one administrator is enough, a second one is not asked',
    params: z.object({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') }),
    body: z.strictObject({
      fields: z.array(fieldName).min(1).max(16).optional().describe('Such as ip; everything when absent.'),
      evidence: z.boolean().optional().describe('Also their keys, and pushes with their commits.'),
      reason: field.reason,
    }),
    result,
    status: 201,
    ask: ({ params, body: { fields, evidence = false, reason }, caller, personal }) => {
      const person = findPerson(params.id, port)
      if (typeof person !== 'string') return person
      const command = {
        type: 'erase person',
        person,
        evidence,
        ...(fields && { fields: [...new Set(fields)].sort() }),
      } as const
      return {
        perform: () => port.erasePerson({ command, caller, personal: { ...personal, reason } }),
        result: ({ leafIndex }) => {
          // Earlier answers may hold names.
          idempotency.forgetAnswers()
          const done = port.ledger.state.erasures.get(String(leafIndex))?.done
          if (!done) return { person, isDone: false, leaves: 0, disclosures: 0, evidence: 0, evidenceKept: 0 }
          const { leafIndex: doneIn, ...counts } = done
          return { person, isDone: true, doneIn, ...counts }
        },
      }
    },
  })
}
