/** Sentences about people, keys, logins, settings, the log itself and its alerts. */

import { requiredOf } from '../../domain/approval-rule.ts'
import { alertWords } from './alert-words.ts'
import {
  about,
  because,
  count,
  list,
  named,
  refName,
  short,
  span,
  type Known,
  type Told,
  type Tells,
} from './phrase.ts'
import type { Event, EventType } from '../../domain/event.ts'
import type { JobFacts } from '../../domain/login.ts'
import type { Kind } from '../../domain/target.ts'

type Room =
  | 'alert'
  | 'authority'
  | 'environment'
  | 'evidence'
  | 'erasure'
  | 'issuer'
  | 'key'
  | 'log'
  | 'login'
  | 'policy'
  | 'principal'
  | 'secret'
  | 'target'
type Types = Extract<EventType, `${Room}.${string}`>

function aboutPerson(id: string): Pick<Told, 'resource'> {
  return about('person', id, named(id))
}

function alertNamed(id: string, { alerts }: Known): string {
  const alert = alerts.get(id)
  return alert ? alertWords(alert) : id
}

type Order = { readonly person: string; readonly fields?: readonly string[] | undefined; readonly evidence: boolean }

function whatOf({ person, fields, evidence }: Order): string {
  const what = fields === undefined ? 'everything personal' : list([...fields])
  return `${what} about ${named(person)}${evidence ? ', evidence included' : ''}`
}

const refusedErasure = { ask: 'to erase', agree: 'to agree to erase', decline: 'to decline to erase' }

const methods = {
  passkey: 'with a passkey',
  job: 'with the token of its CI',
  code: 'at the command line',
  oidc: 'at an identity provider',
}

const kinds: Readonly<Record<Kind, string>> = {
  ssh: 'SSH',
  postgres: 'PostgreSQL',
  mysql: 'MySQL',
  oidc: 'tokens',
  x509: 'certificates',
  github: 'GitHub',
  secret: 'a secret',
}
const authorities = {
  oidc: 'the OIDC issuer of jobs',
  x509: 'the certificate authority of jobs',
  'ssh-host': 'the certificate authority of hosts',
}

export const tells: Tells<Types> = {
  'alert.fired': (event) => ({ sentence: `raised an alert: ${alertWords(event)}`, ...about('alert', event.alert) }),
  'alert.acknowledged': ({ alert }, _, known) => ({
    sentence: `acknowledged the alert: ${alertNamed(alert, known)}`,
    ...about('alert', alert),
  }),
  'alert.refused': ({ alert }, { reason }) => ({
    sentence: `was refused to acknowledge an alert${because(reason)}`,
    ...about('alert', alert),
  }),
  'authority.keyed': ({ authority, signsFrom }, { at }) => ({
    sentence: `took a key for ${authorities[authority]}${signsFrom > at ? `, to sign in ${span(signsFrom - at)}` : ''}`,
    ...about('authority', authority),
  }),
  'environment.defined': ({ environment, approvals, approverRole, rules }) => ({
    sentence: `defined the environment ${environment}: ${rules ? `${count(requiredOf({ rules, approvals }), 'approval')} by ${count(rules.length, 'rule')}` : `${count(approvals, 'approval')} by ${approverRole}`}`,
    environment,
    ...about('environment', environment),
  }),
  'erasure.asked': (asked) => ({
    sentence: `asked to erase ${whatOf(asked)}; another administrator must agree`,
    ...aboutPerson(asked.person),
  }),
  'erasure.ordered': ({ agreed, by, ...ordered }) => ({
    sentence: agreed
      ? `agreed to erase ${whatOf(ordered)}, as ${named(by)} asked in leaf ${agreed.asked}`
      : `ordered to erase ${whatOf(ordered)}, alone`,
    ...aboutPerson(ordered.person),
  }),
  'erasure.declined': ({ person, asked }) => ({
    sentence: `declined to erase what is personal about ${named(person)}, asked for in leaf ${asked}`,
    ...aboutPerson(person),
  }),
  'erasure.done': ({ person, leaves, disclosures, evidence }) => ({
    sentence: `erased ${count(disclosures, 'disclosure')} beside ${count(leaves, 'leaf', 'leaves')}${evidence > 0 ? ` and ${count(evidence, 'piece')} of evidence` : ''} about ${named(person)}`,
    ...aboutPerson(person),
  }),
  'erasure.refused': ({ person, wanted }, { reason }) => ({
    sentence: `was refused ${refusedErasure[wanted]} ${person ? `what is personal about ${named(person)}` : 'what is personal'}${because(reason)}`,
    ...(person && aboutPerson(person)),
  }),
  'evidence.exported': ({ from, to, framework, digest, withhold }) => ({
    sentence: `took away leaves ${from} to ${to - 1} as evidence${framework ? ` for ${framework}` : ''}${withhold ? ', without personal data' : ''} (${short(digest)})`,
    ...about('package', digest, short(digest)),
  }),
  'evidence.refused': ({ from, to }, { reason }) => ({
    sentence: `was refused the evidence of leaves ${from} to ${to - 1}${because(reason)}`,
  }),
  'issuer.trusted': ({ issuer }) => ({ sentence: `trusted CI tokens of ${issuer}`, ...about('issuer', issuer) }),
  'key.enrolled': ({ person, fingerprint, format }) => ({
    sentence: `enrolled the ${format === 'ssh' ? 'SSH' : 'OpenPGP'} signing key ${fingerprint}`,
    ...aboutPerson(person),
  }),
  'key.removed': ({ person, fingerprint }) => ({
    sentence: `removed the signing key ${fingerprint}`,
    ...aboutPerson(person),
  }),
  'key.refused': ({ fingerprint, wanted }, { reason }) => ({
    sentence: `was refused to ${wanted === 'enrol' ? 'enrol' : 'remove'} the signing key ${fingerprint}${because(reason)}`,
    ...about('key', fingerprint),
  }),
  'log.created': ({ origin }) => ({ sentence: `began the log ${origin}`, ...about('log', origin) }),
  'log.opened': ({ version, treeSize }) => ({
    sentence: `opened the log at ${count(treeSize, 'leaf', 'leaves')}, version ${version}`,
  }),
  'log.rotated': () => ({ sentence: 'took a new key to sign the log' }),
  'log.stamped': ({ treeSize, stampedAt }) => ({
    sentence: `had the log stamped at ${count(treeSize, 'leaf', 'leaves')} by a time-stamping authority (${new Date(stampedAt).toISOString()})`,
  }),
  'log.damaged': ({ leafIndex, problem }) => ({
    sentence: `found leaf ${leafIndex} damaged: ${problem}`,
    ...about('leaf', String(leafIndex)),
  }),
  'log.repaired': ({ leafIndexes, from }) => ({
    sentence: `repaired ${leafIndexes.length === 1 ? 'leaf' : 'leaves'} ${list(leafIndexes.slice(0, 5).map(String))} from ${from}`,
    ...about('leaf', String(leafIndexes[0])),
  }),
  'log.summarised': ({ refused }) => {
    const total = refused.reduce((sum, { count: number }) => sum + number, 0)
    const most = refused.slice(0, 3).map(({ code, count: number }) => `${code} ${number}`)
    return { sentence: `turned away ${count(total, 'unverified request')} (${list(most)})` }
  },
  'log.refused': ({ wanted }, { reason }) => ({ sentence: `was refused to ${wanted}${because(reason)}` }),
  'login.opened': ({ login, method, job, expiresAt }, { at }) => ({
    sentence: `signed in ${methods[method]} for ${span(expiresAt - at)}${job ? runWords(job) : ''}`,
    ...about('login', login),
  }),
  'login.renewed': ({ login, expiresAt }, { at }) => ({
    sentence: `signed in anew ${methods.job} for ${span(expiresAt - at)}`,
    ...about('login', login),
  }),
  'login.ended': ({ login }) => ({ sentence: 'signed out', ...about('login', login) }),
  'login.refused': ({ method }, { reason }) => ({
    sentence: `was refused a login ${methods[method]}${because(reason)}`,
  }),
  'policy.asked': ({ digest, replay }) => ({
    sentence: `asked for the policy set ${short(digest)}${historyOf(replay)}; another administrator must agree`,
    ...about('policy', digest, short(digest)),
  }),
  'policy.declined': ({ digest, asked }) => ({
    sentence: `declined the policy set ${short(digest)}, asked for in leaf ${asked}`,
    ...about('policy', digest, short(digest)),
  }),
  'policy.activated': ({ digest, ids, replay, agreed }) => ({
    sentence: `put the policy set ${short(digest)} in force (${count(ids.length, 'policy', 'policies')})${historyOf(replay)}${agreed ? `, as ${named(agreed.askedBy)} asked in leaf ${agreed.asked}` : ''}`,
    ...about('policy', digest, short(digest)),
  }),
  'policy.refused': ({ digest }, { reason }) => ({
    sentence: `was refused to change the policies${because(reason)}`,
    ...(digest && about('policy', digest, short(digest))),
  }),
  'principal.invited': ({ person, roles }) => ({
    sentence: `invited ${named(person)}${roles.length > 0 ? ` as ${list(roles)}` : ''}`,
    ...aboutPerson(person),
  }),
  'principal.enrolled': ({ person, passkey }) => ({
    sentence: `enrolled a ${passkey.isSoftware ? 'software passkey' : 'passkey'}`,
    ...aboutPerson(person),
  }),
  'principal.revoked': ({ principal }) => ({ sentence: `revoked ${named(principal)}`, ...aboutPerson(principal) }),
  'principal.refused': ({ wanted }, { reason }) => ({ sentence: `was refused to ${wanted}${because(reason)}` }),
  'secret.kept': ({ target, version }) => ({
    sentence: `set the secret of ${target} ${version === 1 ? 'for the first time' : `anew (version ${version})`}`,
    ...about('target', target),
  }),
  'secret.overdue': ({ target }) => ({
    sentence: `found the secret of ${target} older than it may be`,
    ...about('target', target),
  }),
  'target.certified': ({ target, validUntil }, { at }) => ({
    sentence: `certified the host key of ${target} for ${span(validUntil - at)}`,
    ...about('target', target),
  }),
  'target.defined': ({ target, kind, address }) => ({
    sentence: `defined the target ${target} (${kinds[kind]} at ${address})`,
    ...about('target', target),
  }),
}

/** ", running main 4be0c11", as far as the token says so. */
function runWords({ ref, commit }: JobFacts): string {
  const words = [...(ref ? [refName(ref)] : []), ...(commit ? [short(commit)] : [])]
  return words.length > 0 ? `, running ${words.join(' ')}` : ''
}

type Replay = Extract<Event, { type: 'policy.activated' }>['replay']

/** What history would have been under the set, in half a sentence. */
function historyOf(replay: Replay): string {
  if (!replay) return ''
  const { newlyRefused, newlyAllowed, unchanged, unknown } = replay
  const lost = unknown > 0 ? `, ${unknown} not known` : ''
  return `, under which history has ${newlyRefused} newly refused, ${newlyAllowed} newly allowed and ${unchanged} unchanged${lost}`
}
