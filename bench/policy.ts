/** How many questions per second the shipped policies answer, each of them new, each with its slice of entities. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatProblem, loadPolicies, type PolicySet, type Question } from '../src/policy/policy.ts'

type Measure = { readonly value: number; readonly unit: string }

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
  }
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

/** The same question with an entity more, so that no answer is remembered. */
function renamed(question: Question, round: number): Question {
  return {
    ...question,
    entities: [...question.entities, { uid: { type: 'Role', id: `r${round}` }, attrs: {}, parents: [] }],
  }
}

function rate(set: PolicySet, questionOf: (round: number) => Question): number {
  const started = performance.now()
  for (let round = 0; round < ROUNDS; round += 1) set.ask(questionOf(round))
  return Math.round((ROUNDS * 1000) / (performance.now() - started))
}
