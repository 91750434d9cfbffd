/** Populations that are lists: one row for each leaf of these types, with these of its fields. */

import { each, type Rule } from './rule.ts'

/** What people said and hold. */
export const aboutPeople: readonly Rule[] = [
  each(
    'approvals',
    'One row for each approval, given or taken back, each release declined, each of these that was refused, and each time that others were asked, too.',
    ['approval.given', 'approval.withdrawn', 'approval.declined', 'approval.refused', 'approval.escalated'],
    ['release', 'wanted', 'statementDigest', 'isSoftware', 'onBehalfOf', 'missing'],
  ),
  each(
    'break-glass',
    'One row for each release that somebody let go without its approvals, each judgement of that, each that was late, and each refused.',
    ['breakglass.used', 'breakglass.reviewed', 'breakglass.overdue', 'breakglass.refused'],
    [
      'breakglass',
      'release',
      'environment',
      'usedBy',
      'given',
      'required',
      'isFrozen',
      'reviewBy',
      'verdict',
      'wanted',
    ],
  ),
  each(
    'delegations',
    'One row for each time that somebody has another approve in their name, its end, and each refused.',
    ['delegation.given', 'delegation.ended', 'delegation.refused'],
    ['delegation', 'to', 'from', 'until', 'wanted'],
  ),
  each(
    'inquiries',
    'One row for each question about a release that waits, each answer, and each refused; their words are disclosures.',
    ['inquiry.asked', 'inquiry.answered', 'inquiry.refused'],
    ['inquiry', 'release', 'wanted'],
  ),
  each(
    'identities',
    'One row for each person invited, enrolled or revoked, and each signing key enrolled, removed or refused.',
    ['principal.invited', 'principal.enrolled', 'principal.revoked', 'key.enrolled', 'key.removed', 'key.refused'],
    ['person', 'principal', 'roles', 'fingerprint', 'format'],
  ),
  each(
    'roles',
    'One row for each role given to a person or a group, taken or refused; roles that came with an invitation stand among the identities.',
    ['role.assigned', 'role.removed', 'role.bound', 'role.unbound', 'role.refused'],
    ['person', 'group', 'role', 'scope', 'from', 'until', 'source', 'wanted'],
  ),
  each(
    'groups',
    'One row for each group defined or removed, each person put into one or taken out, and each of these that was refused.',
    ['group.defined', 'group.removed', 'group.joined', 'group.left', 'group.refused'],
    ['group', 'person', 'source', 'wanted'],
  ),
]

/** What was set up, came in, and was noted. */
export const aboutRest: readonly Rule[] = [
  each(
    'policies',
    'One row for each policy set asked for, agreed to, declined, put in force or refused; it is in force until the next one is.',
    ['policy.asked', 'policy.activated', 'policy.declined', 'policy.refused'],
    ['digest', 'ids', 'asked', 'by'],
  ),
  each(
    'settings',
    'One row for each issuer, repository, environment, target and network that was registered, defined, changed or removed, and each freeze of an environment.',
    [
      'issuer.trusted',
      'repository.registered',
      'environment.defined',
      'target.defined',
      'target.certified',
      'network.defined',
      'network.removed',
      'authority.keyed',
      'secret.kept',
      'secret.overdue',
      'freeze.begun',
      'freeze.ended',
    ],
    [
      'issuer',
      'repository',
      'environment',
      'target',
      'network',
      'cidrs',
      'approvals',
      'approverRole',
      'targets',
      'kind',
      'address',
      'protectedRefs',
    ],
  ),
  each(
    'pushes',
    'One row for each push that was accepted or refused.',
    ['repository.pushed', 'repository.refused'],
    ['repository', 'commit', 'signer', 'fingerprint'],
  ),
  each(
    'builds',
    'One row for each build attested or refused.',
    ['build.attested', 'build.refused'],
    ['build', 'repository', 'commit', 'builder', 'provenance'],
  ),
  each(
    'logins',
    'One row for each login opened, renewed, ended or refused.',
    ['login.opened', 'login.renewed', 'login.ended', 'login.refused'],
    ['login', 'principal', 'method', 'expiresAt'],
  ),
  each(
    'erasures',
    'One row for each order to erase what is personal about somebody: asked for, agreed to, declined, carried out or refused.',
    ['erasure.asked', 'erasure.ordered', 'erasure.declined', 'erasure.done', 'erasure.refused'],
    ['person', 'fields', 'order', 'leaves', 'disclosures'],
  ),
  each(
    'log',
    'One row for each leaf that the log has about itself: starts, keys, damage, repairs, what was turned away unverified, reads, searches kept, exports, and what principals reported.',
    [
      'log.created',
      'log.opened',
      'log.rotated',
      'log.stamped',
      'log.damaged',
      'log.repaired',
      'log.summarised',
      'log.refused',
      'evidence.exported',
      'evidence.refused',
      'trail.read',
      'trail.counted',
      'trail.exported',
      'search.saved',
      'search.removed',
      'observation.recorded',
    ],
    ['origin', 'version', 'logKey', 'leafIndexes', 'problem', 'digest'],
  ),
]
