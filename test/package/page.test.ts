/** The page that an auditor opens from a disk says what the command line says, and reaches nothing. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildVerifyPage } from '../../build/verify-page.ts'
import { ARGS, EXECUTABLE } from '../console/fixture/browser.ts'
import { check, editLines, putTogether, takeApart, World } from './world.ts'

const hasBrowser = existsSync(EXECUTABLE)
const directory = mkdtempSync(join(tmpdir(), 'countersign-page-'))
const path = join(directory, 'verify.html')
let world: World
let browser: Browser
let size = 0
beforeAll(async () => {
  size = await buildVerifyPage(path)
  if (!hasBrowser) return
  world = await World.open()
  browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGS })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await world?.[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true })
})

async function answer(bytes: Uint8Array, logKey?: string): Promise<{ page: Page; said: string; requests: string[] }> {
  const page = await browser.newPage()
  const requests: string[] = []
  page.on('request', (request) => void requests.push(request.url()))
  await page.goto(pathToFileURL(path).href)
  if (logKey) {
    await page.getByText('Keys that you know').click()
    await page.locator('#log-keys').fill(logKey)
  }
  const file = join(directory, 'x.csevidence')
  writeFileSync(file, bytes)
  await page.locator('#file').setInputFiles(file)
  await page.locator('#answer').waitFor()
  return { page, requests, said: await page.locator('#verdict').innerText() }
}

test('it is one file of at most 100 KB', () => {
  expect(size).toBeGreaterThan(10_000)
  expect(size).toBeLessThanOrEqual(100_000)
})

test.skipIf(!hasBrowser)(
  'a good package passes every check that the command line makes, with no request but the page itself',
  async () => {
    const bytes = await world.export()
    const { page, said, requests } = await answer(bytes, world.key)
    expect(said).toContain('✓ x.csevidence is what was signed')
    expect(said).toContain('The key of the log is one that you know')
    const { checks } = await check(bytes, { logKeys: [world.key] })
    for (const { name, detail } of checks) expect(said).toContain(`✓ ${name}\t${detail}`)
    expect(requests).toEqual([pathToFileURL(path).href])
    await page.close()
  },
)

test.skipIf(!hasBrowser)('a package that somebody touched is told apart, in the same words', async () => {
  const parts = editLines(takeApart(await world.export()), 'log/leaves/000000000000.jsonl', (lines) =>
    lines.toSpliced(7, 1),
  )
  const bytes = putTogether(parts)
  const { page, said } = await answer(bytes)
  const { checks } = await check(bytes)
  expect(said).toMatch(/✗ leaves\tgap: leaf 7 is missing/)
  for (const { name, state, problems } of checks)
    if (state === 'failed') for (const { detail } of problems) expect(said, name).toContain(detail)
  await page.close()
})

test.skipIf(!hasBrowser)('markup in a package stays text', async () => {
  const parts = takeApart(await world.export()).set(
    'controls/x.json',
    new TextEncoder().encode('<img src=x onerror=alert(1)>'),
  )
  parts.set('populations/roles.csv', new TextEncoder().encode('<img src=x onerror=alert(1)>\n'))
  const { page, said } = await answer(putTogether(parts))
  expect(said).toContain('<img src=x')
  expect(await page.locator('#verdict img').count()).toBe(0)
  await page.close()
})
