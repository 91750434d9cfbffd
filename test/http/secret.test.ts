import { globSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { granted } from '../../src/cli/contract-release.ts'
import { lendSecrets } from '../../src/cli/handover-secret.ts'
import { startWatch } from '../../src/control/watch.ts'
import { approved, defineTarget, obtain } from './credential.ts'
import { Office } from './office.ts'
import { setUp, type Story } from './story.ts'

const NPM = { target: 'npm', kind: 'secret', address: 'registry.example:443', variable: 'NPM_TOKEN' }
const DAY_MS = 24 * 3_600_000

let now = Date.now()
let office: Office
let story: Story
beforeAll(async () => {
  office = await Office.open({ clock: () => now })
  story = await setUp(office)
  expect((await defineTarget(story, { ...NPM, rotateAfterDays: 90 })).status).toBe(201)
})
afterAll(() => office[Symbol.asyncDispose]())

const set = (value: string, as = story.ana.token, target = 'npm') =>
  office.post(`/api/v1/targets/${target}/secret`, { value }, as)
const FIRST = 'npm_first_4711'
const SECOND = 'npm_second_0815'

test('a secret is nowhere in clear, not even its digest is in a leaf, and only a job with a grant is shown it', async () => {
  const early = await obtain(office, await approved(story), 'npm')
  expect(early.body.code).toBe('mint_failed')
  expect((await set(FIRST, story.dana.token)).status).toBe(403)
  expect((await set(FIRST, story.ana.token, 'web')).body.code).toBe('no_such_target')
  expect((await set('a\0b')).body.code).toBe('malformed')
  expect((await set(FIRST)).body.result).toEqual({ version: 1 })
  const answer = await obtain(office, await approved(story), 'npm')
  const { credential } = granted.parse(answer.body.result)
  expect(credential).toMatchObject({ kind: 'secret', value: FIRST, variable: 'NPM_TOKEN' })

  const { directory } = office.company
  const files = globSync('**/*', { cwd: directory }).map((name) => join(directory, name))
  const kept = files.filter((path) => statSync(path).isFile())
  expect(kept.some((path) => /secrets\/target-.*\.jwe$/.test(path) && (statSync(path).mode & 0o077) === 0)).toBe(true)
  expect(kept.filter((path) => readFileSync(path).includes(FIRST))).toEqual([])
  expect(JSON.stringify((await office.get('/api/v1/targets', story.ana.token)).body)).not.toContain(FIRST)
})

test('a new version replaces the one before, whose file goes; what was lent before cannot be recalled', async () => {
  const released = await approved(story)
  const { grant } = (await obtain(office, released, 'npm')).body.result
  expect((await set(SECOND)).body.result).toEqual({ version: 2 })
  const { directory, instance } = office.company
  expect(globSync('secrets/target-*', { cwd: directory })).toEqual([expect.stringContaining('-v2.jwe')])
  expect((await obtain(office, await approved(story), 'npm')).body.result.credential.value).toBe(SECOND)
  await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: released.job.token })
  const { ledger, lender } = instance
  const cleared = await lender.withdraw(ledger.state.grants.get(grant)!, ledger.state, now)
  expect(cleared).toEqual({ how: 'must_be_replaced', terminated: 0 })
})

test('one that is older than it may be is said so once, raises an alert, and a newer one starts anew', async () => {
  const { instance } = office.company
  const { ledger, lender, noise } = instance
  await using watch = startWatch({ desk: instance, lender, noise, report: () => undefined })
  await watch.settle()
  const { keptAt, dueAt } = (await targetNamed('npm')).secret
  expect(Date.parse(dueAt) - Date.parse(keptAt)).toBe(90 * DAY_MS)
  expect(alerts()).toEqual([])
  now = Date.parse(dueAt)
  await watch.settle()
  await watch.settle()
  expect(ledger.state.secrets.get('npm')).toMatchObject({ version: 2, isNoted: true })
  expect(alerts()).toEqual(['secret_overdue'])
  const ana = await office.signIn(story.ana.passkey)
  expect((await set('npm_third', ana.token)).body.result).toEqual({ version: 3 })
  await watch.settle()
  expect(alerts()).toEqual(['secret_overdue'])
})

const alerts = () =>
  [...office.company.instance.ledger.state.openAlerts.keys()]
    .flatMap((id) => office.company.instance.ledger.state.alerts.get(id)?.rule ?? [])
    .filter((rule) => rule === 'secret_overdue')

async function targetNamed(name: string) {
  const { body } = await office.get('/api/v1/targets', story.ana.token)
  return body.targets.find(({ target }: { target: string }) => target === name)
}

test('a run has it under its name and in a file of its own; two under one name are refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-'))
  const credential = { kind: 'secret', value: 'a\nb', variable: 'NPM_TOKEN', host: 'h', port: 1, serial: '1' } as const
  const variables = lendSecrets([{ target: 'npm', credential }], folder)
  expect(variables['NPM_TOKEN']).toBe('a\nb')
  const file = variables['COUNTERSIGN_SECRET_FILE_NPM']!
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['a\nb', 0o600])
  const two = ['npm', 'other'].map((target) => ({ target, credential }))
  expect(() => lendSecrets(two, folder)).toThrow('NPM_TOKEN')
  await rm(folder, { recursive: true })
})
