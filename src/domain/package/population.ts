/**
 * The populations of a period: which leaves make which rows. These rules are the definition; who verifies a package runs them
 * again over the proven leaves and compares.
 */

import { numberOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import { aboutPeople, aboutRest } from './population-row.ts'
import { cellOf, draftOf, rowOf, type Draft, type Drafts, type Rule } from './rule.ts'

const releaseColumns = [
  ...['release', 'requestedLeaf', 'requestedAt', 'requestedBy', 'environment', 'repository', 'commit', 'artifact'],
  ...['artifactName', 'required', 'approvals', 'approvers', 'softwareApprovals', 'declines', 'refusals', 'grants'],
  ...['endedLeaf', 'endedAt', 'exitCode', 'result'],
]

/** Everything about one release in one row, whatever part of it lies in the period. */
function takeRelease(leaf: PlainLeaf, drafts: Drafts): void {
  const id = textOf(leaf.event['release'])
  if (id === '') return
  if (leaf.type === 'release.requested') {
    const fields = ['environment', 'repository', 'commit', 'artifact', 'artifactName', 'required']
    const told = Object.fromEntries(fields.map((field) => [field, cellOf(leaf, field)]))
    const asked = { requestedLeaf: leaf.leafIndex, requestedAt: leaf.at, requestedBy: leaf.caller }
    drafts.set(id, { release: id, ...asked, ...told, ...nothingYet })
    return
  }
  const step = Object.hasOwn(releaseSteps, leaf.type) && releaseSteps[leaf.type]
  if (step) step(draftOf(drafts, id, { release: id, ...nothingYet, result: 'begun before the period' }), leaf)
}

const nothingYet = {
  approvals: 0,
  approvers: '',
  softwareApprovals: 0,
  declines: 0,
  refusals: 0,
  grants: 0,
  result: 'open',
}

const releaseSteps: Readonly<Record<string, (draft: Draft, leaf: PlainLeaf) => void>> = {
  'approval.given': (draft, { event }) => {
    count(draft, 'approvals')
    if (event['isSoftware'] === true) count(draft, 'softwareApprovals')
    draft['approvers'] = `${textOf(draft['approvers'])} ${textOf(event['by'])}`.trim()
  },
  'approval.withdrawn': (draft, { event }) => {
    draft['approvals'] = Math.max(0, numberOf(draft['approvals']) - 1)
    const left = textOf(draft['approvers'])
      .split(' ')
      .filter((by) => by !== textOf(event['by']))
    draft['approvers'] = left.join(' ')
  },
  'approval.declined': (draft) => {
    count(draft, 'declines')
    draft['result'] = 'declined'
  },
  'approval.refused': (draft) => count(draft, 'refusals'),
  'grant.issued': (draft) => count(draft, 'grants'),
  'grant.refused': (draft, { outcome }) => {
    if (outcome === 'refused') count(draft, 'refusals')
  },
  'release.ended': (draft, { event, leafIndex, at }) => {
    const exitCode = numberOf(event['exitCode'])
    Object.assign(draft, {
      endedLeaf: leafIndex,
      endedAt: at,
      exitCode,
      result: exitCode === 0 ? 'deployed' : 'failed',
    })
  },
}

function releaseOf({ type, event }: PlainLeaf): string | undefined {
  const isStep = type === 'release.requested' || Object.hasOwn(releaseSteps, type)
  return isStep ? textOf(event['release']) || undefined : undefined
}

function count(draft: Draft, column: string): void {
  draft[column] = numberOf(draft[column]) + 1
}

const grantColumns = [
  ...['grant', 'issuedLeaf', 'issuedAt', 'release', 'target', 'kind', 'holder', 'expiresAt'],
  ...['endedLeaf', 'endedAt', 'cause', 'clearedLeaf', 'clearedAt', 'how', 'terminated'],
]

const grantSteps = new Map([
  ['grant.issued', 'issued'],
  ['grant.ended', 'ended'],
  ['grant.cleared', 'cleared'],
])

function grantOf({ type, event }: PlainLeaf): string | undefined {
  return grantSteps.has(type) ? textOf(event['grant']) || undefined : undefined
}

function takeGrant(leaf: PlainLeaf, drafts: Drafts): void {
  const id = grantOf(leaf)
  const step = grantSteps.get(leaf.type)
  if (id === undefined || !step) return
  const fields = ['release', 'target', 'kind', 'holder', 'expiresAt', 'cause', 'how', 'terminated']
  const told = fields.map((field) => [field, cellOf(leaf, field)] as const).filter(([, value]) => value !== undefined)
  const when = { [`${step}Leaf`]: leaf.leafIndex, [`${step}At`]: leaf.at }
  Object.assign(draftOf(drafts, id, { grant: id }), when, Object.fromEntries(told))
}

const alertFields = ['rule', 'severity', 'about', 'repository', 'localTime', 'evidence']
const alertColumns = [
  ...['alert', 'firedLeaf', 'firedAt', ...alertFields],
  ...['acknowledgedLeaf', 'acknowledgedAt', 'acknowledgedBy'],
]

function alertOf({ type, event }: PlainLeaf): string | undefined {
  return type === 'alert.fired' || type === 'alert.acknowledged' ? textOf(event['alert']) : undefined
}

function takeAlert(leaf: PlainLeaf, drafts: Drafts): void {
  const id = textOf(leaf.event['alert'])
  if (leaf.type === 'alert.fired') {
    const told = Object.fromEntries(
      ['rule', 'severity', 'about', 'repository', 'localTime'].map((f) => [f, cellOf(leaf, f)]),
    )
    const evidence = (leaf.event['evidence'] as readonly number[] | undefined)?.join(' ')
    drafts.set(id, { alert: id, firedLeaf: leaf.leafIndex, firedAt: leaf.at, ...told, evidence })
  }
  if (leaf.type === 'alert.acknowledged') {
    const acknowledged = { acknowledgedLeaf: leaf.leafIndex, acknowledgedAt: leaf.at, acknowledgedBy: leaf.caller }
    Object.assign(draftOf(drafts, id, { alert: id }), acknowledged)
  }
}

const refusalColumns = ['leafIndex', 'at', 'type', 'reason', 'by', 'wanted', 'policies']

function takeRefusal(leaf: PlainLeaf, drafts: Drafts): void {
  if (leaf.outcome !== 'refused') return
  const row = { ...rowOf(leaf, []), wanted: leaf.command, policies: leaf.policies.join(' ') || undefined }
  drafts.set(String(leaf.leafIndex), row)
}

export const rules: readonly Rule[] = [
  {
    name: 'releases',
    says: 'One row for each release that was requested, approved, declined, given a credential or ended in the period, in any environment.',
    columns: releaseColumns,
    take: takeRelease,
    keyOf: releaseOf,
  },
  {
    name: 'grants',
    says: 'One row for each credential that was lent, ended or taken back in the period.',
    columns: grantColumns,
    take: takeGrant,
    keyOf: grantOf,
  },
  ...aboutPeople,
  {
    name: 'alerts',
    says: 'One row for each alert that fired or was acknowledged.',
    columns: alertColumns,
    take: takeAlert,
    keyOf: alertOf,
  },
  {
    name: 'refusals',
    says: 'One row for each decision with the outcome refused, of whatever type.',
    columns: refusalColumns,
    take: takeRefusal,
  },
  ...aboutRest,
]
