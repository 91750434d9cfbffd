import { expect, test } from 'vitest'
import { requestRelease } from '../http/story.ts'
import { hasChromium } from './fixture/browser.ts'
import { openReal } from './fixture/real.ts'

test.skipIf(!hasChromium)(
  'the approval page offers to break the glass and to judge it, and shows why it was broken',
  { timeout: 120_000 },
  async () => {
    await using real = await openReal()
    const { office, story } = real
    const { release } = await requestRelease(story)
    const { body } = await office.get(`/api/v1/releases/${release}`, story.ben.token)
    const page = await real.open(`/a/${body.fingerprint}`, story.ben, { width: 390 })
    await page.getByRole('button', { name: 'Break the glass' }).click()
    await page.getByLabel('Why can it not wait?').fill('checkout is down')
    expect(await page.getByRole('button', { name: 'Let it go without the others' }).isEnabled()).toBe(true)
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    await page.context().close()

    const path = `/api/v1/releases/${release}/break-glass`
    const { body: shown } = await office.get(path, story.ben.token)
    const assertion = office.sign(story.ben, shown.challenge)
    expect((await office.post(path, { assertion, reason: 'checkout is down' }, story.ben.token)).status).toBe(201)
    const after = await real.open(`/a/${body.fingerprint}`, story.cleo, { width: 390 })
    await after.getByText('checkout is down, not judged yet').waitFor()
    await after.getByRole('button', { name: 'Judge that the glass was broken' }).click()
    expect(await after.getByRole('button', { name: 'It was unjustified' }).isEnabled()).toBe(true)
    expect(real.faults).toEqual([])
  },
)
