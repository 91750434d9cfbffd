/** Each example can be put beside the shipped policies as it stands, refuses what it says, and leaves everything else as it was. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { judgeCase } from '../../src/policy/case.ts'
import type { CedarValue, PolicySet, Question } from '../../src/policy/policy.ts'
import { mustLoad, readCases, readShipped } from './shipped.ts'

const FOLDER = join(import.meta.dirname, '../../policies/example')
const names = readdirSync(FOLDER).sort()
const cases = readCases()
const shipped = readShipped()
const text = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
const withExample = (name: string): PolicySet => mustLoad({ ...shipped, [`example-${name}`]: text(name) })
const COMMIT = '4be0c11d6a3f0f6c8f6f9b1c2d3e4f5a6b7c8d9e'

type Change = {
  readonly context?: Readonly<Record<string, CedarValue>>
  /** Of who asks. */
  readonly attrs?: Readonly<Record<string, CedarValue>>
  readonly group?: string
}

function changed(name: string, { context = {}, attrs = {}, group }: Change): Question {
  const { question } = cases.find((one) => one.name === `ALLOW/${name}`)!
  const parents = group === undefined ? [] : [{ type: 'Group', id: group }]
  const isAsker = ({ type, id }: Question['principal']) =>
    type === question.principal.type && id === question.principal.id
  return {
    ...question,
    context: { ...question.context, ...context },
    entities: question.entities.map((entity) =>
      isAsker(entity.uid)
        ? { ...entity, attrs: { ...entity.attrs, ...attrs }, parents: [...entity.parents, ...parents] }
        : entity,
    ),
  }
}

type Row = readonly [file: string, name: string, yes: Change, no: readonly Change[]]

const day = { localHour: 7, localWeekday: 5 }
const workflow = { workflow: 'acme/ci/.github/workflows/release.yml@refs/heads/main', workflowCommit: COMMIT }
const hosted = { runnerEnvironment: 'github-hosted' }
const rows: readonly Row[] = [
  [
    'time-window.cedar',
    'approver-approves',
    { context: day },
    [
      {},
      { context: { ...day, localHour: 6 } },
      { context: { ...day, localHour: 20 } },
      { context: { ...day, localWeekday: 6 } },
      { context: { localHour: 12 } },
    ],
  ],
  [
    'network.cedar',
    'admin-activates-policy',
    { context: { networks: ['home', 'office'] } },
    [{}, { context: { networks: [] } }, { context: { networks: ['Office', 'office2'] } }],
  ],
  [
    'fresh-passkey.cedar',
    'approver-approves',
    { context: { loginAgeSeconds: 600 } },
    [{ context: { loginAgeSeconds: 601 } }],
  ],
  [
    'device-bound-key.cedar',
    'approver-approves',
    { context: { deviceBound: true } },
    [{}, { context: { deviceBound: false } }],
  ],
  [
    'pinned-workflow.cedar',
    'job-requests-release-of-its-artifact',
    { attrs: workflow },
    [
      { attrs: { ...workflow, workflowCommit: COMMIT.replace('4', '5') } },
      { attrs: { ...workflow, workflow: workflow.workflow.replace('acme/ci', 'acme/shop') } },
      { attrs: { workflow: workflow.workflow } },
      { attrs: { workflowCommit: COMMIT } },
    ],
  ],
  [
    'branch.cedar',
    'job-obtains-credential-for-its-approved-release',
    { attrs: { ...hosted, ref: 'refs/heads/release/1.2' } },
    [
      { attrs: { ...hosted, ref: 'refs/heads/mainly' } },
      { attrs: { ...hosted, ref: 'refs/tags/release/1.2' } },
      { attrs: { runnerEnvironment: 'self-hosted', ref: 'refs/heads/main' } },
    ],
  ],
  ['group.cedar', 'approver-approves', { group: 'payments' }, [{}, { group: 'payments2' }]],
]

test('every example has a row here', () => {
  expect(rows.map(([file]) => file).sort()).toEqual(names)
})

test.each(rows)('%s', (file, name, yes, no) => {
  const set = withExample(file)
  const [, id] = /@id\("(.*?)"\)/.exec(text(file))!
  expect(set.ask(changed(name, yes))).toMatchObject({ isAllowed: true, errors: [] })
  for (const change of no)
    expect(set.ask(changed(name, change))).toMatchObject({ isAllowed: false, determining: [id], errors: [] })
  expect(set.describePolicy(id!)!.sentence).toMatch(/^[A-Z].*\.$/)
})

test.each(names)('%s refuses nothing of another action', (file) => {
  const set = withExample(file)
  const touched = rows.find(([name]) => name === file)!
  const { action } = cases.find((one) => one.name === `ALLOW/${touched[1]}`)!.question
  const isOther = (asked: string) =>
    action === 'activatePolicy' ? ['approve', 'obtainCredential', 'read', 'release'].includes(asked) : asked !== action
  const others = cases.filter(({ question }) => isOther(question.action))
  expect(others.length).toBeGreaterThan(10)
  expect(others.map((one) => judgeCase(one, set).because).filter(Boolean)).toEqual([])
})
