/** A person enrols, signs in, and signs or refuses a release with a passkey, in a real browser; a lying server gets nothing. */

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { audit, hasChromium, openLab, plugAuthenticator, type Lab } from './fixture/browser.ts'

let lab: Lab

beforeAll(async () => {
  if (hasChromium) lab = await openLab()
})
afterAll(() => lab?.[Symbol.asyncDispose]())
beforeEach(() => {
  if (hasChromium)
    Object.assign(lab.fixture.state, { signedIn: false, lie: {}, refusal: undefined, offeredKey: undefined })
})

const phone = { width: 390, theme: 'light' } as const
const address = () => `/a/${lab.fixture.state.world.release.fingerprint}`
const posted = (path: string) => lab.fixture.state.posts.filter((post) => post.path.endsWith(path))

/** A page whose authenticator holds an enrolled passkey. */
async function enrolled(): Promise<{ page: Page; faults: string[] }> {
  const { page, faults } = await lab.open('/sign-in', phone)
  await plugAuthenticator(page)
  await page.goto(`${lab.fixture.origin}/enrol#token`)
  await page.getByRole('button', { name: 'Create passkey' }).click()
  await page.getByText('Your passkey is enrolled').waitFor()
  return { page, faults }
}

test.skipIf(!hasChromium)('set-up asks who the first person is, with the zone of the browser', async () => {
  const { page } = await lab.open('/sign-in', phone)
  await plugAuthenticator(page)
  await page.goto(`${lab.fixture.origin}/enrol#setup`)
  const zone = await page.evaluate(() => Intl.DateTimeFormat().resolvedOptions().timeZone)
  expect(await page.getByLabel('Time zone').inputValue()).toBe(zone)
  await page.getByLabel('Handle').fill('ana')
  await page.getByLabel('Name', { exact: true }).fill('Ana Roth')
  await page.getByLabel('E-mail').fill('ana@acme.example')
  await page.getByRole('button', { name: 'Create passkey' }).click()
  await page.getByText('Your passkey is enrolled').waitFor()
  const { registration, ...rest } = posted('/enrolments').at(-1)!.body
  expect(rest).toEqual({ token: 'setup', handle: 'ana', name: 'Ana Roth', email: 'ana@acme.example', zone })
  expect(registration).toMatchObject({ type: 'public-key', response: { transports: ['internal'] } })
  await page.context().close()
})

test.skipIf(!hasChromium)('signing in leads back to where one came from, and never to another origin', async () => {
  const { page, faults } = await enrolled()
  await page.goto(`${lab.fixture.origin}/trail?q=outcome:refused`)
  await page.getByRole('button', { name: 'Sign in with passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'Trail' }).waitFor()
  expect(new URL(page.url()).search).toBe('?q=outcome%3Arefused')
  lab.fixture.state.signedIn = false
  await page.goto(`${lab.fixture.origin}/sign-in?next=https://evil.example/`)
  await page.getByRole('button', { name: 'Sign in with passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  expect(new URL(page.url()).origin).toBe(lab.fixture.origin)
  expect(faults).toEqual([])
  await page.context().close()
})

test.skipIf(!hasChromium)('an approval takes two taps on the same page and is proved by its receipt', async () => {
  const { page, faults } = await enrolled()
  await page.goto(lab.fixture.origin + address())
  await page.getByRole('button', { name: 'Sign in with passkey' }).click()
  await page.getByRole('button', { name: 'Sign with passkey' }).click()
  await page.getByRole('heading', { name: 'Signed: 2 of 2' }).waitFor()
  await page.getByText(/In the log as leaf \d+, checked here/).waitFor()
  expect(await page.getByRole('button').count()).toBe(0)
  expect(await audit(page)).toEqual([])
  expect(faults).toEqual([])
  await page.context().close()
})

test.skipIf(!hasChromium)('a refusal needs a reason, and is signed too', async () => {
  const { page } = await enrolled()
  lab.fixture.state.signedIn = true
  await page.goto(lab.fixture.origin + address())
  await page.getByRole('button', { name: 'Refuse', exact: true }).click()
  expect(await audit(page)).toEqual([])
  const send = page.getByRole('button', { name: 'Refuse with passkey' })
  await send.click()
  expect(posted('/refusals')).toHaveLength(0)
  await page.getByLabel('Why do you refuse?').fill('the migration locks the ledger')
  await send.click()
  await page.getByRole('heading', { name: 'Refused' }).waitFor()
  expect(posted('/refusals').at(-1)!.body['reason']).toBe('the migration locks the ledger')
  await page.context().close()
})

test.skipIf(!hasChromium)('a receipt that does not verify is a mismatch', async () => {
  const { page } = await enrolled()
  lab.fixture.state.signedIn = true
  await page.evaluate(() => localStorage.setItem('countersign.log-key', 'other+00000000+AAAA'))
  await page.goto(lab.fixture.origin + address())
  await page.getByRole('button', { name: 'Sign with passkey' }).click()
  await page.getByText(/^MISMATCH/).waitFor()
  await page.context().close()
})

const LIES = {
  environment: 'staging',
  artifact: `sha256:${'66'.repeat(32)}`,
  commit: '66'.repeat(20),
  challenge: 'AAAA',
  statementDigest: `sha256:${'66'.repeat(32)}`,
  fingerprint: 'AAAA-AAAA',
  expiresAt: '2099-01-01T00:00:00.000Z',
}

test.skipIf(!hasChromium)('whatever the server claims beyond the statement, there is no button', async () => {
  lab.fixture.state.signedIn = true
  for (const [name, value] of Object.entries(LIES)) {
    lab.fixture.state.lie = { [name]: value }
    const { page } = await lab.open(address(), phone)
    await page.getByRole('heading', { level: 1, name: 'MISMATCH: do not sign' }).waitFor()
    expect(await page.getByRole('button').count(), name).toBe(0)
    await page.context().close()
  }
})

test.skipIf(!hasChromium)('a person who cannot sign reads why and who can, and finds no form', async () => {
  lab.fixture.state.signedIn = true
  lab.fixture.state.lie = {
    you: {
      canApprove: false,
      because: 'You wrote commit 4be0c11.',
      who: [{ id: 'p', kind: 'person', name: 'noor.a' }],
    },
  }
  const { page } = await lab.open(address(), phone)
  await page.getByText('You wrote commit 4be0c11.').waitFor()
  await page.getByText('Can sign: noor.a.').waitFor()
  expect(await page.getByRole('button').count()).toBe(0)
  await page.context().close()
})

test.skipIf(!hasChromium)('a refused signature shows sentence, rule, next act and leaf', async () => {
  const { page } = await enrolled()
  lab.fixture.state.signedIn = true
  lab.fixture.state.refusal = {
    status: 403,
    code: 'own_commit',
    detail: 'You wrote a commit that this release contains.',
    policies: ['someone-else-approves'],
    next: 'ask noor.a',
    leafIndex: 7,
  }
  await page.goto(lab.fixture.origin + address())
  await page.getByRole('button', { name: 'Sign with passkey' }).click()
  const alert = page.getByRole('alert')
  await alert.getByText('You wrote a commit that this release contains.').waitFor()
  expect(await alert.innerText()).toMatch(/someone-else-approves[\s\S]*ask noor\.a[\s\S]*leaf 7/)
  expect(await page.getByRole('button', { name: 'Sign with passkey' }).isEnabled()).toBe(true)
  await page.context().close()
})

test.skipIf(!hasChromium)('the command line gets its code at loopback alone', async () => {
  lab.fixture.state.signedIn = true
  const { page } = await lab.open(`/cli-login?port=49321&state=s3cret-0123456789&challenge=${'a'.repeat(43)}`, phone)
  const answered = page.waitForRequest(/127\.0\.0\.1:49321/)
  await page.getByRole('button', { name: 'Sign in the command line' }).click()
  expect((await answered).url()).toBe('http://127.0.0.1:49321/callback?code=c0de&state=s3cret-0123456789')
  expect(posted('/logins/codes').at(-1)!.body).toEqual({
    challenge: 'a'.repeat(43),
    redirectPort: 49321,
    state: 's3cret-0123456789',
  })
  await page.context().close()
})
