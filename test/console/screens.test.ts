/** Every screen, in both themes and at both widths: nothing the policy refuses, nothing axe-core finds, nothing foreign. */

import { gzipSync } from 'node:zlib'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { audit, hasChromium, openLab, type Lab } from './fixture/browser.ts'
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
  ['/trail?q=outcome:refused%20actor:mara', 'Trail'],
  ['/trail?q=%7C%20count%20by%20type', 'Trail'],
  ['/verify', 'Verify'],
  ['/alerts?alert=alert:aaaaaaaaaa', 'Alerts'],
  ['/people', 'People'],
  ['/sign-in', 'Sign in'],
  ['/enrol#setup', 'Set up Countersign'],
  ['/enrol', 'The link is not complete'],
  [`/cli-login?port=50123&state=abcdefghijklmnop&challenge=${'a'.repeat(43)}`, 'Sign in the command line?'],
  ['/nothing-here', 'No such page'],
]

/** Both themes when wide, the dark one when narrow: colours hang on the theme, layout on the width. */
async function inspect(path: string, heading: string): Promise<void> {
  await look(path, heading, 1440, ['light', 'dark'])
  await look(path, heading, 390, ['dark'])
}

type Themes = readonly ('light' | 'dark')[]

async function look(path: string, heading: string, width: number, themes: Themes): Promise<void> {
  const { page, faults } = await lab.open(path, { width })
  try {
    await page.getByRole('heading', { level: 1, name: heading }).waitFor({ timeout: 10_000 })
    await expect.poll(() => page.getByText('Loading', { exact: true }).count(), { timeout: 10_000 }).toBe(0)
    await page.evaluate(() => document.fonts.ready.then(() => undefined))
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme })
      expect(await audit(page), `${colorScheme} at ${width}`).toEqual([])
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    expect(faults).toEqual([])
  } finally {
    await page.context().close()
  }
}

for (const [path, heading] of SCREENS)
  test.skipIf(!hasChromium)(`${path} is clean in both themes and widths`, { timeout: 60_000 }, async () => {
    await inspect(path, heading)
  })

test.skipIf(!hasChromium)('the approval page is clean in every state', { timeout: 60_000 }, async () => {
  const { state } = lab.fixture
  const { fingerprint, name } = state.world.release
  await inspect(`/a/${fingerprint}`, `Release ${name} to production?`)
  const others = createRelease('waiting', state.world.now, { release: 'release:others0000' })
  await look(`/a/${others.fingerprint}`, 'Release web 88ce001 to production?', 390, ['light', 'dark'])
  state.signedIn = false
  await look(`/a/${fingerprint}`, 'A release waits for a signature', 390, ['light', 'dark'])
  Object.assign(state, { signedIn: true, lie: { environment: 'staging' } })
  await look(`/a/${fingerprint}`, 'MISMATCH: do not sign', 390, ['light', 'dark'])
})

test.skipIf(!hasChromium)('empty screens say so and stay clean', { timeout: 60_000 }, async () => {
  lab.fixture.state.empty = true
  for (const [path, heading] of [
    ['/', 'Overview'],
    ['/releases', 'Releases'],
    ['/approvals', 'Approvals'],
    ['/alerts', 'Alerts'],
  ] as const)
    await look(path, heading, 1440, ['light', 'dark'])
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

test.skipIf(!hasChromium)(
  'with everything on them, pages are clean and fit a width of 320',
  { timeout: 60_000 },
  async () => {
    const { state } = lab.fixture
    const by = state.world.release.requestedBy
    state.lag = { leaves: 1_204, ms: 3_200 }
    const query = 'outcome:refused env:production'
    state.searches.push(
      { search: 'search:1', name: 'refusals in production', query, isShared: false, isOwn: true, by, leafIndex: 3 },
      {
        search: 'search:2',
        name: 'approvals',
        query: 'type:approval.*',
        isShared: true,
        isOwn: false,
        by,
        leafIndex: 4,
      },
      { search: 'search:3', isShared: false, isOwn: true, by, leafIndex: 5 },
    )
    const from = new Date().toISOString()
    state.freezes.push({ freeze: 'freeze:1', environment: 'production', by, from, isNow: true, leafIndex: 9 })
    state.freezes.push({
      freeze: 'freeze:2',
      environment: 'staging',
      by,
      from,
      until: from,
      isNow: false,
      leafIndex: 9,
    })
    try {
      for (const [path, heading] of [
        [`/trail?q=${encodeURIComponent(query)}`, 'Trail'],
        ['/', 'Overview'],
        ['/releases/release:77ad000000', 'shop 4be0c11 to production'],
        ['/verify', 'Verify'],
      ] as const) {
        await look(path, heading, 1440, ['light', 'dark'])
        await look(path, heading, 320, ['dark'])
      }
      const { page } = await lab.open('/trail', { width: 320 })
      await page.getByText(/1\s204 leaves behind the log/).waitFor()
      await page.getByRole('button', { name: 'From, to' }).click()
      await page.getByText('Filters', { exact: true }).click()
      await page.getByRole('button', { name: 'Export' }).click()
      expect(await audit(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
      await page.context().close()
    } finally {
      state.lag = undefined
      state.searches.length = 0
      state.freezes.length = 0
    }
  },
)

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
