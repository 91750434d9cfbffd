/** A tour through the whole API, in which every route is called once as it is meant to be. */

import { join } from 'node:path'
import { rotationPath } from '../../src/domain/rotation.ts'
import { Stamps } from '../../src/store/stamps.ts'
import { parseKey } from '../../src/tlog/key.ts'
import { createHash } from 'node:crypto'
import { systemCaller } from '../../src/control/handle.ts'
import type { Answer, Office, Worker } from './office.ts'
import {
  build,
  createCommit,
  createSigningKey,
  ENVIRONMENT,
  jobKeyLine,
  pushOf,
  registration,
  requestRelease,
  setUp,
  SSH_TARGET,
  type Story,
} from './story.ts'
import { ISSUER } from '../world/company.ts'
import { tourIdp } from './tour-idp.ts'
import { readShipped } from '../policy/shipped.ts'

/** Resolves with what was asked; `office.calls` then holds a good call of each route. */
export async function tour(office: Office): Promise<Story> {
  const story = await setUp(office)
  await tourReleases(story)
  await tourPeople(story)
  await tourSettings(story)
  await tourTrail(story)
  await tourIdp(story)
  await tourLogins(story)
  return story
}

async function tourReleases(story: Story): Promise<void> {
  const { office, ana, ben, cleo } = story
  const { job, release, artifact, commit } = await requestRelease(story)
  await office.decide(ben, release, 'approvals')
  await office.decide(cleo, release, 'approvals')
  const granted = await office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine() }, job.token)
  const observed = { kind: 'command.run', at: '2026-11-18T10:00:00Z', about: { kind: 'release', id: release } }
  await office.post('/api/v1/observations', JSON.stringify(observed), job.token, {
    'content-type': 'application/x-ndjson',
  })
  await office.get(`/api/v1/releases/${release}/wait?timeoutSeconds=0`, job.token)
  const account = { issuer: ISSUER, account: '1002' }
  await office.post(`/api/v1/people/${ben.id}/accounts`, account, ana.token)
  await office.ask('DELETE', `/api/v1/people/${ben.id}/accounts/${encodeURIComponent(ISSUER)}`, { as: ana.token })
  await office.post('/api/v1/logins/current/renewals', office.renewal(job.key, office.company.ciToken()), job.token)
  await office.get('/api/v1/releases?state=deploying', ana.token)
  await office.get(`/api/v1/releases/${release}`, ana.token)
  await office.get('/api/v1/grants?active=true', ana.token)
  await office.get(`/api/v1/why/${artifact}`, ana.token)
  await office.ask('DELETE', `/api/v1/grants/${granted.body.result.grant}`, { as: job.token })
  await office.post(`/api/v1/releases/${release}/outcome`, { exitCode: 0 }, job.token)
  const again = await build(story, commit, { jti: 'second', run_id: '13' })
  const second = await office.post(
    '/api/v1/releases',
    { artifact: again.artifact, environment: 'production' },
    again.job.token,
  )
  await tourTalk(story, second.body.result.release)
  await tourBreakglass(story, second.body.result.release)
  await office.decide(ben, second.body.result.release, 'refusals', { reason: 'too late on a Friday' })
}

async function tourTalk({ office, ben, dana }: Story, release: string): Promise<void> {
  const path = `/api/v1/releases/${release}`
  const asked = await office.post(`${path}/inquiries`, { question: 'why on a Friday?' }, ben.token)
  await office.post(`${path}/inquiries/${asked.body.result.inquiry}/answers`, { answer: 'it is urgent' }, dana.token)
  await office.decide(ben, release, 'approvals')
  await office.get(`${path}/statement`, ben.token)
  await office.ask('DELETE', `${path}/approvals/mine`, { as: ben.token })
  const until = new Date(office.port.clock() + 3_600_000).toISOString()
  const given = await office.post('/api/v1/delegations', { to: dana.id, until }, ben.token)
  await office.get('/api/v1/delegations', ben.token)
  await office.ask('DELETE', `/api/v1/delegations/${given.body.result.delegation}`, { as: ben.token })
}

async function tourBreakglass({ office, ana, cleo }: Story, release: string): Promise<void> {
  const path = `/api/v1/releases/${release}/break-glass`
  const { body: shown } = await office.get(path, cleo.token)
  await office.post(path, { assertion: office.sign(cleo, shown.challenge), reason: 'it is down' }, cleo.token)
  const { body: list } = await office.get('/api/v1/break-glass', ana.token)
  const [{ breakglass, justified }] = list.open
  const review = { assertion: office.sign(ana, justified.challenge), verdict: 'justified', reason: 'it was down' }
  await office.post(`/api/v1/break-glass/${breakglass}/reviews`, review, ana.token)
}

async function tourPeople({ office, ana, dana }: Story): Promise<void> {
  const eve = await office.person(ana, 'eve', [])
  await office.get('/api/v1/people', ana.token)
  await office.post(`/api/v1/people/${eve.id}/roles`, { role: 'auditor', reason: 'the yearly audit' }, ana.token)
  await office.ask('DELETE', '/api/v1/people/@eve/roles/auditor', { as: ana.token })
  await office.post('/api/v1/people/@eve/revocation', { reason: 'the audit is over' }, ana.token)
  const asked = { reason: 'as agreed', fields: ['userAgent'] }
  await office.post('/api/v1/people/@eve/erasures', asked, ana.token)
  await tourErasures(office, ana, asked)
  const { body } = await office.post('/api/v1/keys', { format: 'ssh', publicKey: createSigningKey().line }, dana.token)
  await office.ask('DELETE', `/api/v1/keys/${encodeURIComponent(body.result.key)}`, { as: dana.token })
  await office.get('/api/v1/setup')
}

/** With a second administrator, who is waited for. */
async function tourErasures(office: Office, ana: Worker, asked: object): Promise<void> {
  const finn = await office.person(ana, 'finn', ['admin'])
  for (const [kind, more] of [
    ['agreements', {}],
    ['refusals', { reason: 'once is enough' }],
  ] as const) {
    const { body } = await office.post('/api/v1/people/@eve/erasures', asked, ana.token)
    const { body: shown } = await office.get('/api/v1/erasures', finn.token)
    const assertion = office.sign(finn, shown.erasures[0].challenge)
    await office.post(`/api/v1/erasures/${body.result.asked}/${kind}`, { assertion, ...more }, finn.token)
  }
  await office.post(`/api/v1/people/${finn.id}/revocation`, { reason: 'the tour goes on' }, ana.token)
}

/** With a second administrator, who declines one change and agrees to another. */
async function tourPolicies(office: Office, ana: Worker): Promise<void> {
  const gil = await office.person(ana, 'gil', ['admin'])
  for (const [kind, more] of [
    ['refusals', { reason: 'not yet' }],
    ['agreements', {}],
  ] as const) {
    const files = { ...readShipped(), 'more.cedar': MORE }
    const { body } = await office.post('/api/v1/policies', { files }, ana.token)
    const { body: shown } = await office.get('/api/v1/policies/activations', gil.token)
    const assertion = office.sign(gil, shown.activations[0].challenge)
    await office.post(`/api/v1/policies/activations/${body.result.asked}/${kind}`, { assertion, ...more }, gil.token)
  }
  await office.post(`/api/v1/people/${gil.id}/revocation`, { reason: 'the tour goes on' }, ana.token)
}

/** A group with somebody in it and a role, and a network: made, looked at and taken away. */
async function tourAccess(office: Office, ana: Worker): Promise<void> {
  const kim = await office.person(ana, 'kim', [])
  const there = { role: 'auditor', scope: 'environment:production' }
  await office.post('/api/v1/groups', { group: 'payments' }, ana.token)
  await office.post('/api/v1/networks', { network: 'office', cidrs: ['192.0.2.0/24'] }, ana.token)
  await office.post('/api/v1/groups/payments/members', { person: '@kim' }, ana.token)
  await office.post(`/api/v1/people/${kim.id}/roles`, there, ana.token)
  for (const body of [there, { role: 'auditor' }]) await office.post('/api/v1/groups/payments/roles', body, ana.token)
  for (const name of ['groups', 'networks']) await office.get(`/api/v1/${name}`, ana.token)
  for (const path of [
    'people/@kim/roles/auditor/environment:production',
    'groups/payments/roles/auditor',
    'groups/payments/roles/auditor/environment:production',
    'groups/payments/members/@kim',
    'groups/payments',
    'networks/office',
  ])
    await office.ask('DELETE', `/api/v1/${path}`, { as: ana.token })
}

async function tourSettings({ office, ana, door }: Story): Promise<void> {
  await office.post('/api/v1/repositories', registration(door), ana.token)
  await office.post('/api/v1/targets', SSH_TARGET, ana.token)
  await office.post('/api/v1/authorities/oidc/rotation', {}, ana.token)
  await office.post('/api/v1/authorities/ssh-host/rotation', {}, ana.token)
  await office.post('/api/v1/targets/web/host-certificate', { publicKey: jobKeyLine() }, ana.token)
  await office.post('/api/v1/targets', SECRET_TARGET, ana.token)
  await office.post('/api/v1/targets/npm/secret', { value: 'of npm' }, ana.token)
  await office.post('/api/v1/environments', ENVIRONMENT, ana.token)
  await tourAccess(office, ana)
  const frozen = await office.post('/api/v1/freezes', { environment: 'production', reason: 'the tour' }, ana.token)
  await office.ask('DELETE', `/api/v1/freezes/${frozen.body.result.freeze}`, { as: ana.token })
  for (const name of ['issuers', 'repositories', 'environments', 'freezes', 'targets', 'policies', 'overview', 'log'])
    await office.get(`/api/v1/${name}`, ana.token)
  await tourPolicies(office, ana)
  await office.post('/api/v1/log/repair', {}, ana.token)
  const { instance, directory } = office.company
  const replaced = parseKey(instance.logKey)
  await office.post('/api/v1/log/rotation', { overlapMs: 60_000 }, ana.token)
  await office.get(`/log/${rotationPath(replaced)}`)
  // Stamps come from an authority; here only their way out matters.
  await new Stamps(join(directory, 'log/public')).keep(1, { checkpoint: Buffer.of(1), reply: Buffer.of(2) })
  await office.get('/log/checkpoints/1.tsr')
}

const MORE = `@id("nobody-on-mars")
forbid (principal is Countersign::Job, action == Countersign::Action::"read", resource)
when { principal.repository == "acme/mars" };
`

async function tourTrail({ office, ana, door }: Story): Promise<void> {
  const { id, object } = createCommit()
  await office.push(door, pushOf(id, object))
  const [alert] = office.port.ledger.state.due.keys()
  await office.company.ask({
    command: { type: 'fire alert', alert: alert as `alert:${string}` },
    caller: systemCaller('watch'),
  })
  await office.get('/api/v1/alerts', ana.token)
  await office.post(`/api/v1/alerts/${alert}/acknowledgement`, { note: 'a new colleague' }, ana.token)
  await office.get('/api/v1/leaves?q=outcome:refused&limit=2', ana.token)
  await office.get('/api/v1/exports/leaves?q=outcome:refused&format=json', ana.token)
  const kept = await office.post('/api/v1/searches', { name: 'refusals', query: 'outcome:refused' }, ana.token)
  await office.get('/api/v1/searches', ana.token)
  await office.ask('DELETE', `/api/v1/searches/${kept.body.result.search}`, { as: ana.token })
  await office.get('/api/v1/leaves/1/proof', ana.token)
  const { body } = await office.get('/api/v1/leaves/1', ana.token)
  await office.get(`/api/v1/evidence/${body.evidence[0].digest}`, ana.token)
  for (const path of [
    '/log/checkpoint',
    '/log/tile/0/000.p/2',
    '/.well-known/countersign',
    '/livez',
    '/readyz',
    '/metrics',
  ])
    await office.get(path)
  await office.get('/log/tile/entries/000.p/2', ana.token)
  const period = { from: '0', to: '9' }
  const { body: made } = await office.post('/api/v1/evidence-packages', period, ana.token)
  await office.get(`/api/v1/evidence-packages/${made.result.digest}`, ana.token)
  await office.get('/.well-known/countersign/revoked-keys')
  await office.get('/.well-known/openid-configuration')
  await office.get('/.well-known/jwks.json')
  await office.get('/.well-known/countersign/x509-ca.pem')
  await office.get('/.well-known/countersign/x509.crl')
  await office.get('/.well-known/countersign/ssh-host-ca')
  await office.get('/api/openapi.json')
}

async function tourLogins({ office, ana }: Story): Promise<void> {
  await office.get('/api/v1/logins/current', ana.token)
  await handOver(office, ana.token)
  const { token } = await office.signIn(ana.passkey)
  await office.ask('DELETE', '/api/v1/logins/current', { as: token })
}

export const VERIFIER = 'v'.repeat(43)
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

/** From the browser's login to one of the command line. */
export async function handOver(office: Office, token: string): Promise<Answer> {
  const asked = { challenge: CHALLENGE, redirectPort: 50_123, state: 's'.repeat(43) }
  const { body } = await office.post('/api/v1/logins/codes', asked, token)
  return office.post('/api/v1/logins', { method: 'code', code: body.code, verifier: VERIFIER })
}

const SECRET_TARGET = { target: 'npm', kind: 'secret', address: 'packages.acme.test:443', variable: 'NPM_TOKEN' }
