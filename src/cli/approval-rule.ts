/** Who approves, as it is typed: `2:role:approver`, `1:group:leads`, `1:people:person:…,person:…`. */

import { from as fromShape, rule as ruleShape, type From, type Rule } from '../domain/approval-rule.ts'
import { Failure } from './failure.ts'

/** Throws a Failure `usage` for anything else. */
export function parseRule(text: string): Rule {
  const [, count = '', rest = ''] = /^(\d{1,2}):(.+)$/su.exec(text) ?? []
  const parsed = ruleShape.safeParse({ count: Number(count), from: splitFrom(rest) })
  if (!parsed.success) throw unreadable(text, '2:role:approver, 1:group:leads or 1:people:person:…')
  return parsed.data
}

/** Without the number. */
export function parseFrom(text: string): From {
  const parsed = fromShape.safeParse(splitFrom(text))
  if (!parsed.success) throw unreadable(text, 'role:approver, group:leads or people:person:…')
  return parsed.data
}

function splitFrom(text: string): object {
  const [, kind = '', named = ''] = /^(role|group|people):(.+)$/su.exec(text) ?? []
  return kind === 'people' ? { people: named.split(',') } : { [kind]: named }
}

function unreadable(text: string, forms: string): Failure {
  return new Failure('usage', 'bad_rule', `${JSON.stringify(text.slice(0, 100))} says not who approves: ${forms}`)
}

export function formatFrom(from: From): string {
  if ('role' in from) return `role:${from.role}`
  return 'group' in from ? `group:${from.group}` : `people:${from.people.join(',')}`
}

export function formatRule({ count, from }: Rule): string {
  return `${count}:${formatFrom(from)}`
}
