/** Why something was refused or must wait: a closed list of codes, each with the sentence that a person reads and what to do. */

export type Advice = { readonly sentence: string; readonly next?: string }

export const reasons = {
  policy_refused: { sentence: 'The policies in force do not permit this.', next: 'countersign policy check' },
  approvals_missing: { sentence: 'The people who must approve this have not done so yet.' },
  login_unknown: { sentence: 'This login does not exist.', next: 'countersign login' },
  login_expired: { sentence: 'This login has expired.', next: 'countersign login' },
  login_ended: { sentence: 'This login was ended.', next: 'countersign login' },
  principal_revoked: { sentence: 'This principal was revoked; nothing it asks for is allowed any more.' },
  not_enrolled: { sentence: 'This person has not enrolled a passkey yet.' },
  wrong_principal: { sentence: 'Another kind of principal must do this.' },
  no_such_person: { sentence: 'There is no such person.', next: 'countersign people list' },
  person_active: {
    sentence: 'This person can still act here; their handle, name and addresses say who answers for it.',
    next: 'countersign revoke',
  },
  no_such_key: { sentence: 'There is no such key.' },
  no_such_role: { sentence: 'That role is not held there.', next: 'countersign people list' },
  too_many_roles: { sentence: 'Nobody holds more than two hundred roles at a time; take one away first.' },
  no_such_group: { sentence: 'There is no such group.', next: 'countersign group list' },
  no_such_member: { sentence: 'This person is not in that group.', next: 'countersign group list' },
  member_already: { sentence: 'This person is in that group already.' },
  too_many_groups: { sentence: 'There are as many groups as there can be, here or for this person; remove one first.' },
  group_kept_elsewhere: { sentence: 'This group is kept by a directory; its people are put into it there.' },
  no_such_network: { sentence: 'No network of that name is defined.', next: 'countersign network list' },
  network_needed: {
    sentence: 'Without this network nobody could change the policies in force any more; change them first.',
    next: 'countersign policy apply',
  },
  no_such_addresses: {
    sentence:
      'A network is written as an address and the length of its prefix, such as 192.0.2.0/24, with no bits behind it.',
  },
  too_many_networks: { sentence: 'There are sixty-four networks already; remove one first.' },
  no_such_repository: {
    sentence: 'This repository is not registered.',
    next: 'countersign git hook install --register',
  },
  no_such_environment: { sentence: 'This environment is not defined.' },
  environment_frozen: {
    sentence: 'This environment is frozen: nothing is released into it now.',
    next: 'countersign freeze list',
  },
  no_such_freeze: { sentence: 'There is no such freeze, or it is over.', next: 'countersign freeze list' },
  too_many_freezes: { sentence: 'This environment has a hundred freezes already, those to come included.' },
  no_such_time: { sentence: 'It would be over before it begins.' },
  no_such_approval: { sentence: 'There is no approval of yours to withdraw.' },
  approval_used: {
    sentence: 'A credential was lent on this approval already.',
    next: 'countersign refuse',
  },
  environment_changed: {
    sentence: 'The environment was defined anew since this was asked; approvals given before are void.',
    next: 'countersign run',
  },
  own_delegation: { sentence: 'Nobody stands in for themselves.' },
  no_such_delegation: {
    sentence: 'There is no such delegation, or it is over.',
    next: 'countersign delegation list',
  },
  too_many_delegations: { sentence: 'A person gives at most ten delegations at a time, those to come included.' },
  no_such_inquiry: { sentence: 'Nobody asked that about this release.' },
  too_many_inquiries: { sentence: 'A release has at most twenty questions, and a question five answers.' },
  glass_broken: { sentence: 'The glass was broken for this release already.' },
  review_missing: {
    sentence: 'A break-glass, in this environment or by the same person, was not judged by somebody else yet.',
    next: 'countersign break-glass list',
  },
  no_such_breakglass: {
    sentence: 'There is no such break-glass, or it was judged already.',
    next: 'countersign break-glass list',
  },
  own_breakglass: {
    sentence: 'Nobody judges a break-glass of their own, or of what they wrote.',
    next: 'ask somebody else',
  },
  no_such_target: { sentence: 'This target is not defined.' },
  no_such_release: { sentence: 'There is no such release.' },
  no_such_grant: { sentence: 'There is no such grant.' },
  no_such_alert: { sentence: 'There is no such alert.' },
  no_such_invitation: {
    sentence: 'This enrolment link is unknown, was used already, or has expired.',
    next: 'countersign people invite',
  },
  no_such_search: { sentence: 'There is no such saved search.', next: 'countersign trail searches' },
  search_taken: {
    sentence: 'You have a saved search of this name already.',
    next: 'countersign trail unsave',
  },
  searches_full: {
    sentence: 'A person keeps at most 200 saved searches.',
    next: 'countersign trail unsave',
  },
  id_taken: { sentence: 'Something has this identifier already.' },
  handle_taken: { sentence: 'Somebody has this handle already.' },
  key_taken: { sentence: 'This key belongs to somebody else already.' },
  passkey_taken: { sentence: 'This passkey is enrolled already.' },
  passkey_unknown: { sentence: 'This passkey is not enrolled here.' },
  no_such_idp: { sentence: 'No identity provider of that name is trusted.', next: 'countersign idp list' },
  idp_claim_fixed: {
    sentence: 'People are known here by another claim of this provider; remove it first.',
    next: 'countersign idp remove',
  },
  scim_client_unknown: {
    sentence: 'No directory of that name is trusted, or its credential has expired.',
    next: 'countersign directory add',
  },
  too_many_scim_clients: { sentence: 'A hundred directories are trusted already.' },
  idp_subject_unknown: {
    sentence: 'The identity provider knows this account; nobody here is linked to it.',
    next: 'countersign people link',
  },
  identity_taken: { sentence: 'This account, or this person, is linked already.' },
  no_such_identity: { sentence: 'This person has no account at that identity provider.' },
  issuer_unknown: { sentence: 'No issuer of that name is trusted.' },
  evidence_stale: { sentence: 'What proves this was verified too long ago; ask again.' },
  challenge_used: {
    sentence: 'What the passkey signed was used before; it opens one login.',
    next: 'countersign login',
  },
  token_reused: { sentence: 'This CI token was used before; each is accepted once.' },
  another_run: { sentence: 'The fresh CI token is not of the job that this login belongs to.' },
  no_such_account: { sentence: 'This person has no account there that is known here.' },
  account_taken: { sentence: 'This account at the CI is somebody else’s.' },
  unsigned: {
    sentence: 'The commit is not signed.',
    next: 'countersign git setup && git commit --amend -S --no-edit && git push',
  },
  unknown_key: { sentence: 'The commit is signed by a key that nobody has enrolled.', next: 'countersign git setup' },
  bad_signature: {
    sentence: 'The signature of the commit does not verify.',
    next: 'git commit --amend -S --no-edit && git push',
  },
  signer_inactive: { sentence: 'The commit is signed by somebody whose access was revoked.' },
  author_mismatch: {
    sentence: 'The commit names an author other than its signer.',
    next: 'git commit --amend --reset-author -S',
  },
  commit_malformed: { sentence: 'A commit object is malformed.' },
  history_missing: {
    sentence: 'A parent of a pushed commit is not known here.',
    next: 'push the missing history first',
  },
  forced_push: { sentence: 'Protected references only move forward.', next: 'git pull --rebase && git push' },
  deletion: { sentence: 'A protected reference cannot be deleted.' },
  commit_not_accepted: { sentence: 'This commit was never accepted by a signed push.', next: 'git push' },
  commit_mismatch: { sentence: 'The provenance names another commit than the CI token.' },
  repository_mismatch: { sentence: 'This job runs for another repository.' },
  builder_mismatch: { sentence: 'The provenance was not signed by this job.' },
  no_provenance: { sentence: 'No accepted build made this artifact.', next: 'countersign attest' },
  ref_not_allowed: { sentence: 'This environment takes releases from other branches only.' },
  target_not_allowed: { sentence: 'This target does not belong to that environment.' },
  release_closed: { sentence: 'This release is over.' },
  release_expired: { sentence: 'This release was not approved in time.', next: 'countersign run' },
  policy_changed: {
    sentence: 'The policies changed since this was asked; approvals given under the old ones are void.',
    next: 'countersign run',
  },
  statement_mismatch: { sentence: 'The signature is over another statement than the one that was asked.' },
  own_release: { sentence: 'Nobody approves what they wrote or asked for.' },
  already_approved: { sentence: 'This person approved this release already.' },
  agreement_missing: {
    sentence: 'Another administrator must agree to this before anything is erased.',
    next: 'countersign erase agree',
  },
  no_such_erasure: {
    sentence: 'No such erasure waits for anybody: it was agreed to, declined, or never asked for.',
    next: 'countersign erasures',
  },
  erasure_expired: {
    sentence: 'Nobody agreed to this erasure in time; it can be asked for again, for at most seven days.',
    next: 'countersign erase person',
  },
  erasures_full: {
    sentence: 'A hundred erasures wait for an agreement already.',
    next: 'countersign erasures',
  },
  activation_waiting: {
    sentence: 'Another administrator must agree before these policies are in force.',
    next: 'countersign policy agree',
  },
  no_such_activation: {
    sentence: 'No such change of policies waits for anybody: it was agreed to, declined, or overtaken by another one.',
    next: 'countersign policy waiting',
  },
  activation_expired: {
    sentence: 'Nobody agreed to these policies in time; they can be asked for again, for at most seven days.',
    next: 'countersign policy apply',
  },
  activations_full: {
    sentence: 'Sixteen changes of the policies wait for an agreement already.',
    next: 'countersign policy waiting',
  },
  own_activation: {
    sentence: 'Nobody agrees to policies that they asked for themselves.',
    next: 'ask another administrator',
  },
  activation_void: {
    sentence: 'Since this was asked, the policies changed, or who asked may not ask for it any more.',
    next: 'countersign policy apply',
  },
  own_erasure: {
    sentence: 'Nobody agrees to what they asked for, nor to being forgotten themselves.',
    next: 'ask another administrator',
  },
  order_void: {
    sentence: 'Since this was asked, the policies changed, or who asked may not ask for it any more.',
    next: 'countersign erase person',
  },
  grant_ended: { sentence: 'This grant has ended.' },
  mint_failed: { sentence: 'The credential could not be made at the target.' },
  log_damaged: {
    sentence: 'The stored log does not match its signed checkpoint; privileged actions stop until it is repaired.',
    next: 'countersign restore',
  },
  policy_invalid: {
    sentence: 'This policy set does not pass validation; the one in force stays.',
    next: 'countersign policy check',
  },
} as const satisfies Record<string, Advice>

export type Reason = keyof typeof reasons

export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text)
}

export function adviceOf(reason: Reason): Advice {
  return reasons[reason]
}
