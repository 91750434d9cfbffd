/** Accounts that people have at their CI: who starts a run with one of them cannot approve what it asks for. */

import * as z from '../bytes/schema.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import { nothing } from './field.ts'
import { findPerson } from './people.ts'

const byPerson = z.object({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') })
const body = z.strictObject({
  issuer: f.url,
  account: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/)
    .describe('The id that the CI gave the account, which survives a new name: actor_id, user_id.'),
})

export function accounts(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/people/:id/accounts',
    summary: 'Says that an account at a CI is this person’s',
    params: byPerson,
    body,
    result: nothing,
    status: 201,
    ask: ({ params, body: { issuer, account }, caller, personal }) => {
      const person = findPerson(params.id, port)
      if (typeof person !== 'string') return person
      return {
        perform: {
          command: { type: 'link account', person, issuer },
          caller,
          personal: { ...personal, account },
          given: (directory) => ownerOf(directory.byAccount(issuer, account)),
        },
        result: () => ({}),
      }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/people/:id/accounts/:issuer',
    summary: 'Takes back what was said of a person’s accounts at a CI',
    params: byPerson.extend({ issuer: f.url }),
    result: nothing,
    ask: ({ params: { id, issuer }, caller, personal }) => {
      const person = findPerson(id, port)
      if (typeof person !== 'string') return person
      return {
        perform: {
          command: { type: 'unlink account', person, issuer },
          caller,
          personal,
          given: (directory) => ownerOf(directory.hasAccount(person, issuer) ? person : undefined),
        },
        result: () => ({}),
      }
    },
  })
}

function ownerOf(person: string | undefined) {
  return person === undefined ? {} : { accountOf: person as f.PersonId }
}
