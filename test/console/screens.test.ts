/** Every screen, in both themes and at both widths: nothing the policy refuses, nothing axe-core finds, nothing foreign. */

import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { audit, hasChromium, openLab, type Lab, type Look } from './fixture/browser.ts'
import { createRelease } from './fixture/release.ts'

let lab: Lab

beforeAll(async () => {
  if (hasChromium) lab = await openLab()
})
afterAll(() => lab?.[Symbol.asyncDispose]())
beforeEach(() => {
  if (hasChromium)
    Object.assign(lab.fixture.state, { signedIn: true, empty: false, trouble: undefined, lie: {}, refusal: undefined })
})

const SCREENS: readonly (readonly [path: string, heading: string])[] = [
  ['/', 'Overview'],
  ['/releases', 'Releases'],
  ['/releases/release:77ad000000', 'shop 4be0c11 to production'],
  ['/releases/release:deployed00', 'shop 9f3c1e7 to production'],
  ['/releases/none', 'No such release'],
  ['/approvals', 'Approvals'],
  ['/approvals?tab=others', 'Approvals'],
  ['/trail', 'Trail'],
  ['/trail?q=outcome:refused&leaf=192', 'Trail'],
  ['/alerts?alert=alert:aaaaaaaaaa', 'Alerts'],
  ['/people', 'People'],
  ['/sign-in', 'Sign in'],
  ['/enrol#setup', 'Set up Countersign'],
  ['/enrol', 'The link is not complete'],
  [`/cli-login?port=50123&state=abcdefghijklmnop&challenge=${'a'.repeat(43)}`, 'Sign in the command line?'],
  ['/nothing-here', 'No such page'],
]

const LOOKS: readonly Look[] = [
  { theme: 'light', width: 1440 },
  { theme: 'dark', width: 1440 },
  { theme: 'light', width: 390 },
]

async function inspect(path: string, heading: string, look: Look): Promise<void> {
  const { page, faults } = await lab.open(path, look)
  try {
    await page.getByRole('heading', { level: 1, name: heading }).waitFor({ timeout: 10_000 })
    await page.waitForLoadState('load')
    await page.waitForTimeout(150)
    expect(await audit(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(faults).toEqual([])
  } finally {
    await page.context().close()
  }
}

for (const [path, heading] of SCREENS)
  test.skipIf(!hasChromium)(`${path} is clean in both themes and widths`, { timeout: 60_000 }, async () => {
    for (const look of LOOKS) await inspect(path, heading, look)
  })

test.skipIf(!hasChromium)('the approval page is clean in every state', { timeout: 60_000 }, async () => {
  const { state } = lab.fixture
  const { fingerprint, name } = state.world.release
  for (const look of LOOKS) await inspect(`/a/${fingerprint}`, `Release ${name} to production?`, look)
  const others = createRelease('waiting', state.world.now, { release: 'release:others0000' })
  await inspect(`/a/${others.fingerprint}`, 'Release web 88ce001 to production?', { width: 390, theme: 'dark' })
  state.signedIn = false
  await inspect(`/a/${fingerprint}`, 'A release waits for a signature', { width: 390 })
  Object.assign(state, { signedIn: true, lie: { environment: 'staging' } })
  await inspect(`/a/${fingerprint}`, 'MISMATCH: do not sign', { width: 390, theme: 'dark' })
})

test.skipIf(!hasChromium)('empty screens say so and stay clean', { timeout: 60_000 }, async () => {
  lab.fixture.state.empty = true
  for (const [path, heading] of [
    ['/', 'Overview'],
    ['/releases', 'Releases'],
    ['/approvals', 'Approvals'],
    ['/alerts', 'Alerts'],
  ] as const)
    for (const theme of ['light', 'dark'] as const) await inspect(path, heading, { theme, width: 1440 })
})

test.skipIf(!hasChromium)('a damaged log is one red sentence on every screen', { timeout: 60_000 }, async () => {
  const sentence = 'Leaf 31 does not match the signed head; privileged actions are refused.'
  lab.fixture.state.trouble = sentence
  for (const path of ['/', '/trail', '/people']) {
    const { page } = await lab.open(path, { theme: 'dark' })
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor()
    expect(await audit(page)).toEqual([])
    await page.context().close()
  }
})

/** The script a page needs before it can show anything, compressed as a server would. */
function scriptBytes(dist: string, page: string): number {
  const html = readFileSync(join(dist, page), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map((match) => match[1]!)
  expect(files.length).toBeGreaterThan(0)
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0)
}

test.skipIf(!hasChromium)('first loads stay within their budgets', () => {
  const kilobytes = (page: string) => scriptBytes(lab.dist, page) / 1024
  const [index, approve] = [kilobytes('index.html'), kilobytes('approve.html')]
  process.stdout.write(`console ${index.toFixed(1)} KB gz of 220, approval page ${approve.toFixed(1)} KB gz of 30\n`)
  expect(index).toBeLessThan(220)
  expect(approve).toBeLessThan(30)
})
