/** Event types with an event, the answer it stands for, and its sentence: those of the first half of the alphabet, more or less. */

import type { Event, EventType } from '../../src/domain/event.ts'
import type { Leaf } from '../../src/domain/leaf.ts'
import { ana, artifact, commitId, company, digest, given, ivo, job, mara, NOON, release } from '../domain/given.ts'

export const grant = 'grant:0000000000'
export const alert = 'alert:0000000000'
export const fingerprint = `SHA256:${'I'.repeat(43)}`
export const requested: Event = {
  type: 'release.requested',
  release,
  artifact,
  artifactName: 'shop.tar',
  repository: 'acme/shop',
  commit: commitId('c'),
  commitSha256: digest('c'),
  environment: 'production',
  requester: job,
  nonce: 'AA',
  policyDigest: digest('d'),
  statementDigest: digest('e'),
  expiresAt: NOON + 60_000,
  required: 2,
  authors: [ivo],
  commits: 1,
}
export const issued: Event = {
  type: 'grant.issued',
  grant,
  release,
  target: 'web',
  kind: 'ssh',
  holder: job,
  login: 'login:0000000000',
  expiresAt: NOON + 120_000,
}
export const fired: Event = {
  type: 'alert.fired',
  alert,
  rule: 'rapid_roles',
  severity: 'high',
  evidence: [1, 2, 3, 4],
  about: ana,
}
export const update = { ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: commitId('c'), isForced: false } as const
export const set = Object.fromEntries(company.map(({ event }) => [event.type, event])) as Record<EventType, Event>

export const { state } = given(...company, { event: requested }, { event: issued }, { event: fired })

/** Each event type with an event, the answer it stands for, and its sentence. */
export const delegation = 'delegation:000000000000'
export const inquiry = 'inquiry:000000000000'
export const glass = { breakglass: 'breakglass:000000000000', release, environment: 'production' } as const

export const idp = { idp: 'acme', issuer: 'https://idp.example' } as const

export type Told = readonly [Event, Partial<Leaf>, string]

export const told = {
  'alert.fired': [fired, {}, `raised an alert: {${ana}} assigned 4 roles within minutes`],
  'alert.acknowledged': [
    { type: 'alert.acknowledged', alert, by: ana },
    {},
    `acknowledged the alert: {${ana}} assigned 4 roles within minutes`,
  ],
  'alert.refused': [
    { type: 'alert.refused', alert },
    { reason: 'no_such_alert' },
    'was refused to acknowledge an alert: there is no such alert',
  ],
  'approval.given': [
    { type: 'approval.given', release, by: mara, statementDigest: digest('e'), isSoftware: true },
    {},
    'signed approval of shop ccccccc to production',
  ],
  'approval.declined': [
    { type: 'approval.declined', release, by: mara, statementDigest: digest('e') },
    {},
    'declined shop ccccccc to production',
  ],
  'approval.withdrawn': [
    { type: 'approval.withdrawn', release, by: mara },
    {},
    'took back the approval of shop ccccccc to production',
  ],
  'approval.escalated': [
    { type: 'approval.escalated', release, environment: 'production', missing: 1 },
    {},
    'asked others, too, to approve shop ccccccc to production: 1 approval missing',
  ],
  'delegation.given': [
    { type: 'delegation.given', delegation, by: mara, to: ana, from: NOON, until: NOON + 60_000 },
    { at: NOON },
    `has {${ana}} approve in their name until 2026-11-18T10:01:00.000Z`,
  ],
  'delegation.ended': [
    { type: 'delegation.ended', delegation, by: mara },
    {},
    'ended it that somebody approves in the name of another',
  ],
  'delegation.refused': [
    { type: 'delegation.refused', delegation, to: mara, by: mara, wanted: 'give' },
    { reason: 'own_delegation' },
    `was refused to have {${mara}} approve in their name: nobody stands in for themselves`,
  ],
  'inquiry.asked': [
    { type: 'inquiry.asked', inquiry, release, by: mara },
    {},
    'asked something about shop ccccccc to production',
  ],
  'inquiry.answered': [
    { type: 'inquiry.answered', inquiry, release, by: ivo },
    {},
    'answered a question about shop ccccccc to production',
  ],
  'inquiry.refused': [
    { type: 'inquiry.refused', inquiry, release, by: ivo, wanted: 'answer' },
    { reason: 'no_such_inquiry' },
    'was refused to answer about shop ccccccc to production: nobody asked that about this release',
  ],
  'breakglass.used': [
    {
      type: 'breakglass.used',
      ...glass,
      by: mara,
      statementDigest: digest('e'),
      isSoftware: true,
      isFrozen: true,
      given: 1,
      required: 2,
      reviewBy: NOON,
    },
    {},
    'broke the glass for shop ccccccc to production, with 1 of 2 approvals, while it is frozen; somebody else judges it until 2026-11-18T10:00:00.000Z',
  ],
  'breakglass.reviewed': [
    { type: 'breakglass.reviewed', ...glass, by: ana, usedBy: mara, verdict: 'unjustified', isSoftware: false },
    {},
    `judged unjustified that {${mara}} broke the glass for shop ccccccc to production`,
  ],
  'breakglass.overdue': [
    { type: 'breakglass.overdue', ...glass, usedBy: mara, reviewBy: NOON },
    {},
    `noted that nobody judged in time how {${mara}} broke the glass for shop ccccccc to production`,
  ],
  'breakglass.refused': [
    { type: 'breakglass.refused', breakglass: glass.breakglass, release, by: ivo, wanted: 'use' },
    { reason: 'review_missing' },
    'was refused to break the glass for shop ccccccc to production: a break-glass, in this environment or by the same person, was not judged by somebody else yet',
  ],
  'approval.refused': [
    { type: 'approval.refused', release, by: ivo, wanted: 'give' },
    { reason: 'own_release' },
    'was refused approval of shop ccccccc to production: nobody approves what they wrote or asked for',
  ],
  'authority.keyed': [
    {
      type: 'authority.keyed',
      authority: 'oidc',
      keyId: 'A'.repeat(43),
      publicKey: 'AAAA',
      signsFrom: NOON + 3_600_000,
    },
    { at: NOON },
    'took a key for the OIDC issuer of jobs, to sign in 1 hour',
  ],
  'build.attested': [set['build.attested'], {}, 'attested that shop.tar was built from acme/shop ccccccc'],
  'build.refused': [
    { type: 'build.refused', job, provenance: digest('3') },
    { reason: 'commit_mismatch' },
    'was refused as the builder of an artifact: the provenance names another commit than the CI token',
  ],
  'environment.defined': [
    set['environment.defined'],
    {},
    'defined the environment production: 2 approvals by approver',
  ],
  'freeze.begun': [
    {
      type: 'freeze.begun',
      freeze: 'freeze:000000000000',
      environment: 'production',
      by: mara,
      from: NOON + 60_000,
      until: NOON + 120_000,
    },
    { at: NOON },
    'froze production from 2026-11-18T10:01:00.000Z until 2026-11-18T10:02:00.000Z',
  ],
  'freeze.ended': [
    { type: 'freeze.ended', freeze: 'freeze:000000000000', environment: 'production', by: ana },
    {},
    'ended the freeze of production',
  ],
  'freeze.refused': [
    { type: 'freeze.refused', environment: 'production', by: ivo, wanted: 'end' },
    { reason: 'policy_refused' },
    'was refused to end the freeze of production: the policies in force do not permit this',
  ],
  'grant.issued': [issued, {}, 'obtained the certificate for web for 2 minutes, to release shop ccccccc to production'],
  'grant.refused': [
    { type: 'grant.refused', release, target: 'web', holder: job },
    { outcome: 'waiting', reason: 'approvals_missing' },
    'asked for a credential for web: the people who must approve this have not done so yet',
  ],
  'grant.ended': [{ type: 'grant.ended', grant, cause: 'returned' }, {}, 'handed back the certificate for web'],
  'grant.cleared': [
    { type: 'grant.cleared', grant, how: 'role_dropped', terminated: 2 },
    {},
    'took back the certificate for web: the role is gone; 2 connections cut',
  ],
  'idp.trusted': [
    {
      type: 'idp.trusted',
      ...idp,
      clientId: 'countersign',
      isConfidential: true,
      scopes: ['openid'],
      subjectClaim: 'sub',
      salt: 'A'.repeat(43),
    },
    {},
    'trusted the identity provider acme (https://idp.example)',
  ],
  'idp.removed': [{ type: 'idp.removed', ...idp }, {}, 'removed the identity provider acme (https://idp.example)'],
  'idp.ended': [
    {
      type: 'idp.ended',
      issuer: idp.issuer,
      subject: digest('5'),
      tokenDigest: digest('6'),
      tokenExpiresAt: NOON,
      logins: ['login:0000000000'],
    },
    {},
    'ended 1 login, as somebody signed out at https://idp.example',
  ],
  'idp.refused': [
    { type: 'idp.refused', issuer: idp.issuer, wanted: 'trust idp' },
    { reason: 'id_taken' },
    'was refused to trust idp (https://idp.example): something has this identifier already',
  ],
  'scim.trusted': [
    { type: 'scim.trusted', client: 'acme', bearerDigest: digest('6'), expiresAt: NOON + 86_400_000 },
    { at: NOON },
    'trusted the directory acme for 24 hours',
  ],
  'scim.removed': [{ type: 'scim.removed', client: 'acme' }, {}, 'trusted the directory acme no more'],
  'scim.provisioned': [
    { type: 'scim.provisioned', person: ivo, client: 'acme' },
    {},
    `brought {${ivo}} from the directory acme`,
  ],
  'scim.described': [
    { type: 'scim.described', person: ivo, client: 'acme' },
    {},
    `changed what the directory acme says of {${ivo}}`,
  ],
  'scim.released': [
    { type: 'scim.released', person: ivo, client: 'acme' },
    {},
    `forgot {${ivo}}, who left, in the directory acme`,
  ],
  'scim.refused': [
    { type: 'scim.refused', client: 'acme', wanted: 'provision person' },
    { reason: 'handle_taken' },
    'was refused to provision person for the directory acme: somebody has this handle already',
  ],
  'identity.linked': [
    { type: 'identity.linked', person: ivo, issuer: idp.issuer, subject: digest('5') },
    {},
    `linked {${ivo}} with an account at https://idp.example`,
  ],
  'identity.removed': [
    { type: 'identity.removed', person: ivo, issuer: idp.issuer, subject: digest('5') },
    {},
    `unlinked {${ivo}} from their account at https://idp.example`,
  ],
  'identity.refused': [
    { type: 'identity.refused', issuer: idp.issuer, subject: digest('5'), wanted: 'login' },
    { reason: 'idp_subject_unknown' },
    'was refused a login with an account at https://idp.example: the identity provider knows this account; nobody here is linked to it',
  ],
  'issuer.trusted': [set['issuer.trusted'], {}, 'trusted CI tokens of https://ci.example'],
  'key.enrolled': [set['key.enrolled'], {}, `enrolled the SSH signing key ${fingerprint}`],
  'key.removed': [{ type: 'key.removed', person: ivo, fingerprint }, {}, `removed the signing key ${fingerprint}`],
  'key.refused': [
    { type: 'key.refused', fingerprint, wanted: 'enrol' },
    { reason: 'key_taken' },
    `was refused to enrol the signing key ${fingerprint}: this key belongs to somebody else already`,
  ],
  'log.created': [set['log.created'], {}, 'began the log log.example'],
  'log.opened': [set['log.opened'], {}, 'opened the log at 1 leaf, version 0'],
  'log.rotated': [{ type: 'log.rotated', logKey: 'x' }, {}, 'took a new key to sign the log'],
  'log.stamped': [
    {
      type: 'log.stamped',
      treeSize: 31,
      stampedAt: Date.UTC(2026, 10, 23, 14),
      digest: `sha256:${'6'.repeat(64)}`,
      serialNumber: '02',
      authority: `sha256:${'7'.repeat(64)}`,
    },
    {},
    'had the log stamped at 31 leaves by a time-stamping authority (2026-11-23T14:00:00.000Z)',
  ],
  'log.damaged': [
    { type: 'log.damaged', leafIndex: 31, file: 'tile/entries/000', problem: 'hash' },
    {},
    'found leaf 31 damaged: hash',
  ],
  'log.repaired': [
    { type: 'log.repaired', leafIndexes: [31, 32], from: 'witness' },
    {},
    'repaired leaves 31 and 32 from witness',
  ],
  'log.summarised': [
    { type: 'log.summarised', refused: [{ code: 'door_unknown', count: 3 }] },
    {},
    'turned away 3 unverified requests (door_unknown 3)',
  ],
  'log.refused': [
    { type: 'log.refused', wanted: 'assign role' },
    { reason: 'log_damaged' },
    'was refused to assign role: the stored log does not match its signed checkpoint; privileged actions stop until it is repaired',
  ],
} as const satisfies { readonly [T in EventType]?: Told }
