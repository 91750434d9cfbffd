/**
 * What a set of policies can tell apart. An entity that no policy and no schema names is only compared with others, so that its
 * name does not matter; a number of the context that is only compared with literals matters as far as it is between them.
 */

import type { ParsedPolicy } from './engine.ts'

export type Mentions = {
  /** Ids that are written anywhere in policies or schema. */
  readonly ids: ReadonlySet<string>
  /** Of a member of the context: what it is compared with, ascending; undefined when it is used in any other way. */
  readonly limits: (member: string) => readonly number[] | undefined
}

type Found = { readonly ids: Set<string>; readonly limits: Map<string, Set<number>>; readonly opaque: Set<string> }

/** Stands for every member. */
const ALL = ''
const NONE: readonly number[] = []

export function mentionsOf(policies: readonly Pick<ParsedPolicy, 'tree'>[], schema: string): Mentions {
  const found: Found = { ids: new Set(stringsIn(schema)), limits: new Map(), opaque: new Set() }
  for (const { tree } of policies) visit(tree, found)
  const sorted = new Map([...found.limits].map(([member, limits]) => [member, [...limits].sort((a, b) => a - b)]))
  const isOpaque = (member: string) => found.opaque.has(member) || found.opaque.has(ALL)
  return { ids: found.ids, limits: (member) => (isOpaque(member) ? undefined : (sorted.get(member) ?? NONE)) }
}

/** Members of enumerated types, among others: too many do no harm. */
function stringsIn(schema: string): string[] {
  return schema.match(/"(?:[^"\\]|\\.)*"/g)?.flatMap((text) => [text.slice(1, -1)]) ?? []
}

const COMPARISONS = ['<', '<=', '>', '>=', '==', '!='] as const

/** Cedar's JSON policy format: every node is an object with one member, the name of what it does. */
function visit(node: unknown, found: Found): void {
  if (typeof node !== 'object' || node === null) return
  const { type, id } = node as { type?: unknown; id?: unknown }
  if (typeof type === 'string' && typeof id === 'string') found.ids.add(id)
  const member = memberIn(node)
  if (member !== undefined) found.opaque.add(member)
  else if ((node as { Var?: unknown }).Var === 'context') found.opaque.add(ALL)
  else if (!isPresence(node)) for (const [name, inner] of Object.entries(node)) visitInner(name, inner, found)
}

function visitInner(name: string, inner: unknown, found: Found): void {
  const { left, right } = (inner ?? {}) as { left?: unknown; right?: unknown }
  const isComparison = (COMPARISONS as readonly string[]).includes(name)
  const limit = isComparison ? (limitIn(left, right) ?? limitIn(right, left)) : undefined
  if (!limit) return visit(inner, found)
  const limits = found.limits.get(limit.member) ?? new Set()
  found.limits.set(limit.member, limits.add(limit.value))
}

/** `context.member`. */
function memberIn(node: unknown): string | undefined {
  const access = (node as { '.'?: { left?: { Var?: unknown }; attr?: unknown } } | undefined)?.['.']
  return access?.left?.Var === 'context' ? String(access.attr) : undefined
}

/** `context has member`: presence is never left out of a question. */
function isPresence(node: object): boolean {
  return (node as { has?: { left?: { Var?: unknown } } }).has?.left?.Var === 'context'
}

function limitIn(one: unknown, other: unknown): { readonly member: string; readonly value: number } | undefined {
  const member = memberIn(one)
  const value = (other as { Value?: unknown } | undefined)?.Value
  return member !== undefined && Number.isSafeInteger(value) ? { member, value: value as number } : undefined
}
