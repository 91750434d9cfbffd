/** Who has to say yes to a release: rules that must all be met, each by people who meet no other one. Looked at anew at every use. */

import * as z from '../bytes/schema.ts'
import type { Environment } from './environment.ts'
import * as f from './field.ts'
import { isActive, type Person } from './principal.ts'
import type { Release } from './release.ts'
import { rolesOf } from './role.ts'
import type { ReadonlyState } from './state.ts'

/** Holders of a role (there, in its repository, or everywhere), members of a group, or people by name. */
export const from = z.union([
  z.strictObject({ role: f.role }),
  z.strictObject({ group: f.name }),
  z.strictObject({ people: z.array(f.personId).min(1).max(32) }),
])
export type From = z.infer<typeof from>

export const rule = z.strictObject({ count: z.int().min(1).max(10), from })
export type Rule = z.infer<typeof rule>

/** As many people as one release asks for at most, by all rules together. */
const MAX_REQUIRED = 10
export const rules = z
  .array(rule)
  .min(1)
  .max(8)
  .refine((all) => sum(all) <= MAX_REQUIRED, `all rules together ask for at most ${MAX_REQUIRED} people`)

/** Who may meet any rule, too, once a release has waited for so long. */
export const escalation = z.strictObject({
  afterMs: z
    .int()
    .min(60_000)
    .max(7 * 24 * 3_600_000),
  to: from,
})

function sum(all: readonly Rule[]): number {
  return all.reduce((total, { count }) => total + count, 0)
}

/** As many people as a release into it needs. */
export function requiredOf({ rules: all, approvals }: Pick<Environment, 'rules' | 'approvals'>): number {
  return all ? sum(all) : approvals
}

type Asked = Pick<
  Release,
  'repository' | 'environment' | 'required' | 'rules' | 'approvals' | 'authors' | 'requester' | 'escalated'
>

/** As they were when it was asked for; a number of people with the environment's approver role where nothing else is defined. */
export function rulesOf(
  release: Pick<Asked, 'rules' | 'required' | 'environment'>,
  state: ReadonlyState,
): readonly Rule[] {
  if (release.rules) return release.rules
  const role = state.environments.get(release.environment)?.approverRole
  return release.required > 0 && role !== undefined ? [{ count: release.required, from: { role } }] : []
}

function isFrom(person: Person, place: From, release: Asked, state: ReadonlyState, at: number): boolean {
  if ('people' in place) return place.people.includes(person.id)
  if ('group' in place) return person.groups.includes(place.group)
  const scopes = [`environment:${release.environment}`, `repository:${release.repository}`]
  return rolesOf(person, state, at, scopes).includes(place.role)
}

/** Whether the yes of this person would count for this rule now. */
function fits(id: string, { from: place }: Rule, release: Asked, state: ReadonlyState, at: number): boolean {
  const person = state.people.get(id)
  if (!isActive(person)) return false
  const wider = release.escalated && state.environments.get(release.environment)?.escalation?.to
  return [place, ...(wider ? [wider] : [])].some((one) => isFrom(person, one, release, state, at))
}

export type Filled = {
  readonly rules: readonly { readonly rule: Rule; readonly by: readonly f.PersonId[] }[]
  readonly missing: number
}

/**
 * Which rule each yes counts for, so that as few as possible are missing: one person meets one rule, once. (Augmenting paths; there
 * are ten places and some dozen approvals at most.)
 */
export function fill(release: Asked, state: ReadonlyState, at: number): Filled {
  const all = rulesOf(release, state)
  const places = all.flatMap((one, index) => Array.from({ length: one.count }, () => ({ one, index })))
  const holders: (number | undefined)[] = places.map(() => undefined)
  const fitting = release.approvals.map(({ by, onBehalfOf }) =>
    isActive(state.people.get(by)) ? places.map(({ one }) => fits(onBehalfOf ?? by, one, release, state, at)) : [],
  )
  const seat = (approval: number, seen: Set<number>): boolean =>
    places.some((_, place) => {
      if (!fitting[approval]![place] || seen.has(place)) return false
      seen.add(place)
      const holder = holders[place]
      if (holder !== undefined && !seat(holder, seen)) return false
      holders[place] = approval
      return true
    })
  for (const index of release.approvals.keys()) seat(index, new Set())
  const byOf = (index: number) =>
    places.flatMap((place, at_) =>
      place.index === index && holders[at_] !== undefined ? [release.approvals[holders[at_]]!.by] : [],
    )
  return {
    rules: all.map((one, index) => ({ rule: one, by: byOf(index) })),
    missing: holders.filter((holder) => holder === undefined).length,
  }
}

/** People who are still missing. */
export function missing(release: Asked, state: ReadonlyState, at: number): number {
  return fill(release, state, at).missing
}

/** In whose name this person could say yes: their own, or that of somebody whom they stand in for; undefined for nobody's. */
export function standing(id: string, release: Asked, state: ReadonlyState, at: number): f.PersonId | undefined {
  const all = rulesOf(release, state)
  const mayFill = (one: string) => all.some((each) => fits(one, each, release, state, at))
  if (mayFill(id)) return id as f.PersonId
  const absent = [...state.delegations.values()].filter(
    ({ to, from: begins, until }) => to === id && begins <= at && at < until,
  )
  return absent.map(({ by }) => by).find((by) => mayFill(by) && !hasStake(by, release))
}

/** Wrote it, asked for it, or has a yes in it already, given by themselves or in their name. */
function hasStake(id: f.PersonId, { authors, requester, approvals }: Asked): boolean {
  if (authors.includes(id) || requester === id) return true
  return approvals.some(({ by, onBehalfOf }) => by === id || onBehalfOf === id)
}
