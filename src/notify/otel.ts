/** OpenTelemetry: one OTLP/JSON request with one log record, as the file exporter writes them, one a line. */

import type { Leaf } from '../domain/leaf.ts'
import { subjectOf, type Source } from './source.ts'

type Value =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly arrayValue: { readonly values: readonly Value[] } }
type Attribute = { readonly key: string; readonly value: Value }

export function otel(source: Source): object {
  const { leaf, text, origin } = source
  // Sixty-four bit integers are text in OTLP/JSON.
  const time = `${leaf.at}000000`
  const [severityNumber, severityText] = severityOf(leaf)
  const record = {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    ...{ severityNumber, severityText },
    eventName: `dev.countersign.${leaf.event.type}`,
    body: { stringValue: text },
    attributes: attributesOf(source),
  }
  const resource = { attributes: [attribute('service.name', 'countersign'), attribute('service.instance.id', origin)] }
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'countersign.trail' }, logRecords: [record] }] }] }
}

function attributesOf(source: Source): Attribute[] {
  const { leaf, leafIndex } = source
  const { kind, id } = subjectOf(source)
  const event = leaf.event as unknown as Readonly<Record<string, unknown>>
  const known = Object.entries(NAMES).flatMap(([member, key]) => {
    const value = event[member]
    return typeof value === 'string' ? [attribute(key, value)] : []
  })
  return [
    attribute('user.id', leaf.caller.id),
    { key: 'countersign.leaf.index', value: { intValue: String(leafIndex) } },
    attribute('countersign.leaf.id', leaf.id),
    attribute('countersign.outcome', leaf.outcome),
    attribute('countersign.subject.kind', kind),
    attribute('countersign.subject.id', id),
    ...(leaf.reason ? [attribute('countersign.reason', leaf.reason)] : []),
    ...(leaf.policy ? [{ key: 'countersign.policies', value: list(leaf.policy.determining) }] : []),
    ...known,
  ]
}

/** Members of events that the semantic conventions have a word for. */
const NAMES: Readonly<Record<string, string>> = {
  artifact: 'artifact.hash',
  artifactName: 'artifact.filename',
  repository: 'vcs.repository.name',
  commit: 'vcs.ref.head.revision',
  environment: 'deployment.environment.name',
  release: 'deployment.id',
}

function attribute(key: string, value: string): Attribute {
  return { key, value: { stringValue: value } }
}

function list(values: readonly string[]): Value {
  return { arrayValue: { values: values.map((stringValue) => ({ stringValue })) } }
}

/** INFO is 9, WARN 13, ERROR 17, FATAL 21. */
function severityOf({ event, outcome }: Leaf): readonly [number, string] {
  if (event.type === 'log.damaged') return [21, 'FATAL']
  if (event.type === 'alert.fired') return event.severity === 'low' ? [13, 'WARN'] : [17, 'ERROR']
  return outcome === 'refused' ? [13, 'WARN'] : [9, 'INFO']
}
