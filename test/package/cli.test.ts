/** An auditor's way, by command line alone, against a real server. */

import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Instance } from '../cli/instance.ts'

let instance: Instance
beforeAll(async () => {
  instance = await Instance.open()
  await instance.enrolFirst('root')
  await instance.enrol('root', 'otto', 'auditor')
  await instance.enrol('root', 'dana', 'developer')
})
afterAll(() => instance[Symbol.asyncDispose]())

test('export, verify, replay', async () => {
  const file = instance.home.path('x.csevidence')
  const made = await instance.ok(
    'otto',
    'evidence',
    'export',
    '--from',
    '0',
    '--to',
    '2100-01-01',
    '-o',
    file,
    '--json',
  )
  expect(JSON.parse(made)).toMatchObject({ from: 0, file, digest: expect.stringMatching(/^sha256:/) })
  expect(await instance.ok('otto', 'verify', file)).toContain('✓ the package is what was signed')
  expect(await instance.ok('otto', 'replay', file)).toContain('✓ 0 differences')
  expect(await instance.ok('otto', 'trail', 'type:evidence.exported')).toContain('took away leaves 0 to')
})

test('whoever may not take it gets no file', async () => {
  const file = instance.home.path('no.csevidence')
  const { code } = await instance.as('dana', ['evidence', 'export', '--from', '0', '--to', '3', '-o', file])
  expect(code).toBe(3)
  expect(existsSync(file)).toBe(false)
})

test.each([
  [['--from', 'spring', '--to', '3'], /--from cannot be "spring"/],
  [['--from', '0', '--to', '3', '--samples', '2'], /words of the auditor/],
  [['--from', '0', '--to', '3', '--framework', 'feelings'], /--framework cannot be/],
])('%j is no period', async (args, said) => {
  const { code, stderr } = await instance.as('otto', ['evidence', 'export', ...args, '-o', instance.home.path('y')])
  expect(code).toBe(2)
  expect(stderr).toMatch(said)
})
