import { expect, test } from 'vitest'
import { tell } from '../../src/control/view/sentence.ts'
import { schemas, type Event, type EventType } from '../../src/domain/event.ts'
import type { Leaf } from '../../src/domain/leaf.ts'
import { ana, artifact, commitId, digest, given, ivo, job, jobFacts, mara, NOON, release } from '../domain/given.ts'
import { grant, requested, set, state, update, told, type Told } from './told.ts'

/** Each event type with an event, the answer it stands for, and its sentence. */
const sentences: { readonly [T in EventType]: Told } = {
  ...told,
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
