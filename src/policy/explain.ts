/**
 * Why a question was answered as it was: what else, one fact at a time, would have turned the answer. It asks the very policies
 * again, so what it says is what they would do.
 */

import { load, type PolicyFiles } from './load.ts'
import type { PolicySet } from './policy.ts'
import type { CedarValue, Entity, EntityUid, Question } from './question.ts'

/** One fact that would have to be otherwise, all others as they were. */
export type Turn = {
  /** `context.userVerified`, `principal.ref`, `principal in Role`. */
  readonly fact: string
  readonly was: CedarValue
  readonly wouldBe: CedarValue
  /** Policies that would decide then. */
  readonly determining: readonly string[]
}

/** Numbers are tried up to this; nothing that policies count is more. */
const LARGE = 2 ** 40

/** Facts that turn the answer alone, most telling first: yes or no, then numbers, then roles. Empty when no single one does. */
export function turnsOf(question: Question, policies: PolicySet, roles: readonly string[] = []): Turn[] {
  const { isAllowed } = policies.ask(question)
  const turned = (other: Question) => {
    const answer = policies.ask(other)
    return answer.errors.length === 0 && answer.isAllowed !== isAllowed ? answer.determining : undefined
  }
  const facts = factsOf(question)
  return [
    ...facts.flatMap((fact) => (typeof fact.was === 'boolean' ? tryValue(fact, !fact.was, turned) : [])),
    ...facts.flatMap((fact) => (typeof fact.was === 'number' ? tryNumber(fact, fact.was, turned) : [])),
    ...tryRoles(question, roles, turned),
  ]
}

type Fact = {
  readonly name: string
  readonly was: CedarValue
  readonly with: (value: CedarValue) => Question
}
type Turned = (question: Question) => readonly string[] | undefined

/** What the context says, and what is said of the one who asks and of what is asked about. */
function factsOf(question: Question): Fact[] {
  const { context, principal, resource } = question
  const own = Object.entries(context).map(([name, was]) => ({
    name: `context.${name}`,
    was,
    with: (value: CedarValue) => ({ ...question, context: { ...context, [name]: value } }),
  }))
  return [...own, ...attributesOf('principal', principal, question), ...attributesOf('resource', resource, question)]
}

function attributesOf(word: string, uid: EntityUid, question: Question): Fact[] {
  const entity = question.entities.find((one) => isOf(one, uid))
  return Object.entries(entity?.attrs ?? {}).map(([name, was]) => ({
    name: `${word}.${name}`,
    was,
    with: (value) => changed(question, uid, (one) => ({ ...one, attrs: { ...one.attrs, [name]: value } })),
  }))
}

function changed(question: Question, uid: EntityUid, change: (entity: Entity) => Entity): Question {
  return { ...question, entities: question.entities.map((one) => (isOf(one, uid) ? change(one) : one)) }
}

function isOf({ uid }: Entity, { type, id }: EntityUid): boolean {
  return uid.type === type && uid.id === id
}

function tryValue({ name, was, with: change }: Fact, value: CedarValue, turned: Turned): Turn[] {
  const determining = turned(change(value))
  return determining ? [{ fact: name, was, wouldBe: value, determining }] : []
}

/** The nearest number on either side that turns the answer, if zero or a very large one does. */
function tryNumber(fact: Fact, was: number, turned: Turned): Turn[] {
  return [0, LARGE].flatMap((end) => {
    if (end === was || !turned(fact.with(end))) return []
    let [no, yes] = [was, end]
    while (Math.abs(yes - no) > 1) {
      const middle = Math.trunc((no + yes) / 2)
      if (turned(fact.with(middle))) yes = middle
      else no = middle
    }
    return tryValue(fact, yes, turned)
  })
}

function tryRoles(question: Question, roles: readonly string[], turned: Turned): Turn[] {
  const { principal, entities } = question
  const held = entities.find((one) => isOf(one, principal))?.parents ?? []
  return roles.flatMap((id) => {
    const role = { type: 'Role', id }
    const isHeld = held.some((parent) => parent.type === 'Role' && parent.id === id)
    const without = held.filter((parent) => parent.type !== 'Role' || parent.id !== id)
    const parents = isHeld ? without : [...held, role]
    const determining = turned(changed(question, principal, (one) => ({ ...one, parents })))
    return determining ? [{ fact: `principal in Role::"${id}"`, was: isHeld, wouldBe: !isHeld, determining }] : []
  })
}

/** The same policies, and everything that they were asked through this set, in order. */
export function listen(policies: PolicySet): { readonly policies: PolicySet; readonly asked: Question[] } {
  const asked: Question[] = []
  const ask = (question: Question) => {
    asked.push(question)
    return policies.ask(question)
  }
  return { asked, policies: { ...policies, ask } }
}

/** The policies of a set as they stand in their files, by their ids. */
export function textsIn(files: PolicyFiles): ReadonlyMap<string, string> {
  const loaded = load(files)
  return new Map(Array.isArray(loaded) ? [] : loaded.policies.map(({ id, text }) => [id, text.trim()]))
}
