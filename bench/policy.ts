/**
 * How many questions per second the shipped policies answer, each of them new, each with its slice of entities; and how long one
 * question takes in an organisation of 10,000 people and groups under 200 policies, from its state to the answer.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as q from '../src/domain/question.ts'
import type { State } from '../src/domain/state.ts'
import { formatProblem, loadPolicies, type PolicySet, type Question } from '../src/policy/policy.ts'
import { personId, populate, regulate, SIZE } from './world/organisation.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const FOLDER = join(import.meta.dirname, '../policies')
const ROUNDS = 2_000

/** `policy.load`: ms of one load with strict validation. `policy.ask`: answers/s without, `policy.remembered`: with memory. */
export function run(): Record<string, Measure> {
  const started = performance.now()
  const set = load()
  const loadMs = performance.now() - started

  const questions = cases()
  for (const question of questions) set.ask(question)
  return {
    'policy.load': { value: Math.round(loadMs), unit: 'ms' },
    'policy.ask': { value: rate(set, (round) => renamed(questions[round % questions.length]!, round)), unit: '/s' },
    'policy.remembered': { value: rate(set, (round) => questions[round % questions.length]!), unit: '/s' },
    ...organisation(questions),
  }
}

/** `policy.large`: nobody asked this before; `policy.large.again`: the same people ask the same again. */
function organisation(questions: readonly Question[]): Record<string, Measure> {
  const state = populate()
  const set = regulate()
  const byPeople = questions.filter(({ principal }) => principal.type === 'Person')
  const askAll = (from: number) =>
    Array.from({ length: ROUNDS }, (_, round) =>
      timed(byPeople[round % byPeople.length]!, from + round, state, set),
    ).sort((a, b) => a - b)
  askAll(0)
  // Another person each time, so that no answer is remembered; then the same people again.
  const first = askAll(ROUNDS)
  const again = askAll(ROUNDS)
  const at = (all: readonly number[], part: number) => Number(all[Math.floor(all.length * part)]!.toFixed(3))
  const goal = '< 0.5'
  return {
    'policy.large.p50': { value: at(first, 0.5), unit: 'ms', goal, met: at(first, 0.5) < 0.5 },
    'policy.large.p99': { value: at(first, 0.99), unit: 'ms' },
    'policy.large.again.p50': { value: at(again, 0.5), unit: 'ms' },
  }
}

/** Milliseconds from the state to the answer: this case, asked by that person with all that they hold. */
function timed(
  { principal, action, resource, context, entities }: Question,
  who: number,
  state: State,
  set: PolicySet,
) {
  const isOf = ({ type, id }: Question['principal']) => type === principal.type && id === principal.id
  const own = entities.find(({ uid }) => isOf(uid))!
  const isTarget = ({ type, id }: Question['resource']) => type === resource.type && id === resource.id
  const rest = entities.filter(({ uid }) => !isOf(uid) && !isTarget(uid))
  const about = entities.find(({ uid }) => isTarget(uid))!
  const person = state.people.get(personId(who % SIZE.people))!
  const started = performance.now()
  const asker = q.personEntity(person, state, 1)
  const conditions = q.conditionsOf({ provenAt: 0 }, person, {}, state, 1)
  const full = { ...asker, uid: own.uid, parents: [...own.parents, ...asker.parents], conditions }
  q.ask(set, full, action, [isOf(resource) ? full : about, ...rest], context)
  return performance.now() - started
}

function load(): PolicySet {
  const names = readdirSync(FOLDER).filter((name) => /\.cedar(?:schema)?$/.test(name))
  const set = loadPolicies(Object.fromEntries(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')])))
  if (Array.isArray(set)) throw new Error(set.map(formatProblem).join('\n'))
  return set
}

/** Every allowed case: a yes is what costs most, since no forbid ends it early. */
function cases(): Question[] {
  const folder = join(FOLDER, 'ALLOW')
  return readdirSync(folder).map(
    (file) => (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { question: Question }).question,
  )
}

/** The same question with an entity more, which is like no other, so that no answer is remembered. */
function renamed(question: Question, round: number): Question {
  return {
    ...question,
    entities: [
      ...question.entities,
      { uid: { type: 'Person', id: `p${round}` }, attrs: { zone: `Zone/${round}` }, parents: [] },
    ],
  }
}

function rate(set: PolicySet, questionOf: (round: number) => Question): number {
  const started = performance.now()
  for (let round = 0; round < ROUNDS; round += 1) set.ask(questionOf(round))
  return Math.round((ROUNDS * 1000) / (performance.now() - started))
}
