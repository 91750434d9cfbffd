/** The console on the real server: a person enrols in the browser, signs a real release, and every leaf is checked there. */

import type { AddressInfo } from 'node:net'
import { rm } from 'node:fs/promises'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office } from '../http/office.ts'
import { requestRelease, setUp, type Released, type Story } from '../http/story.ts'
import { ORIGIN } from '../world/company.ts'
import { ARGS, build, EXECUTABLE, hasChromium, plugAuthenticator } from './fixture/browser.ts'

let dist: string
let office: Office
let story: Story
let released: Released
let browser: Browser
let page: Page
const faults: string[] = []

beforeAll(async () => {
  if (!hasChromium) return
  dist = await build()
  office = await Office.open({ config: { consoleDirectory: dist } })
  story = await setUp(office)
  released = await requestRelease(story)
  await office.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = office.app.server.address() as AddressInfo
  const rule = `--host-resolver-rules=MAP ${new URL(ORIGIN).host} 127.0.0.1:${port}`
  browser = await chromium.launch({ executablePath: EXECUTABLE, args: [...ARGS, rule] })
  page = await browser.newPage({ viewport: { width: 1440, height: 820 }, reducedMotion: 'reduce' })
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/.test(message.text())) faults.push(message.text())
  })
  await plugAuthenticator(page)
})
afterAll(async () => {
  await browser?.close()
  await office?.[Symbol.asyncDispose]()
  if (dist) await rm(dist, { recursive: true })
})

test.skipIf(!hasChromium)('an invited person enrols a passkey and signs in', async () => {
  const body = { handle: 'eve', name: 'Eve Moss', email: 'eve@acme.example', zone: 'UTC', roles: ['approver'] }
  const invited = await office.post('/api/v1/people', body, story.ana.token)
  await page.goto(`${ORIGIN}/enrol#${invited.body.result.enrolmentToken}`)
  await page.getByRole('button', { name: 'Create passkey' }).click()
  await page.getByRole('link', { name: 'Sign in with it' }).click()
  await page.getByRole('button', { name: 'Sign in with passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.getByLabel('Log head').getByText('checked here').waitFor()
  await page
    .getByRole('link', { name: /Sign|sign|release/ })
    .first()
    .waitFor()
})

test.skipIf(!hasChromium)('the release is shown with its chain, and signed on the approval page', async () => {
  await page.goto(`${ORIGIN}/releases/${released.release}`)
  await page.getByRole('link', { name: 'Review and sign' }).click()
  await page.getByRole('button', { name: 'Sign with passkey' }).click()
  await page.getByRole('heading', { name: 'Signed: 1 of 2' }).waitFor()
  await page.getByText(/In the log as leaf \d+, checked here/).waitFor()
  const release = await office.get(`/api/v1/releases/${released.release}`, story.ana.token)
  expect(release.body.approvals.map((each: { by: { name: string } }) => each.by.name)).toEqual(['eve'])
})

/** As a link within the console does, without loading it again. */
function visit(path: string): Promise<void> {
  return page.evaluate((to) => {
    history.pushState(null, '', to)
    dispatchEvent(new PopStateEvent('popstate'))
  }, path)
}

test.skipIf(!hasChromium)('every leaf of the log is checked here', { timeout: 60_000 }, async () => {
  const wrong: string[] = []
  await page.goto(`${ORIGIN}/trail`)
  const { size } = office
  for (let leafIndex = 0; leafIndex < size; leafIndex++) {
    await visit(`/trail?leaf=${leafIndex}`)
    const drawer = page.getByRole('complementary', { name: `Leaf ${leafIndex}` })
    const badge = drawer.getByText(/^(checked here|MISMATCH)$/)
    await badge.waitFor()
    if ((await badge.innerText()) !== 'checked here') wrong.push(`${leafIndex}: ${await drawer.innerText()}`)
  }
  expect(wrong).toEqual([])
  expect(faults).toEqual([])
})

test.skipIf(!hasChromium)('the lists read the real answers', async () => {
  for (const [path, text] of [
    ['/people', 'dana'],
    ['/releases', 'Waiting: 1 of 2 approvals'],
    ['/approvals?tab=others', 'You have signed this release already'],
    ['/trail?q=type:release.*', 'production'],
  ] as const) {
    await page.goto(ORIGIN + path)
    await page.locator('main').getByText(text).first().waitFor()
  }
})
