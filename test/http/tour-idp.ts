/** The part of the tour that leads past an identity provider, a real one. */

import { createHash } from 'node:crypto'
import { ORIGIN } from '../world/company.ts'
import { Browser, CLIENT_ID, CLIENT_SECRET, IdentityProvider } from '../world/identity-provider.ts'
import type { Answer } from './office.ts'
import type { Story } from './story.ts'

const BACK = `${ORIGIN}/signed-in`
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** Its own word for who signed out is caught on its way, and told here. */
export async function tourIdp({ office, ana }: Pick<Story, 'office' | 'ana'>): Promise<void> {
  const told: string[] = []
  await tourDevice({ office, ana })
  await using provider = await IdentityProvider.open({ redirectUri: BACK, onLogout: (token) => void told.push(token) })
  await office.get('/api/v1/idps')
  const trusted = { idp: 'acme', issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET }
  await office.post('/api/v1/idps', trusted, ana.token)
  const profile = { handle: 'ida', name: 'Ida', email: 'ida@acme.example', zone: 'UTC', roles: [] }
  const invited = await office.post('/api/v1/people', profile, ana.token)
  const browser = new Browser()
  const enrolmentToken = invited.body.result.enrolmentToken
  await past(browser, { enrolmentToken }, (back, headers) =>
    office.post('/api/v1/enrolments/idp', back, undefined, headers),
  )
  await past(browser, {}, (back, headers) =>
    office.post('/api/v1/logins', { method: 'idp', ...back }, undefined, headers),
  )
  await browser.signOut(provider.issuer)
  await office.post('/api/v1/idps/logout', new URLSearchParams({ logout_token: told[0]! }).toString(), undefined, FORM)
  await office.ask('DELETE', '/api/v1/people/@ida/identities/acme', { as: ana.token })
  await office.post('/api/v1/people/@ida/identities', { idp: 'acme', subject: 'somebody' }, ana.token)
  await office.post('/api/v1/directories', { client: 'acme', idp: 'acme' }, ana.token)
  await office.get('/api/v1/directories', ana.token)
  await office.ask('DELETE', '/api/v1/directories/acme', { as: ana.token })
  await office.ask('DELETE', '/api/v1/idps/acme', { as: ana.token })

  async function past(
    browsing: Browser,
    more: object,
    finish: (back: object, headers: Record<string, string>) => Promise<Answer>,
  ): Promise<void> {
    const begun = await office.post('/api/v1/logins/idp', { idp: 'acme', ...more })
    const back = await browsing.signIn(begun.body.redirect, BACK, 'ida-at-acme')
    const cookie = String(begun.headers['set-cookie']).split(';')[0]!
    const answer = await finish(Object.fromEntries(back.searchParams), { cookie, origin: ORIGIN })
    if (answer.status !== 201) throw new Error(answer.text)
  }
}

async function tourDevice({ office, ana }: Pick<Story, 'office' | 'ana'>): Promise<void> {
  const verifier = 'v'.repeat(43)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const query = new URLSearchParams({ challenge, host: 'a computer', program: 'countersign' })
  const { body: asked } = await office.get(`/api/v1/logins/devices?${query}`)
  const path = `/api/v1/logins/devices/${asked.userCode}`
  const { body: shown } = await office.get(path)
  await office.post(`${path}/confirmation`, { assertion: office.sign(ana, shown.challenge) })
  await office.post('/api/v1/logins/devices/polls', { device: asked.device, verifier })
}
