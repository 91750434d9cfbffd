/** Alerts as people read them: which rule fired, about whom, and the leaves that made it. */

import type { Alert } from '../../domain/alert.ts'
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

/** Newest first. */
export function listAlerts(names: Names): AlertShape[] {
  return [...names.state.alerts.values()].toReversed().map((alert) => describeAlert(alert, names))
}
