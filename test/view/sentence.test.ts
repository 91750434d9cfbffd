import { expect, test } from 'vitest'
import { tell } from '../../src/control/view/sentence.ts'
import { schemas, type Event, type EventType } from '../../src/domain/event.ts'
import type { Leaf } from '../../src/domain/leaf.ts'
import {
  ana,
  artifact,
  commitId,
  company,
  digest,
  given,
  ivo,
  job,
  jobFacts,
  mara,
  NOON,
  release,
} from '../domain/given.ts'

const grant = 'grant:0000000000'
const alert = 'alert:0000000000'
const fingerprint = `SHA256:${'I'.repeat(43)}`
const requested: Event = {
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
const issued: Event = {
  type: 'grant.issued',
  grant,
  release,
  target: 'web',
  kind: 'ssh',
  holder: job,
  login: 'login:0000000000',
  expiresAt: NOON + 120_000,
}
const fired: Event = {
  type: 'alert.fired',
  alert,
  rule: 'rapid_roles',
  severity: 'high',
  evidence: [1, 2, 3, 4],
  about: ana,
}
const update = { ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: commitId('c'), isForced: false } as const
const set = Object.fromEntries(company.map(({ event }) => [event.type, event])) as Record<EventType, Event>

const { state } = given(...company, { event: requested }, { event: issued }, { event: fired })

/** Each event type with an event, the answer it stands for, and its sentence. */
const delegation = 'delegation:000000000000'
const inquiry = 'inquiry:000000000000'
const glass = { breakglass: 'breakglass:000000000000', release, environment: 'production' } as const

const idp = { idp: 'acme', issuer: 'https://idp.example' } as const

const sentences: { readonly [T in EventType]: readonly [Event, Partial<Leaf>, string] } = {
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
  'login.opened': [
    { ...set['login.opened'], principal: job, method: 'job', job: jobFacts } as Event,
    {},
    'signed in with the token of its CI for 1 hour, running main ccccccc',
  ],
  'account.linked': [
    { type: 'account.linked', person: ivo, issuer: 'https://ci.example' },
    {},
    `said which account at https://ci.example is {${ivo}}’s`,
  ],
  'account.unlinked': [
    { type: 'account.unlinked', person: ivo, issuer: 'https://ci.example' },
    {},
    `unlinked the accounts of {${ivo}} at https://ci.example`,
  ],
  'account.refused': [
    { type: 'account.refused', person: ivo, issuer: 'https://ci.example', wanted: 'link' },
    { outcome: 'refused', reason: 'account_taken' },
    `was refused to link an account of {${ivo}} at https://ci.example: this account at the CI is somebody else’s`,
  ],
  'login.renewed': [
    {
      type: 'login.renewed',
      login: 'login:0000000000',
      tokenDigest: digest('5'),
      tokenExpiresAt: NOON + 300_000,
      expiresAt: NOON + 3_600_000,
    },
    {},
    'signed in anew with the token of its CI for 1 hour',
  ],
  'login.ended': [{ type: 'login.ended', login: 'login:0000000000' }, {}, 'signed out'],
  'login.refused': [
    { type: 'login.refused', method: 'job', principal: job },
    { reason: 'token_reused' },
    'was refused a login with the token of its CI: this CI token was used before; each is accepted once',
  ],
  'policy.activated': [
    set['policy.activated'],
    {},
    expect.stringMatching(/^put the policy set [0-9a-f]{7} in force \(0 policies\)$/) as string,
  ],
  'policy.asked': [
    {
      type: 'policy.asked',
      digest: digest('b'),
      ids: ['one'],
      by: ivo,
      replay: {
        before: digest('c'),
        from: 10,
        treeSize: 40,
        rootHash: 'A'.repeat(44),
        newlyRefused: 2,
        newlyAllowed: 1,
        unchanged: 17,
        unknown: 3,
        changesDigest: digest('e'),
      },
      nonce: 'n'.repeat(43),
      expiresAt: NOON,
      policyDigest: digest('c'),
      statementDigest: digest('d'),
    },
    {},
    'asked for the policy set bbbbbbb, under which history has 2 newly refused, 1 newly allowed and 17 unchanged, 3 not known; another administrator must agree',
  ],
  'policy.declined': [
    { type: 'policy.declined', digest: digest('b'), asked: 7, by: ivo },
    {},
    'declined the policy set bbbbbbb, asked for in leaf 7',
  ],
  'policy.refused': [
    { type: 'policy.refused' },
    { reason: 'policy_invalid' },
    'was refused to change the policies: this policy set does not pass validation; the one in force stays',
  ],
  'principal.invited': [
    { ...set['principal.invited'], person: mara, roles: ['approver'] } as Event,
    {},
    `invited {${mara}} as approver`,
  ],
  'principal.enrolled': [set['principal.enrolled'], {}, 'enrolled a software passkey'],
  'evidence.exported': [
    { type: 'evidence.exported', from: 3, to: 90, digest: digest('e'), framework: 'soc2', withhold: 'personal' },
    {},
    'took away leaves 3 to 89 as evidence for soc2, without personal data (eeeeeee)',
  ],
  'evidence.refused': [
    { type: 'evidence.refused', from: 3, to: 90 },
    { outcome: 'refused', reason: 'policy_refused' },
    'was refused the evidence of leaves 3 to 89: the policies in force do not permit this',
  ],
  'erasure.ordered': [
    {
      type: 'erasure.ordered',
      person: ivo,
      fields: ['ip', 'userAgent'],
      evidence: true,
      by: ana,
      agreed: { by: mara, asked: 8, statementDigest: digest('5'), isSoftware: false },
    },
    {},
    `agreed to erase ip and userAgent about {${ivo}}, evidence included, as {${ana}} asked in leaf 8`,
  ],
  'erasure.asked': [
    {
      type: 'erasure.asked',
      person: ivo,
      evidence: false,
      by: ana,
      nonce: 'n'.repeat(43),
      expiresAt: NOON + 60_000,
      policyDigest: digest('4'),
      statementDigest: digest('5'),
    },
    { outcome: 'waiting', reason: 'agreement_missing' },
    `asked to erase everything personal about {${ivo}}; another administrator must agree`,
  ],
  'erasure.declined': [
    { type: 'erasure.declined', asked: 8, person: ivo, by: mara },
    {},
    `declined to erase what is personal about {${ivo}}, asked for in leaf 8`,
  ],
  'erasure.done': [
    { type: 'erasure.done', order: 9, person: ivo, leaves: 2, disclosures: 4, evidence: 1, evidenceKept: 0 },
    {},
    `erased 4 disclosures beside 2 leaves and 1 piece of evidence about {${ivo}}`,
  ],
  'erasure.refused': [
    { type: 'erasure.refused', person: ivo, wanted: 'ask' },
    { reason: 'person_active' },
    `was refused to erase what is personal about {${ivo}}: this person can still act here; their handle, name and addresses say who answers for it`,
  ],
  'principal.revoked': [{ type: 'principal.revoked', principal: ivo }, {}, `revoked {${ivo}}`],
  'principal.refused': [
    { type: 'principal.refused', wanted: 'invite person' },
    { reason: 'handle_taken' },
    'was refused to invite person: somebody has this handle already',
  ],
  'observation.recorded': [
    {
      ...{ type: 'observation.recorded', principal: job, kind: 'command.run', claimedAt: NOON, grant },
      ...{ status: 'passed', durationMs: 61_000 },
    },
    {},
    'reported command.run with the certificate for web: passed after 61 seconds',
  ],
  'observation.refused': [
    { type: 'observation.refused', principal: job, kind: 'test.finished', release },
    { reason: 'policy_refused' },
    'was refused to report test.finished for shop ccccccc to production: the policies in force do not permit this',
  ],
  'release.requested': [
    requested,
    { outcome: 'waiting' },
    'asked to release shop ccccccc to production; 2 approvals needed',
  ],
  'release.refused': [
    { type: 'release.refused', artifact, environment: 'production', requester: job },
    { reason: 'no_provenance' },
    'was refused the release of aaaaaaa to production: no accepted build made this artifact',
  ],
  'release.ended': [
    { type: 'release.ended', release, exitCode: 3 },
    {},
    'failed to deploy shop ccccccc to production (exit code 3)',
  ],
  'repository.registered': [set['repository.registered'], {}, 'registered the repository acme/shop'],
  'repository.pushed': [
    set['repository.pushed'],
    {},
    `accepted 1 commit signed by {${ivo}} to acme/shop main (ccccccc)`,
  ],
  'repository.refused': [
    { type: 'repository.refused', repository: 'acme/shop', updates: [update], commit: commitId('d'), signer: ivo },
    { reason: 'signer_inactive' },
    `refused a push to acme/shop main: the commit is signed by somebody whose access was revoked (ddddddd by {${ivo}})`,
  ],
  'role.assigned': [
    { type: 'role.assigned', person: mara, role: 'auditor', by: ana, until: NOON + 7_200_000 },
    {},
    `gave {${mara}} the role auditor for 2 hours`,
  ],
  'role.removed': [
    { type: 'role.removed', person: mara, role: 'auditor', by: ana },
    {},
    `took the role auditor from {${mara}}`,
  ],
  'role.bound': [
    {
      type: 'role.bound',
      group: 'payments',
      role: 'approver',
      by: ana,
      scope: 'environment:production',
      from: NOON + 3_600_000,
      until: NOON + 7_200_000,
    },
    {},
    'gave everybody in payments the role approver in production from 2026-11-18T11:00:00.000Z until 2026-11-18T12:00:00.000Z',
  ],
  'role.unbound': [
    { type: 'role.unbound', group: 'payments', role: 'approver', by: ana, scope: 'repository:acme/shop' },
    {},
    'took the role approver for acme/shop from everybody in payments',
  ],
  'group.defined': [
    { type: 'group.defined', group: 'payments', source: 'direct', by: ana },
    {},
    'defined the group payments',
  ],
  'group.removed': [{ type: 'group.removed', group: 'payments', by: ana }, {}, 'removed the group payments'],
  'group.joined': [
    { type: 'group.joined', group: 'payments', person: mara, by: ana },
    {},
    `put {${mara}} into the group payments`,
  ],
  'group.left': [
    { type: 'group.left', group: 'payments', person: mara, by: ana },
    {},
    `took {${mara}} out of the group payments`,
  ],
  'group.refused': [
    { type: 'group.refused', group: 'payments', person: mara, by: ana, wanted: 'add' },
    { reason: 'group_kept_elsewhere' },
    `was refused to put {${mara}} into the group payments: this group is kept by a directory; its people are put into it there`,
  ],
  'network.defined': [
    { type: 'network.defined', network: 'office', cidrs: ['192.0.2.0/24', '2001:db8::/32'], by: ana },
    {},
    'defined the network office: 192.0.2.0/24 and 2001:db8::/32',
  ],
  'network.removed': [{ type: 'network.removed', network: 'office', by: ana }, {}, 'removed the network office'],
  'network.refused': [
    { type: 'network.refused', network: 'office', by: ana, wanted: 'define' },
    { reason: 'policy_refused' },
    'was refused to define the network office: the policies in force do not permit this',
  ],
  'role.refused': [
    { type: 'role.refused', person: mara, role: 'auditor', by: ana, wanted: 'assign' },
    { reason: 'principal_revoked' },
    `was refused to assign the role auditor to {${mara}}: this principal was revoked; nothing it asks for is allowed any more`,
  ],
  'search.saved': [
    { type: 'search.saved', search: 'search:0000000000', person: ana, isShared: true },
    {},
    'saved a search for everyone',
  ],
  'search.removed': [
    { type: 'search.removed', search: 'search:0000000000', person: ivo },
    { caller: { id: ana, kind: 'person' } },
    `removed a saved search of {${ivo}}`,
  ],
  'search.refused': [
    { type: 'search.refused', search: 'search:0000000000', wanted: 'save' },
    { reason: 'search_taken' },
    'was refused to save a search: you have a saved search of this name already',
  ],
  'trail.read': [
    {
      type: 'trail.read',
      reads: [
        { kind: 'search', query: 0 },
        { kind: 'search', query: 1 },
        { kind: 'leaf', leaf: 17 },
        { kind: 'why', query: 2 },
        { kind: 'evidence', evidence: digest('9') },
      ],
    },
    {},
    'searched the trail, read leaf 17 and 2 more',
  ],
  'trail.counted': [
    {
      type: 'trail.counted',
      principal: ana,
      login: 'login:0000000000',
      repeats: [
        { leafIndex: 17, read: 0, times: 3 },
        { leafIndex: 17, read: 1, times: 1 },
      ],
    },
    {},
    `counted that {${ana}} looked 4 more times at what they had asked for`,
  ],
  'trail.exported': [
    { type: 'trail.exported', format: 'csv', total: 1, treeSize: 40, rootHash: `${'A'.repeat(43)}=` },
    {},
    'took away 1 leaf as csv, of the tree of 40',
  ],
  'trail.refused': [
    { type: 'trail.refused', wanted: 'export' },
    { reason: 'policy_refused' },
    'was refused to export the trail: the policies in force do not permit this',
  ],
  'secret.kept': [{ type: 'secret.kept', target: 'npm', version: 2 }, {}, 'set the secret of npm anew (version 2)'],
  'secret.overdue': [
    { type: 'secret.overdue', target: 'npm', version: 2 },
    {},
    'found the secret of npm older than it may be',
  ],
  'target.certified': [
    { type: 'target.certified', target: 'web', publicKey: 'ssh-ed25519 AAAA', validUntil: NOON + 7_200_000 },
    { at: NOON },
    'certified the host key of web for 2 hours',
  ],
  'target.defined': [set['target.defined'], {}, 'defined the target other (SSH at localhost:22)'],
}

const plain = { at: NOON, outcome: 'allowed', command: { type: 'open log' } } as unknown as Leaf

test.each(Object.keys(schemas) as EventType[])('%s is told in a sentence', (type) => {
  const [event, more, sentence] = sentences[type]
  const { type: _, ...fields } = event
  expect(schemas[type].safeParse(fields).error).toBeUndefined()
  const leaf = { ...plain, event, ...more } as Leaf
  expect(tell(leaf, state).sentence).toEqual(sentence)
})

test('a leaf about something that the state does not know is told by its id', () => {
  const empty = given().state
  for (const type of Object.keys(schemas) as EventType[]) {
    const [event, more] = sentences[type]
    const { sentence, resource } = tell({ ...plain, event, ...more } as Leaf, empty)
    expect(`${sentence} ${JSON.stringify(resource ?? {})}`).not.toMatch(/undefined|NaN|\[object/)
  }
})
