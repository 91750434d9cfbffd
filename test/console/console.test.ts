/** The console at work: proofs recomputed, tampering shown, leaves arriving live, everything reachable by keyboard. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { audit, hasChromium, openLab, type Lab } from './fixture/browser.ts'
import { people } from './fixture/people.ts'
import { createSigner } from './fixture/tree.ts'

let lab: Lab

beforeAll(async () => {
  if (hasChromium) lab = await openLab()
})
afterAll(() => lab?.[Symbol.asyncDispose]())
beforeEach(() => {
  if (!hasChromium) return
  lab.fixture.state.world.changed.clear()
  Object.assign(lab.fixture.state, { administers: true, offeredKey: undefined, refusal: undefined })
})

test.skipIf(!hasChromium)('an honest leaf is checked here, and its row remembers', async () => {
  const { page, faults } = await lab.open('/trail?leaf=200')
  const drawer = page.getByRole('complementary', { name: 'Leaf 200' })
  await drawer.getByText('checked here').waitFor()
  await drawer.getByText('Checkpoint signed by the log key').waitFor()
  await drawer.getByText('“ip” is what the leaf commits to').waitFor()
  expect(await drawer.getByRole('img', { name: /Merkle path of \d+ levels.*ends in the signed root/ }).count()).toBe(1)
  await page.getByRole('row').getByTitle('Leaf 200: checked here').waitFor()
  expect(faults).toEqual([])
  await page.context().close()
})

test.skipIf(!hasChromium)('one changed byte of a leaf shows MISMATCH', async () => {
  const { world } = lab.fixture.state
  world.changed.set(200, world.tree.leaves[200]!.replace('sequence":"200', 'sequence":"201'))
  const { page } = await lab.open('/trail?leaf=200', { theme: 'dark' })
  const drawer = page.getByRole('complementary', { name: 'Leaf 200' })
  await drawer.getByText('MISMATCH').waitFor()
  await drawer.getByText('The path from this leaf does not end in the signed root hash').waitFor()
  expect(await drawer.getByRole('img', { name: /does not end in the signed root/ }).count()).toBe(1)
  expect(await audit(page)).toEqual([])
  await page.context().close()
})

test.skipIf(!hasChromium)(
  'another log key than the one seen first is told on every screen until it is taken',
  async () => {
    const { page } = await lab.open('/')
    await page.getByLabel('Log head').getByText('checked here').waitFor()
    lab.fixture.state.offeredKey = createSigner('log.acme.example', 1).key
    await page.goto(`${lab.fixture.origin}/trail`)
    await page.getByRole('alert').getByText('MISMATCH: the server names another log key').waitFor()
    await page.getByLabel('Log head').getByText('checked here').waitFor()
    await page.getByRole('button', { name: 'Compare keys' }).click()
    await page.getByRole('button', { name: 'I compared it: trust the new key' }).click()
    await page.getByText('MISMATCH: The checkpoint is not signed by the log key').waitFor()
    await page.context().close()
  },
)

test.skipIf(!hasChromium)('new leaves arrive by themselves, stand still while paused, and are announced', async () => {
  const { fixture } = lab
  const { page } = await lab.open('/trail')
  const sentence = page.getByRole('row').filter({ hasText: 'opened the vault' })
  await page.getByText('live', { exact: true }).waitFor()
  const say = () =>
    fixture.announce(
      fixture.state.world.append([people.kit, 'login.opened', 'allowed', 'opened the vault'], Date.now()),
    )
  say()
  await sentence.first().waitFor()
  await page.getByRole('status').getByText('1 new leaf').waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  say()
  await page.getByText('paused, 1 new').waitFor()
  await page.waitForTimeout(600)
  expect(await sentence.count()).toBe(1)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(() => sentence.count()).toBe(2)
  await page.context().close()
})

test.skipIf(!hasChromium)('the filter is the address, by box and by facet', async () => {
  const { page } = await lab.open('/trail')
  await page.getByRole('link', { name: /^refused/ }).click()
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('-type:trail.* outcome:refused')
  expect(await page.getByLabel('Filter the trail').inputValue()).toBe('-type:trail.* outcome:refused')
  await page.getByText(/filtered by the server/).waitFor()
  await page.getByLabel('Filter the trail').fill('who:@kit.b')
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('who:@kit.b')
  await page.goBack()
  await page.getByRole('row').first().waitFor()
  await page.context().close()
})

test.skipIf(!hasChromium)('everything is reachable by keyboard, and single keys can be turned off', async () => {
  const { page } = await lab.open('/')
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('t')
  await page.getByRole('heading', { level: 1, name: 'Trail' }).waitFor()
  await page.getByRole('row').nth(3).waitFor()
  await page.keyboard.press('/')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Filter the trail')
  await page.evaluate(() => (document.activeElement as HTMLElement).blur())
  for (const key of ['j', 'j', 'k', 'Enter']) await page.keyboard.press(key)
  await page.getByRole('complementary').waitFor()
  await page.keyboard.press('Escape')
  await expect.poll(() => page.getByRole('complementary').count()).toBe(0)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
  expect(await audit(page)).toEqual([])
  await page.getByRole('checkbox').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.waitForTimeout(200)
  expect(new URL(page.url()).pathname).toBe('/trail')
  await page.context().close()
})

test.skipIf(!hasChromium)('a theme that was chosen outlives the system and the reload', async () => {
  const { page } = await lab.open('/', { theme: 'light' })
  await page.getByRole('button', { name: /Signed in as/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  await expect.poll(background).toBe('rgb(12, 14, 20)')
  await page.reload()
  await expect.poll(background).toBe('rgb(12, 14, 20)')
  await page.context().close()
})

test.skipIf(!hasChromium)('an administrator invites and revokes; others see why they cannot', async () => {
  const { page, faults } = await lab.open('/people')
  await page.getByRole('button', { name: 'Invite' }).click()
  const dialog = page.getByRole('dialog')
  expect(await audit(page)).toEqual([])
  await dialog.getByLabel('Handle').fill('eve')
  await dialog.getByLabel('Name', { exact: true }).fill('Eve Moss')
  await dialog.getByLabel('E-mail').fill('eve@acme.example')
  await dialog.getByLabel('Roles').fill('developer, release-approver')
  await dialog.getByRole('button', { name: 'Invite' }).click()
  await dialog.getByText(/enrol#tok_9f3c1e7/).waitFor()
  expect(lab.fixture.state.posts.at(-1)!.body).toMatchObject({
    handle: 'eve',
    roles: ['developer', 'release-approver'],
  })
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Revoke li.c' }).click()
  await page.getByRole('dialog').getByLabel('Reason').fill('left the company')
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('SSH certificate on prod-web').waitFor()
  expect(faults).toEqual([])
  lab.fixture.state.administers = false
  await page.goto(`${lab.fixture.origin}/people`)
  await page.getByText('Only an administrator can invite').waitFor()
  expect(await page.getByRole('button', { name: /Invite|Revoke|Roles/ }).count()).toBe(0)
  await page.context().close()
})

test.skipIf(!hasChromium)('the menu of a narrow screen opens, and stays clean', async () => {
  const { page } = await lab.open('/alerts', { width: 390, theme: 'dark' })
  await page.getByRole('button', { name: 'Open menu' }).click()
  await page.getByLabel('Log head').waitFor()
  expect(await audit(page)).toEqual([])
  await page.getByRole('link', { name: 'Trail' }).click()
  await page.getByRole('heading', { level: 1, name: 'Trail' }).waitFor()
  expect(await page.getByLabel('Log head').isVisible()).toBe(false)
  await page.context().close()
})
