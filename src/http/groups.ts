/** Groups of people: who is in them, and what they hold. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { nothing } from './field.ts'
import { findPerson } from './people.ts'
import { read } from './read.ts'

const byName = z.object({ group: f.name })
const member = z.strictObject({
  person: z.string().min(1).max(80).describe('A person’s id, or their @handle.'),
  reason: field.reason.optional(),
})

export function groups(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/groups',
    summary: 'Groups, with who is in them and what they hold',
    isForPeople: true,
    answer: shape.groups,
    look: () => port.views.groups(),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/groups',
    summary: 'Defines a group, with nobody in it',
    body: z.strictObject({ group: f.name }),
    result: nothing,
    status: 201,
    ask: ({ body: { group }, caller, personal }) => ({
      perform: { command: { type: 'define group', group }, caller, personal },
      result: () => ({}),
    }),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/groups/:group',
    summary: 'Removes a group: what it held, its members hold no more',
    params: byName,
    result: nothing,
    ask: ({ params: { group }, caller, personal }) => ({
      perform: { command: { type: 'remove group', group }, caller, personal },
      result: () => ({}),
    }),
  })
  members(desk)
}

function members(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/groups/:group/members',
    summary: 'Puts a person into a group',
    params: byName,
    body: member,
    result: nothing,
    status: 201,
    ask: ({ params: { group }, body, caller, personal }) => {
      const person = findPerson(body.person, port)
      if (typeof person !== 'string') return person
      const command = { type: 'add member', group, person } as const
      return { perform: { command, caller, personal: { ...personal, reason: body.reason } }, result: () => ({}) }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/groups/:group/members/:id',
    summary: 'Takes a person out of a group',
    params: byName.extend({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') }),
    result: nothing,
    ask: ({ params: { group, id }, caller, personal }) => {
      const person = findPerson(id, port)
      if (typeof person !== 'string') return person
      return { perform: { command: { type: 'remove member', group, person }, caller, personal }, result: () => ({}) }
    },
  })
}
