/** Alerts as people read them: which rule fired, about whom, and the leaves that made it. */

import type { Alert } from '../../domain/alert.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import { alertTitles, alertWords } from './alert-words.ts'
import { instantOf } from './phrase.ts'
import type { Alert as AlertShape } from './shape.ts'
import { resolveNames, whoOf, type Names } from './who.ts'

export function describeAlert(alert: Alert, names: Names): AlertShape {
  const { rule, severity, at, leafIndex, evidence, acknowledged } = alert
  const words = resolveNames(alertWords(alert), names)
  return {
    ...{ alert: alert.alert, rule, title: alertTitles[rule], severity, leafIndex, evidence: [...evidence] },
    sentence: `${words.charAt(0).toUpperCase()}${words.slice(1)}.`,
    at: instantOf(at),
    ...(acknowledged && { acknowledged: { by: whoOf(acknowledged.by, names), at: instantOf(acknowledged.at) } }),
  }
}

/** Those that nobody acknowledged yet, newest first, at most a thousand. */
export function openAlerts({ alerts, openAlerts: open }: ReadonlyState): Alert[] {
  return [...open.keys()].toReversed().flatMap((id) => alerts.get(id) ?? [])
}

/** As many as fit on a page that somebody reads; the trail has all of them. */
const MAX_LISTED = 500

/** Newest first. */
export function listAlerts(names: Names): AlertShape[] {
  return [...names.state.alerts.newest(MAX_LISTED)].map((alert) => describeAlert(alert, names))
}
