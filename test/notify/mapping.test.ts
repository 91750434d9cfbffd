/** Every event type in the words of other tools, judged by the standards' own schemas where they are at hand. */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { describe, expect, test } from 'vitest'
import { canonical, type Json } from '../../src/bytes/json.ts'
import type { EventType } from '../../src/domain/event.ts'
import { mappings, type MappingName } from '../../src/notify/mapping.ts'
import { ORIGIN, sourcesOf, types } from './sample.ts'

const data = join(import.meta.dirname, '../../../shared/data')
const ocsfFile = join(data, 'ocsf-1.8.0.schema.json')
const cdeventsDirectory = join(data, 'cdevents')
const formats = {
  'date-time': (text: string) => !Number.isNaN(Date.parse(text)) && text.includes('T'),
  uri: (text: string) => URL.canParse(text),
  'uri-reference': (text: string) => URL.canParse(text, 'https://example'),
}

describe.each(Object.keys(mappings) as MappingName[])('%s', (name) => {
  test.each(types)('%s is told, the same way each time, as JSON', (type) => {
    for (const source of sourcesOf(type)) {
      const record = mappings[name](source) as Json
      expect(canonical(mappings[name](source) as Json)).toBe(canonical(record))
      expect(JSON.parse(JSON.stringify(record))).toEqual(record)
    }
  })
})

test('a CloudEvent is the leaf, member for member', () => {
  for (const source of types.flatMap(sourcesOf))
    expect(canonical(mappings.cloudevents(source) as Json)).toBe(source.text)
})

describe.skipIf(!existsSync(ocsfFile))('OCSF 1.8.0 as its authors compiled it', () => {
  const validators = new Map<number, ValidateFunction>()
  const schema = existsSync(ocsfFile)
    ? (JSON.parse(readFileSync(ocsfFile, 'utf8')) as { classes: object; $defs: object })
    : undefined

  function validatorOf(uid: number): ValidateFunction {
    const known = validators.get(uid)
    if (known) return known
    const ajv = new Ajv({ strict: false, allErrors: true, formats })
    const validate = ajv.compile({ $defs: definitionsFor(uid), $ref: '#/$defs/class' })
    validators.set(uid, validate)
    return validate
  }

  function definitionsFor(uid: number): object {
    const defs = Object.entries({ ...schema!.$defs, class: (schema!.classes as Record<string, object>)[String(uid)]! })
    return Object.fromEntries(defs.map(([key, value]) => [key, close(value as object)]))
  }

  /** A member that the standard does not know is a mistake of ours. */
  function close(definition: object): object {
    const { properties } = definition as { properties?: object }
    return properties && Object.keys(properties).length > 0
      ? { ...definition, additionalProperties: false }
      : definition
  }

  test.each(types)('%s', (type) => {
    for (const source of sourcesOf(type)) {
      const record = mappings.ocsf(source) as { class_uid: number; type_uid: number; activity_id: number }
      const validate = validatorOf(record.class_uid)
      validate(record)
      expect(validate.errors ?? []).toEqual([])
      expect(record.type_uid).toBe(record.class_uid * 100 + record.activity_id)
    }
  })

  test('a record with a member too many or too few is found out', () => {
    const [source] = sourcesOf('role.assigned')
    const record = mappings.ocsf(source!) as Record<string, unknown>
    const validate = validatorOf(3005)
    expect(validate({ ...record, colour: 'red' })).toBe(false)
    expect(validate({ ...record, user: undefined })).toBe(false)
    expect(validate({ ...record, activity_id: 7 })).toBe(false)
  })
})

describe.skipIf(!existsSync(cdeventsDirectory))('CDEvents 0.6 as its authors publish it', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, formats })
  const byType = new Map<string, ValidateFunction>()
  let custom: ValidateFunction | undefined
  if (existsSync(cdeventsDirectory)) {
    // Its dialect is named by an address; what these schemas use of it is in every dialect.
    const read = (file: string): CDSchema => {
      const { $schema: _, ...schema } = JSON.parse(readFileSync(join(cdeventsDirectory, file), 'utf8')) as CDSchema
      return schema
    }
    for (const file of globSync('schemas/links/*.json', { cwd: cdeventsDirectory })) ajv.addSchema(read(file))
    for (const file of globSync('schemas/*.json', { cwd: cdeventsDirectory })) {
      const schema = read(file)
      for (const type of schema.properties.context.properties.type.enum ?? []) byType.set(type, ajv.compile(schema))
    }
    custom = ajv.compile(read('custom/schema.json'))
  }

  test.each(types)('%s', (type) => {
    for (const source of sourcesOf(type)) {
      const record = mappings.cdevents(source) as { context: { type: string } }
      const validate = byType.get(record.context.type) ?? custom!
      validate(record)
      expect(validate.errors ?? []).toEqual([])
      if (!record.context.type.startsWith('dev.cdeventsx.')) expect(byType.has(record.context.type)).toBe(true)
    }
  })

  test('approvals are told in the words of the standard', () => {
    const typeOf = (type: EventType) =>
      (mappings.cdevents(sourcesOf(type)[0]!) as { context: { type: string } }).context.type
    expect(typeOf('release.requested')).toBe('dev.cdevents.approval.created.0.1.0')
    expect(typeOf('approval.given')).toBe('dev.cdevents.approval.updated.0.1.0')
    expect(typeOf('approval.declined')).toBe('dev.cdevents.approval.closed.0.1.0')
    expect(typeOf('role.assigned')).toBe('dev.cdeventsx.countersign-role.assigned.0.1.0')
  })
})

type CDSchema = { $schema?: string; properties: { context: { properties: { type: { enum?: string[] } } } } }

/** ECS field reference, event.category and event.type: which types the categories expect. */
const ecsTypes: Readonly<Record<string, readonly string[]>> = {
  authentication: ['start', 'end', 'info'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  intrusion_detection: ['allowed', 'denied', 'info'],
  database: ['access', 'change', 'info', 'error'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
}

test.each(types)('ECS: %s has a category with types that it expects', (type) => {
  for (const source of sourcesOf(type)) {
    const { event, ...record } = mappings.ecs(source) as {
      event: { kind: string; category: string[]; type: string[]; outcome: string }
      '@timestamp': string
    }
    expect(['alert', 'event']).toContain(event.kind)
    expect(['success', 'failure', 'unknown']).toContain(event.outcome)
    for (const category of event.category) for (const one of event.type) expect(ecsTypes[category]).toContain(one)
    expect(Date.parse(record['@timestamp'])).toBe(source.leaf.at)
  }
})

/** opentelemetry/proto/logs/v1/logs.proto in its JSON form: lowerCamelCase members, 64-bit integers as text. */
const anyValue = { $ref: '#/$defs/value' }
const otlp = {
  $defs: {
    value: {
      ...{ type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: false },
      properties: {
        stringValue: { type: 'string' },
        intValue: { type: 'string', pattern: '^-?[0-9]+$' },
        arrayValue: object({ values: { type: 'array', items: anyValue } }),
      },
    },
    attributes: { type: 'array', items: object({ key: { type: 'string', minLength: 1 }, value: anyValue }) },
  },
  ...object({
    resourceLogs: list({
      resource: object({ attributes: { $ref: '#/$defs/attributes' } }),
      scopeLogs: list({
        scope: object({ name: { type: 'string' } }),
        logRecords: list({
          timeUnixNano: { type: 'string', pattern: '^[0-9]{19}$' },
          observedTimeUnixNano: { type: 'string', pattern: '^[0-9]{19}$' },
          severityNumber: { type: 'integer', minimum: 1, maximum: 24 },
          severityText: { type: 'string' },
          eventName: { type: 'string' },
          body: anyValue,
          attributes: { $ref: '#/$defs/attributes' },
        }),
      }),
    }),
  }),
}

function object(properties: object): object {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

function list(properties: object): object {
  return { type: 'array', minItems: 1, items: object(properties) }
}

test.each(types)('OpenTelemetry: %s is a log record of OTLP/JSON', (type) => {
  const validate = new Ajv().compile(otlp)
  for (const source of sourcesOf(type)) {
    const record = mappings.otel(source) as {
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes: { key: string }[] }] }] }]
    }
    validate(record)
    expect(validate.errors ?? []).toEqual([])
    const keys = record.resourceLogs[0].scopeLogs[0].logRecords[0].attributes.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
  }
})

test('no record says more than its leaf', () => {
  for (const source of types.flatMap(sourcesOf))
    for (const map of Object.values(mappings))
      for (const word of JSON.stringify(map(source)).match(/(?:person|job|login):[0-9a-z]+/g) ?? [])
        expect(source.text + ORIGIN).toContain(word)
})
