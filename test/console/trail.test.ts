/** The trail on the real server: asked, followed, marked, kept, taken away; freezes and the page that works from a disk. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { parseKey } from '../../src/tlog/key.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { leafHash } from '../../src/tlog/hash.ts'
import { verifyInclusion } from '../../src/tlog/verify.ts'
import { audit, hasChromium } from './fixture/browser.ts'
import { openReal, type Real } from './fixture/real.ts'

let real: Real
const pages: Page[] = []

beforeAll(async () => {
  if (hasChromium) real = await openReal()
})
afterAll(() => real?.[Symbol.asyncDispose]())
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.context().close()))
  expect(real?.faults ?? []).toEqual([])
})

async function open(path: string, look?: Parameters<Real['open']>[2], as = real.story.ana): Promise<Page> {
  const page = await real.open(path, as, look)
  pages.push(page)
  return page
}

const queryOf = (page: Page) => new URL(page.url()).searchParams.get('q')
const rows = (page: Page) => page.locator('tbody').getByRole('row')
const write = (index: number) =>
  real.office.post('/api/v1/issuers', { issuer: `https://i${index}.example`, kind: 'github' }, real.story.ana.token)

test.skipIf(!hasChromium)('whoever comes sees no reading, the address says so, and one click shows it', async () => {
  const page = await open('/trail')
  await expect.poll(() => queryOf(page)).toBe('-type:trail.*')
  await rows(page).first().waitFor()
  await page.getByText(/reading hidden/).waitFor()
  expect(await page.getByRole('row').filter({ hasText: 'searched the trail' }).count()).toBe(0)
  await page.getByRole('link', { name: 'hide reading' }).click()
  expect([queryOf(page), page.url().endsWith('?q=')]).toEqual(['', true])
  await page.getByRole('row').filter({ hasText: 'searched the trail' }).first().waitFor()
  await page.getByText(/complete, no gaps/).waitFor()
  await page.reload()
  await page.getByText(/complete, no gaps/).waitFor()
  await page.getByRole('link', { name: 'hide reading' }).click()
  await expect.poll(() => queryOf(page)).toBe('-type:trail.*')
})

test.skipIf(!hasChromium)('it is live; while it stands still, only leaves that are asked for are counted', async () => {
  const page = await open(`/trail?q=${encodeURIComponent('type:issuer.*')}`)
  await page.getByText('live', { exact: true }).waitFor()
  await rows(page).first().waitFor()
  const before = await rows(page).count()
  await write(1)
  await expect.poll(() => rows(page).count()).toBe(before + 1)
  await page.waitForTimeout(1_000)
  await page.getByRole('button', { name: 'Pause' }).click()
  await real.office.post('/api/v1/searches', { name: 'aside', query: 'x' }, real.story.ben.token)
  await write(2)
  await write(3)
  await page.getByText('paused, 2 new').waitFor()
  expect(await rows(page).count()).toBe(before + 1)
  await page.getByRole('button', { name: 'Resume' }).click()
  await expect.poll(() => rows(page).count()).toBe(before + 3)
})

/** How many leaves the page says that it found. */
async function totalOf(page: Page): Promise<number> {
  const text = await page
    .getByRole('search', { name: 'Trail' })
    .getByText(/leaf|leaves/)
    .innerText()
  return Number(text.replaceAll(/\D/g, ''))
}

test.skipIf(!hasChromium)(
  'a stretch of the histogram becomes the time of the query: dragged, by keyboard, and typed',
  async () => {
    const page = await open('/trail')
    const group = page.getByRole('group', { name: 'Time of the leaves' })
    await group.waitFor()
    const all = await totalOf(page)
    const box = (await group.boundingBox())!
    await page.mouse.move(box.x + 4, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + 20, { steps: 4 })
    await page.mouse.up()
    await expect.poll(() => queryOf(page)).toMatch(/^-type:trail\.\* at:\S+Z\.\.\S+Z$/)
    await page.getByText(/filtered by the server/).waitFor()
    const dragged = await totalOf(page)
    expect([dragged > 0, dragged < all]).toEqual([true, true])
    await page.getByRole('link', { name: 'all', exact: true }).click()
    await expect.poll(() => queryOf(page)).toBe('-type:trail.*')
    await page.getByRole('slider', { name: /^Start/ }).focus()
    for (let bar = 0; bar < 12; bar += 1) await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await expect.poll(() => queryOf(page)).toMatch(/ at:/)
    await expect.poll(() => totalOf(page)).toBeLessThan(all)
    await page.getByRole('button', { name: 'From, to' }).click()
    await page.getByLabel('From', { exact: true }).fill('2020-01-01T00:00:00')
    await page.getByLabel('To, not included').fill('2020-01-02T00:00:00')
    await page.getByRole('button', { name: 'Ask for this time' }).click()
    await expect.poll(() => queryOf(page)).toMatch(/ at:20(?:19|20)-\S+\.\.2020-01-0\S+$/)
    await page.getByText('No leaf answers to this filter.').waitFor()
    await page.getByRole('link', { name: '24h' }).click()
    await expect.poll(() => queryOf(page)).toBe('-type:trail.* since:24h')
    expect(await audit(page)).toEqual([])
  },
)

test.skipIf(!hasChromium)('a view is saved, found in the list of others when shared, and dropped', async () => {
  const page = await open('/trail?q=outcome:allowed')
  await page.getByRole('button', { name: 'Save view' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('what was allowed')
  await dialog.getByRole('checkbox').check()
  expect(await audit(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Save' }).click()
  const saved = page.getByRole('region', { name: 'Saved searches' })
  await saved.getByRole('link', { name: 'what was allowed' }).waitFor()
  expect(await page.getByRole('button', { name: 'Save view' }).isDisabled()).toBe(true)
  const other = await open('/trail', undefined, real.story.cleo)
  await other.getByRole('link', { name: 'what was allowed ana' }).click()
  await expect.poll(() => queryOf(other)).toBe('outcome:allowed')
  expect(await other.getByRole('button', { name: /^Drop/ }).count()).toBe(0)
  await saved.getByRole('button', { name: 'Drop what was allowed' }).click()
  await dialog.getByRole('button', { name: 'Drop' }).click()
  await expect.poll(() => page.getByRole('link', { name: 'what was allowed' }).count()).toBe(0)
})

type Line = {
  readonly export?: { readonly total: number; readonly treeSize: number; readonly rootHash: string }
  readonly leafIndex?: number
  readonly leaf?: string
  readonly hashes?: readonly string[]
  readonly end?: { readonly leaves: number }
}

test.skipIf(!hasChromium)('exactly what is found is taken away, each leaf with a proof', async () => {
  const page = await open(`/trail?q=${encodeURIComponent('type:(principal.*, issuer.*)')}`)
  await rows(page).first().waitFor()
  const total = await totalOf(page)
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByText(`${total} leaves, each with its proof`).waitFor()
  expect(await audit(page)).toEqual([])
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: /JSON Lines/ }).click()
  const file = await coming
  expect(file.suggestedFilename()).toMatch(/^countersign-jsonl-\d+\.jsonl$/)
  const text = await readFile((await file.path())!, 'utf8')
  const [head, ...rest] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const end = rest.pop()!
  const { treeSize, rootHash } = head!.export!
  expect([head!.export!.total, rest.length, end.end!.leaves]).toEqual([total, total, total])
  for (const { leafIndex, leaf, hashes } of rest) {
    const path = hashes!.map((hash) => base64.decode(hash))
    expect(verifyInclusion(leafIndex!, treeSize, leafHash(utf8.encode(leaf!)), path, base64.decode(rootHash))).toBe(
      true,
    )
  }
  await page.goto(page.url().replace(/q=.*/, `q=${encodeURIComponent('outcome:allowed | count by type')}`))
  await page.getByRole('columnheader', { name: 'type' }).waitFor()
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByText('leave out | count by').waitFor()
  expect(await page.getByRole('button', { name: /CSV/ }).isDisabled()).toBe(true)
})

test.skipIf(!hasChromium)('who may not export is told so, and nothing is saved', async () => {
  const { office, story } = real
  const eve = await office.person(story.ana, 'eve', ['developer'])
  const page = await open('/trail', undefined, eve)
  await rows(page).first().waitFor()
  await office.ask('DELETE', '/api/v1/people/@eve/roles/developer', { as: story.ana.token })
  const files: unknown[] = []
  page.on('download', (file) => files.push(file))
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('button', { name: /CSV/ }).click()
  const refused = page.getByRole('dialog', { name: 'Nothing was exported' })
  await refused
    .getByText(/do not allow|not allow|policies/i)
    .first()
    .waitFor()
  await refused.getByRole('link', { name: /leaf/ }).waitFor()
  expect(files).toEqual([])
})

test.skipIf(!hasChromium)('what is not understood is shown where it stands, with what was meant', async () => {
  const page = await open(`/trail?q=${encodeURIComponent('outcome:denied who:@ana')}`, { theme: 'dark' })
  const fault = page.getByRole('alert')
  await fault.getByText('At character 1: outcome is one of allowed, refused, waiting, recorded.').waitFor()
  expect(await page.getByLabel('Filter the trail').getAttribute('aria-invalid')).toBe('true')
  expect(await rows(page).count()).toBe(0)
  expect(await audit(page)).toEqual([])
  await fault.getByRole('button', { name: 'Ask outcome:refused who:@ana' }).click()
  await expect.poll(() => queryOf(page)).toBe('outcome:refused who:@ana')
  await expect.poll(() => page.getByRole('alert').count()).toBe(0)
})

test.skipIf(!hasChromium)('counts lead to their leaves', async () => {
  const page = await open(`/trail?q=${encodeURIComponent('type:principal.* | count by who')}`)
  await page.getByRole('columnheader', { name: 'who' }).waitFor()
  expect(await audit(page)).toEqual([])
  await page.getByRole('link', { name: /ana/ }).first().click()
  await expect.poll(() => queryOf(page)).toMatch(/^type:principal\.\* who:person:/)
  await rows(page).first().waitFor()
})

test.skipIf(!hasChromium)('a leaf shows what the same person and the same thing did before and after', async () => {
  const { body } = await real.office.get('/api/v1/leaves?q=type:issuer.*', real.story.ana.token)
  const page = await open(`/trail?q=type:issuer.*&leaf=${body.rows.at(-1).leafIndex}`)
  await page.getByText('By ana, before and after').click()
  await page.getByText('Copy proof').waitFor()
  const around = page.locator('details').filter({ hasText: 'By ana, before and after' }).getByRole('link')
  await around.first().click()
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('type:issuer.*')
})

test.skipIf(!hasChromium)(
  'a frozen environment says so where people release, and an administrator ends it',
  async () => {
    const page = await open('/')
    await page.getByRole('button', { name: 'Freeze' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Environment').selectOption('production')
    await dialog.getByLabel('Reason').fill('the year ends')
    expect(await audit(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Freeze now' }).click()
    await page.getByText('production is frozen until it is ended.').waitFor()
    const approver = await open('/', { theme: 'dark' }, real.story.ben)
    await approver.getByText('production is frozen until it is ended.').waitFor()
    expect(await approver.getByRole('button', { name: 'End freeze' }).count()).toBe(0)
    expect(await audit(approver)).toEqual([])
    await page.getByRole('button', { name: 'End freeze' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End freeze' }).click()
    await expect.poll(() => page.getByText('production is frozen').count()).toBe(0)
    await expect.poll(() => approver.getByText('production is frozen').count()).toBe(0)
  },
)

test.skipIf(!hasChromium)(
  'verify.html is handed out with its hash, runs under its own policy, and is called what it is',
  async () => {
    const page = await open('/verify')
    const bytes = await readFile(real.verifyPage)
    await page.getByText(createHash('sha256').update(bytes).digest('hex')).waitFor()
    await page.getByText('is no independent verifier').waitFor()
    const { logKey } = (await real.office.get('/.well-known/countersign')).body
    expect(parseKey(logKey).name).toBe('log.example')
    await page.getByText(logKey).waitFor()
    expect(await audit(page)).toEqual([])
    await page.getByRole('link', { name: 'Open it here' }).click()
    await page.getByRole('heading', { name: 'Verify an evidence package' }).waitFor()
    await page.locator('#file').setInputFiles({ name: 'x.csevidence', mimeType: '', buffer: Buffer.from('no package') })
    await expect.poll(() => page.locator('#verdict').innerText()).not.toBe('')
    const { headers } = await real.office.get('/verify.html')
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-/,
    )
  },
)
