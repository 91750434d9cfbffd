/** What an alert is called, in one clause. */

import type { Fired } from '../../domain/alert.ts'
import { named } from './phrase.ts'

export const alertTitles: Readonly<Record<Fired['rule'], string>> = {
  unverified_push: 'Push from an unverified identity',
  out_of_hours: 'Access out of hours',
  rapid_roles: 'Roles assigned rapidly',
  log_damaged: 'The stored log was changed',
  break_glass: 'Somebody broke the glass',
  approval_escalated: 'A release waits for long',
  secret_overdue: 'A secret was not replaced in time',
  review_overdue: 'A break-glass was not judged in time',
}

/** "{person:…} acted out of hours (Sat 2026-11-21 23:10 Europe/Vienna)". */
export function alertWords({ rule, about, repository, localTime, evidence }: Fired): string {
  switch (rule) {
    case 'unverified_push':
      return `a push to ${repository ?? 'a repository'} came from an unverified identity${about ? ` (${named(about)})` : ''}`
    case 'out_of_hours':
      return `${about ? named(about) : 'somebody'} acted out of hours${localTime ? ` (${localTime})` : ''}`
    case 'rapid_roles':
      return `${about ? named(about) : 'somebody'} assigned ${evidence.length} roles within minutes`
    case 'break_glass':
      return `${about ? named(about) : 'somebody'} broke the glass: a release goes without its approvals`
    case 'approval_escalated':
      return 'a release waits for approvals longer than its environment lets it; others are asked, too'
    case 'secret_overdue':
      return 'a secret is older than its target lets it be'
    case 'review_overdue':
      return `nobody judged in time that ${about ? named(about) : 'somebody'} broke the glass`
    case 'log_damaged':
      return `stored bytes of leaf ${evidence[0]} do not match what was signed`
  }
}
