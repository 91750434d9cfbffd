/** What did not go the ordinary way, in one list: so that no exception is hidden among a thousand rows. */

import { numberOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import type { Rule } from './rule.ts'

const columns = ['leafIndex', 'at', 'kind', 'type', 'by', 'about', 'reason'] as const

export const exceptions: Rule = {
  name: 'exceptions',
  says: 'One row for each refusal, alert, failed release, release declined, credential revoked early, approval by software passkey, damage and repair.',
  columns,
  take: (leaf, drafts) => {
    const kind = kindOf(leaf)
    if (!kind) return
    const { leafIndex, at, type, caller: by, reason } = leaf
    const about = aboutOf(leaf)
    drafts.set(String(leafIndex), { leafIndex, at, kind, type, by, about, reason: reason || undefined })
  },
}

function kindOf({ type, outcome, event }: PlainLeaf): string | undefined {
  if (outcome === 'refused') return 'refused'
  if (type === 'alert.fired') return 'alert'
  if (type === 'approval.declined') return 'declined'
  if (type === 'approval.given' && event['isSoftware'] === true) return 'software passkey'
  if (type === 'release.ended' && numberOf(event['exitCode']) !== 0) return 'failed'
  if (type === 'grant.ended' && event['cause'] === 'revoked') return 'revoked early'
  if (type === 'log.damaged' || type === 'log.repaired') return 'log'
  return undefined
}

const NAMES = [
  'release',
  'grant',
  'alert',
  'build',
  'person',
  'principal',
  'repository',
  'target',
  'environment',
  'wanted',
]

function aboutOf({ event }: PlainLeaf): string | undefined {
  return NAMES.map((name) => textOf(event[name])).find((text) => text !== '')
}
