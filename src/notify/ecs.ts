/** Elastic Common Schema 9: who under `user`, upon whom under `user.target`, the leaf itself in `event.original`. */

import type { Leaf } from '../domain/leaf.ts'
import { subjectOf, type Source } from './source.ts'

const VERSION = '9.0.0'

export function ecs(source: Source): object {
  const { leaf, text, leafIndex, origin } = source
  const { category, type } = kindOf(leaf)
  const { person } = leaf.event as { readonly person?: string }
  const subject = subjectOf(source)
  return {
    '@timestamp': new Date(leaf.at).toISOString(),
    ecs: { version: VERSION },
    message: `${leaf.event.type} ${leaf.outcome}`,
    event: {
      kind: leaf.event.type === 'alert.fired' ? 'alert' : 'event',
      category: [category],
      type: [type],
      outcome: leaf.outcome === 'waiting' ? 'unknown' : leaf.outcome === 'refused' ? 'failure' : 'success',
      action: leaf.event.type,
      id: leaf.id,
      sequence: leafIndex,
      provider: 'countersign',
      dataset: 'countersign.trail',
      original: text,
      ...(leaf.reason && { reason: leaf.reason }),
    },
    user: { id: leaf.caller.id, ...(person !== undefined && { target: { id: person } }) },
    ...(leaf.policy &&
      leaf.policy.determining.length > 0 && {
        rule: { id: leaf.policy.determining.join(' '), ruleset: leaf.policy.digest },
      }),
    service: { name: 'countersign', id: origin },
    labels: { subject_kind: subject.kind, subject_id: subject.id, principal_kind: leaf.caller.kind },
  }
}

/** Categories and types that ECS allows together. */
function kindOf({ event }: Leaf): { readonly category: string; readonly type: string } {
  const [room, past] = event.type.split('.') as [string, string]
  if (room === 'login')
    return { category: 'authentication', type: past === 'ended' ? 'end' : past === 'opened' ? 'start' : 'info' }
  if (room === 'principal' || room === 'key' || room === 'role') {
    const types: Readonly<Record<string, string>> = {
      invited: 'creation',
      enrolled: 'creation',
      assigned: 'change',
      removed: 'deletion',
      revoked: 'deletion',
    }
    return { category: 'iam', type: types[past] ?? 'info' }
  }
  if (room === 'trail') return { category: 'database', type: past === 'refused' ? 'info' : 'access' }
  if (room === 'alert') return { category: 'intrusion_detection', type: 'info' }
  const changes = ['defined', 'registered', 'trusted', 'activated', 'rotated', 'repaired']
  return { category: 'configuration', type: changes.includes(past) ? 'change' : 'info' }
}
