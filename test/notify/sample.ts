/** One leaf of every type there is, with the sparest and the fullest circumstances, each spelled and read back as the log does. */

import { utf8 } from '../../src/bytes/text.ts'
import { schemas, type Event, type EventType } from '../../src/domain/event.ts'
import { read, spell, type Leaf } from '../../src/domain/leaf.ts'
import type { Source } from '../../src/notify/source.ts'
import { ana, artifact, commitId, company, digest, ivo, job, jobFacts, mara, NOON, release } from '../domain/given.ts'

export const ORIGIN = 'log.example'
const grant = 'grant:0000000000'
const alert = 'alert:0000000000'
const fingerprint = `SHA256:${'I'.repeat(43)}`
const update = { ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: commitId('c'), isForced: false } as const
type InCompany =
  | 'build.attested'
  | 'environment.defined'
  | 'issuer.trusted'
  | 'key.enrolled'
  | 'log.created'
  | 'log.opened'
  | 'login.opened'
  | 'policy.activated'
  | 'principal.enrolled'
  | 'principal.invited'
  | 'repository.pushed'
  | 'repository.registered'
  | 'target.defined'
type EventOf<T extends EventType> = Extract<Event, { readonly type: T }>
const set = Object.fromEntries(company.map(({ event }) => [event.type, event])) as unknown as {
  [T in InCompany]: EventOf<T>
}

const delegation = 'delegation:000000000000'
const inquiry = 'inquiry:000000000000'
const glass = { breakglass: 'breakglass:000000000000', release, environment: 'production' } as const

const idp = { idp: 'acme', issuer: 'https://idp.example' } as const

const events: { readonly [T in EventType]: EventOf<T> } = {
  ...set,
  'alert.fired': {
    type: 'alert.fired',
    alert,
    rule: 'rapid_roles',
    severity: 'high',
    evidence: [1, 2, 3, 4],
    about: ana,
  },
  'alert.acknowledged': { type: 'alert.acknowledged', alert, by: ana },
  'alert.refused': { type: 'alert.refused', alert },
  'approval.given': { type: 'approval.given', release, by: mara, statementDigest: digest('e'), isSoftware: true },
  'approval.declined': { type: 'approval.declined', release, by: mara, statementDigest: digest('e') },
  'approval.refused': { type: 'approval.refused', release, by: ivo, wanted: 'give' },
  'authority.keyed': {
    type: 'authority.keyed',
    authority: 'oidc',
    keyId: 'A'.repeat(43),
    publicKey: 'AAAA',
    signsFrom: NOON,
  },
  'approval.withdrawn': { type: 'approval.withdrawn', release, by: mara },
  'approval.escalated': { type: 'approval.escalated', release, environment: 'production', missing: 1 },
  'delegation.given': { type: 'delegation.given', delegation, by: mara, to: ana, from: NOON, until: NOON + 1 },
  'delegation.ended': { type: 'delegation.ended', delegation, by: mara },
  'delegation.refused': { type: 'delegation.refused', delegation, by: mara, wanted: 'end' },
  'inquiry.asked': { type: 'inquiry.asked', inquiry, release, by: mara },
  'inquiry.answered': { type: 'inquiry.answered', inquiry, release, by: ivo },
  'inquiry.refused': { type: 'inquiry.refused', inquiry, release, by: ivo, wanted: 'answer' },
  'breakglass.used': {
    type: 'breakglass.used',
    ...glass,
    by: mara,
    statementDigest: digest('e'),
    isSoftware: true,
    isFrozen: false,
    given: 1,
    required: 2,
    reviewBy: NOON + 1,
  },
  'breakglass.reviewed': {
    type: 'breakglass.reviewed',
    ...glass,
    by: ana,
    usedBy: mara,
    verdict: 'justified',
    isSoftware: false,
  },
  'breakglass.overdue': { type: 'breakglass.overdue', ...glass, usedBy: mara, reviewBy: NOON + 1 },
  'breakglass.refused': { type: 'breakglass.refused', breakglass: glass.breakglass, by: ivo, wanted: 'review' },
  'build.refused': { type: 'build.refused', job, provenance: digest('3') },
  'freeze.begun': {
    type: 'freeze.begun',
    freeze: 'freeze:000000000000',
    environment: 'production',
    by: mara,
    from: NOON,
  },
  'freeze.ended': { type: 'freeze.ended', freeze: 'freeze:000000000000', environment: 'production', by: ana },
  'freeze.refused': { type: 'freeze.refused', environment: 'production', by: ivo, wanted: 'begin' },
  'erasure.asked': {
    type: 'erasure.asked',
    person: ivo,
    evidence: true,
    by: ana,
    nonce: 'n'.repeat(43),
    expiresAt: NOON + 60_000,
    policyDigest: digest('4'),
    statementDigest: digest('5'),
  },
  'erasure.ordered': {
    type: 'erasure.ordered',
    person: ivo,
    fields: ['ip'],
    evidence: true,
    by: ana,
    agreed: { by: mara, asked: 8, statementDigest: digest('5'), isSoftware: false },
  },
  'erasure.declined': { type: 'erasure.declined', asked: 8, person: ivo, by: mara },
  'erasure.done': {
    type: 'erasure.done',
    order: 9,
    person: ivo,
    leaves: 2,
    disclosures: 4,
    evidence: 1,
    evidenceKept: 0,
  },
  'erasure.refused': { type: 'erasure.refused', person: ivo, wanted: 'ask' },
  'evidence.exported': { type: 'evidence.exported', from: 0, to: 9, digest: digest('8'), framework: 'soc2' },
  'evidence.refused': { type: 'evidence.refused', from: 0, to: 9 },
  'idp.trusted': {
    type: 'idp.trusted',
    ...idp,
    clientId: 'countersign',
    isConfidential: true,
    scopes: ['openid'],
    subjectClaim: 'sub',
    salt: 'A'.repeat(43),
  },
  'idp.removed': { type: 'idp.removed', ...idp },
  'idp.ended': {
    type: 'idp.ended',
    issuer: idp.issuer,
    subject: digest('5'),
    tokenDigest: digest('6'),
    tokenExpiresAt: NOON,
    logins: ['login:0000000000'],
  },
  'idp.refused': { type: 'idp.refused', issuer: idp.issuer, wanted: 'trust idp' },
  'scim.trusted': { type: 'scim.trusted', client: 'acme', bearerDigest: digest('6'), expiresAt: NOON + 86_400_000 },
  'scim.removed': { type: 'scim.removed', client: 'acme' },
  'scim.provisioned': { type: 'scim.provisioned', person: ivo, client: 'acme' },
  'scim.described': { type: 'scim.described', person: ivo, client: 'acme' },
  'scim.released': { type: 'scim.released', person: ivo, client: 'acme' },
  'scim.refused': { type: 'scim.refused', client: 'acme', wanted: 'provision person' },
  'identity.linked': { type: 'identity.linked', person: ivo, issuer: idp.issuer, subject: digest('5') },
  'identity.removed': { type: 'identity.removed', person: ivo, issuer: idp.issuer, subject: digest('5') },
  'identity.refused': { type: 'identity.refused', issuer: idp.issuer, subject: digest('5'), wanted: 'login' },
  'grant.issued': {
    type: 'grant.issued',
    grant,
    release,
    target: 'web',
    kind: 'ssh',
    holder: job,
    login: 'login:0000000000',
    expiresAt: NOON + 120_000,
  },
  'grant.refused': { type: 'grant.refused', release, target: 'web', holder: job },
  'grant.ended': { type: 'grant.ended', grant, cause: 'returned' },
  'grant.cleared': { type: 'grant.cleared', grant, how: 'role_dropped', terminated: 2 },
  'key.removed': { type: 'key.removed', person: ivo, fingerprint },
  'key.refused': { type: 'key.refused', fingerprint, wanted: 'enrol' },
  'log.rotated': { type: 'log.rotated', logKey: 'x' },
  'log.stamped': {
    type: 'log.stamped',
    treeSize: 31,
    stampedAt: NOON,
    digest: digest('6'),
    serialNumber: '02',
    authority: digest('7'),
  },
  'log.damaged': { type: 'log.damaged', leafIndex: 31, file: 'tile/entries/000', problem: 'hash' },
  'log.repaired': { type: 'log.repaired', leafIndexes: [31, 32], from: 'witness' },
  'log.summarised': { type: 'log.summarised', refused: [{ code: 'door_unknown', count: 3 }] },
  'log.refused': { type: 'log.refused', wanted: 'assign role' },
  'login.opened': { ...set['login.opened'], principal: job, method: 'job', job: jobFacts },
  'account.linked': { type: 'account.linked', person: ivo, issuer: 'https://ci.example' },
  'account.unlinked': { type: 'account.unlinked', person: ivo, issuer: 'https://ci.example' },
  'account.refused': { type: 'account.refused', person: ivo, issuer: 'https://ci.example', wanted: 'link' },
  'login.renewed': {
    type: 'login.renewed',
    login: 'login:0000000000',
    tokenDigest: jobFacts.tokenDigest,
    tokenExpiresAt: jobFacts.tokenExpiresAt,
    expiresAt: jobFacts.tokenExpiresAt,
  },
  'login.ended': { type: 'login.ended', login: 'login:0000000000' },
  'login.refused': { type: 'login.refused', method: 'job' },
  'observation.recorded': {
    ...{
      type: 'observation.recorded',
      principal: job,
      kind: 'test.finished',
      claimedAt: NOON,
      release,
      status: 'passed',
    },
    ...{ digest: digest('7'), durationMs: 5_300, facts: { failed: 0, report: 'junit.xml', isRetry: false } },
  },
  'observation.refused': { type: 'observation.refused', principal: job, kind: 'command.run', grant },
  'policy.asked': {
    type: 'policy.asked',
    digest: digest('b'),
    ids: ['one'],
    by: ana,
    nonce: 'n'.repeat(43),
    expiresAt: NOON,
    policyDigest: digest('c'),
    statementDigest: digest('d'),
  },
  'policy.declined': { type: 'policy.declined', digest: digest('b'), asked: 7, by: ana },
  'policy.refused': { type: 'policy.refused' },
  'principal.revoked': { type: 'principal.revoked', principal: ivo },
  'principal.refused': { type: 'principal.refused', wanted: 'invite person' },
  'release.requested': {
    ...{
      type: 'release.requested',
      release,
      artifact,
      artifactName: 'shop.tar',
      repository: 'acme/shop',
      commit: commitId('c'),
    },
    ...{ commitSha256: digest('c'), environment: 'production', requester: job, nonce: 'AA', policyDigest: digest('d') },
    ...{ statementDigest: digest('e'), expiresAt: NOON + 60_000, required: 2, authors: [ivo], commits: 1 },
  },
  'release.refused': { type: 'release.refused', artifact, environment: 'production', requester: job },
  'release.ended': { type: 'release.ended', release, exitCode: 3 },
  'repository.refused': {
    type: 'repository.refused',
    repository: 'acme/shop',
    updates: [update],
    commit: commitId('d'),
    signer: ivo,
  },
  'role.assigned': { type: 'role.assigned', person: mara, role: 'auditor', by: ana, until: NOON + 7_200_000 },
  'role.removed': { type: 'role.removed', person: mara, role: 'auditor', by: ana },
  'target.certified': {
    type: 'target.certified',
    target: 'web',
    publicKey: 'ssh-ed25519 AAAA',
    validUntil: NOON + 86_400_000,
  },
  'secret.kept': { type: 'secret.kept', target: 'npm', version: 2 },
  'secret.overdue': { type: 'secret.overdue', target: 'npm', version: 2 },
  'search.saved': { type: 'search.saved', search: 'search:0000000000', person: ana, isShared: true },
  'search.removed': { type: 'search.removed', search: 'search:0000000000', person: ana },
  'search.refused': { type: 'search.refused', search: 'search:0000000000', wanted: 'save' },
  'trail.read': {
    type: 'trail.read',
    reads: [
      { kind: 'search', query: 0 },
      { kind: 'leaf', leaf: 17 },
      { kind: 'evidence', evidence: digest('9') },
    ],
  },
  'trail.counted': {
    type: 'trail.counted',
    principal: ana,
    login: 'login:0000000000',
    repeats: [{ leafIndex: 17, read: 0, times: 3 }],
  },
  'trail.exported': {
    type: 'trail.exported',
    format: 'csv',
    total: 3,
    treeSize: 40,
    rootHash: `${'A'.repeat(43)}=`,
    after: 2,
  },
  'trail.refused': { type: 'trail.refused', wanted: 'export' },
  'role.bound': { type: 'role.bound', group: 'payments', role: 'approver', by: ana, scope: 'environment:production' },
  'role.unbound': { type: 'role.unbound', group: 'payments', role: 'approver', by: ana },
  'group.defined': { type: 'group.defined', group: 'payments', source: 'direct', by: ana },
  'group.removed': { type: 'group.removed', group: 'payments', by: ana },
  'group.joined': { type: 'group.joined', group: 'payments', person: mara, by: ana },
  'group.left': { type: 'group.left', group: 'payments', person: mara, by: ana },
  'group.refused': { type: 'group.refused', group: 'payments', person: mara, by: ana, wanted: 'add' },
  'network.defined': { type: 'network.defined', network: 'office', cidrs: ['192.0.2.0/24'], by: ana },
  'network.removed': { type: 'network.removed', network: 'office', by: ana },
  'network.refused': { type: 'network.refused', network: 'office', by: ana, wanted: 'define' },
  'role.refused': { type: 'role.refused', person: mara, role: 'auditor', by: ana, wanted: 'assign' },
}

const spare = { caller: { id: 'system:watch', kind: 'system' }, evidence: [], outcome: 'allowed' } as const
const full = {
  caller: { id: ana, kind: 'person', login: 'login:ana0000000000000' },
  evidence: [{ kind: 'passkey', digest: digest('9') }],
  personal: { _sd: ['A'.repeat(43)], _sd_alg: 'sha-256' },
  outcome: 'refused',
  reason: 'own_release',
  policy: {
    principal: { type: 'Countersign::Person', id: ana },
    action: 'approve',
    resource: { type: 'Countersign::Release', id: release },
    context: { userVerified: true },
    digest: digest('d'),
    determining: ['authors-do-not-approve'],
  },
} as const

export const types = Object.keys(schemas) as EventType[]

/** Three leaves of the type. */
export function sourcesOf(type: EventType): Source[] {
  return [spare, full, { ...full, outcome: 'waiting' }].map((circumstances, index) => {
    const frame = { id: `00000000-0000-4000-8000-00000000000${index}`, at: NOON + index, sequence: index, given: {} }
    const command = { type: 'end login', login: 'login:0000000000' }
    const bytes = spell({ ...frame, command, ...circumstances, event: events[type] } as unknown as Leaf, ORIGIN)
    return { leaf: read(bytes), text: utf8.decode(bytes), leafIndex: index, origin: ORIGIN }
  })
}
