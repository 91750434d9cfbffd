/** Reference pages made from the code itself; `npm run reference` writes them, and a test fails when they are not current. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import * as z from '../src/bytes/schema.ts'
import { auditorClosure, formatClosure } from './closure.ts'
import { findHelp } from '../src/cli/topic.ts'
import { schemas as commands } from '../src/domain/command.ts'
import { schemas as events } from '../src/domain/event.ts'
import * as field from '../src/domain/field.ts'
import { reasons, type Advice } from '../src/domain/reason.ts'

const ROOT = join(import.meta.dirname, '..')

type Shape = {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Shape
  readonly anyOf?: readonly Shape[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
}

function shapeOf(schema: unknown): Shape {
  const { $schema: _, ...shape } = z.toJSONSchema(schema as z.ZodType, { unrepresentable: 'any' })
  return shape as Shape
}

/** By name: a namespace has no order of its own everywhere. */
const shapes = Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1))

/** Numbers of which others look the same are spelled out. */
const named = new Map(
  shapes
    .filter(([name]) => name !== 'leafIndex')
    .toReversed()
    .map(([name, schema]) => [JSON.stringify(shapeOf(schema)), name]),
)

/** A shape in a few words: a name from the list of shapes, a range, or what it is made of. */
function describe(shape: Shape): string {
  const name = named.get(JSON.stringify(shape))
  if (name !== undefined) return name
  if (shape.const !== undefined) return `\`${JSON.stringify(shape.const)}\``
  if (shape.enum) return shape.enum.map((each) => `\`${String(each)}\``).join(' or ')
  if (shape.anyOf) return shape.anyOf.map(describe).join(' or ')
  if (shape.type === 'array')
    return `list of ${range(shape.minItems, shape.maxItems)}${shape.items?.properties ? ' ' : ' × '}${describe(shape.items ?? {})}`
  if (shape.properties) return `{ ${fieldsOf(shape).join(', ')} }`
  if (shape.type === 'integer') return `integer ${range(shape.minimum ?? 0, shape.maximum)}`
  if (shape.type === 'string') return text(shape)
  return shape.type ?? 'anything'
}

function text({ pattern, maxLength, minLength }: Shape): string {
  const known = shapes.find(([, schema]) => shapeOf(schema).pattern === pattern)?.[0]
  const kind = pattern === undefined ? 'text' : (known ?? `\`${pattern.replaceAll('|', '\\|')}\``)
  return maxLength === undefined ? kind : `${kind}, ${range(minLength, maxLength)} characters`
}

function range(from = 0, to?: number): string {
  return to === undefined || to === Number.MAX_SAFE_INTEGER ? `from ${from}` : `${from}–${to}`
}

function fieldsOf({ properties = {}, required = [] }: Shape): string[] {
  return Object.entries(properties).map(([name, shape]) => {
    const isOptional = !required.includes(name)
    return `${name}${isOptional ? '?' : ''}: ${describe(shape)}`
  })
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function shapeTable(): string {
  const rows = shapes.map(([name, schema]) => {
    const { pattern, minimum, maximum, anyOf, format, ...rest } = shapeOf(schema)
    const spelled = pattern === undefined ? [] : [`\`${pattern.replaceAll('|', '\\|')}\``]
    const numbers = minimum === undefined ? [] : [`integer ${range(minimum, maximum)}`]
    const union = anyOf ? [anyOf.map((each) => named.get(JSON.stringify(each)) ?? text(each)).join(' or ')] : []
    const size = rest.maxLength === undefined ? [] : [`${range(rest.minLength, rest.maxLength)} characters`]
    return [name, [...spelled, ...numbers, ...union, ...(format ? [format] : []), ...size].join(', ')]
  })
  return table(['shape', 'what fits'], rows)
}

function schemaTable(title: string, schemas: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => {
      const fields = fieldsOf(shapeOf(schema)).filter((field) => !field.startsWith('type: '))
      return [`\`${name}\``, fields.join('<br>')]
    })
  return table([title, 'fields'], rows)
}

function reasonTable(): string {
  const rows = Object.entries<Advice>(reasons).map(([code, { sentence, next }]) => [
    `<a id="${code}"></a>\`${code}\``,
    sentence,
    next === undefined ? '' : `\`${next}\``,
  ])
  return table(['code', 'what it says', 'what to do'], rows)
}

/** What `countersign help <topic>` prints. */
function topic(name: string): string {
  return `\`\`\`text\n${findHelp(new Command(), [name])}\n\`\`\``
}

/** Pages, each with the parts between `<!-- begin: name -->` and `<!-- end: name -->` that are made here. */
const pages: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'spec/leaf.md': {
    shapes: shapeTable,
    events: () => schemaTable('event', events),
    commands: () => schemaTable('command', commands),
  },
  'README.md': { auditor: () => formatClosure(auditorClosure()) },
  'docs/errors.md': { reasons: reasonTable },
  'docs/exit-codes.md': { exits: () => topic('exit-codes'), variables: () => topic('environment') },
}

/** The page as it stands and as it should: equal when it is current. */
export function compare(): { readonly path: string; readonly is: string; readonly should: string }[] {
  return Object.entries(pages).map(([path, parts]) => {
    const is = readFileSync(join(ROOT, path), 'utf8')
    return { path, is, should: Object.entries(parts).reduce(fill, is) }
  })
}

function fill(page: string, [name, make]: [string, () => string]): string {
  const [begin, end] = [`<!-- begin: ${name} -->`, `<!-- end: ${name} -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`a page has no part for ${name}`)
  return `${page.slice(0, from + begin.length)}\n\n${make()}\n\n${page.slice(to)}`
}

if (import.meta.main) for (const { path, should } of compare()) writeFileSync(join(ROOT, path), should)
