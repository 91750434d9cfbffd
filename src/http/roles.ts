/** Roles of people and of groups: given somewhere, from a moment and until one, and taken away. */

import * as z from '../bytes/schema.ts'
import type { Command } from '../domain/command.ts'
import * as f from '../domain/field.ts'
import { act, type Asked, type Asking, type Desk } from './act.ts'
import * as field from './field.ts'
import { nothing } from './field.ts'
import { findPerson } from './people.ts'
import { problem, type Problem } from './problem.ts'

const given = z.strictObject({
  role: f.role,
  scope: f.scope
    .optional()
    .describe('Where it counts, such as environment:production; everywhere, where it is absent.'),
  from: field.futureInstant.optional().describe('Now, where it is absent.'),
  until: field.futureInstant.optional().describe('For good, where it is absent.'),
  reason: field.reason.optional(),
})
type Given = z.output<typeof given>

const ofPerson = z.object({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') })
const ofGroup = z.object({ group: f.name })
type Which = { readonly role: string; readonly scope?: f.Scope }

export function roles(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/people/:id/roles',
    summary: 'Gives a role to a person: everywhere or somewhere, for good or for a time',
    params: ofPerson,
    body: given,
    result: nothing,
    status: 201,
    ask: (asked) => {
      const person = findPerson(asked.params.id, port)
      if (typeof person !== 'string') return person
      return judge(asked.body, asked.at) ?? ask({ type: 'assign role', person, ...said(asked.body) }, asked)
    },
  })
  const take = ({ id, ...which }: Which & { readonly id: string }, asked: Circumstances) => {
    const person = findPerson(id, port)
    return typeof person === 'string' ? ask({ type: 'remove role', person, ...which }, asked) : person
  }
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/people/:id/roles/:role',
    summary: 'Takes a role from a person that counts everywhere',
    params: ofPerson.extend({ role: f.role }),
    result: nothing,
    ask: (asked) => take(asked.params, asked),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/people/:id/roles/:role/:scope',
    summary: 'Takes a role from a person that counts somewhere, such as in environment:production',
    params: ofPerson.extend({ role: f.role, scope: f.scope }),
    result: nothing,
    ask: (asked) => take(asked.params, asked),
  })
  rolesOfGroups(desk)
}

function rolesOfGroups(desk: Desk): void {
  act(desk, {
    method: 'POST',
    url: '/api/v1/groups/:group/roles',
    summary: 'Gives a role to everybody in a group, now and later',
    params: ofGroup,
    body: given,
    result: nothing,
    status: 201,
    ask: (asked) =>
      judge(asked.body, asked.at) ?? ask({ type: 'bind role', ...asked.params, ...said(asked.body) }, asked),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/groups/:group/roles/:role',
    summary: 'Takes a role from a group that counts everywhere',
    params: ofGroup.extend({ role: f.role }),
    result: nothing,
    ask: (asked) => ask({ type: 'unbind role', ...asked.params }, asked),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/groups/:group/roles/:role/:scope',
    summary: 'Takes a role from a group that counts somewhere, such as in environment:production',
    params: ofGroup.extend({ role: f.role, scope: f.scope }),
    result: nothing,
    ask: (asked) => ask({ type: 'unbind role', ...asked.params }, asked),
  })
}

function judge({ until }: Given, at: number): Problem | undefined {
  return until !== undefined && until <= at ? problem('malformed', 'body.until: is over already') : undefined
}

function said({ role, scope, from, until }: Given) {
  const times = { ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
  return { role, ...(scope !== undefined && { scope }), ...times }
}

type Circumstances = Pick<Asked<unknown, unknown>, 'caller' | 'personal' | 'body'>

function ask(command: Command, { caller, personal, body }: Circumstances): Asking<Record<string, never>> {
  const reason = (body as Partial<Given> | undefined)?.reason
  return { perform: { command, caller, personal: { ...personal, reason } }, result: () => ({}) }
}
