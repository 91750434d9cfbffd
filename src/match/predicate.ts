/** A query as a predicate over one row: what every index must answer alike. */

import { identifies } from './identifier.ts'
import { isWithin, parseAddress } from './network.ts'
import { prepare } from './pattern.ts'
import type { Between, Expression, Network, Searchable, Test, TextTest } from './query.ts'
import { says, wordsOf } from './word.ts'

/** `words`: those of the row's sentence, taken apart once. */
export type Row = Searchable & { readonly words: readonly string[] }
export type Predicate = (row: Row) => boolean

/** Prepared once, for a stream of rows. */
export function predicateOf(where: Expression): (row: Searchable) => boolean {
  const holds = compile(where)
  const readsWords = looksAtWords(where)
  return (row) => holds({ ...row, words: readsWords ? wordsOf(row.sentence) : [] })
}

function looksAtWords(where: Expression): boolean {
  if (where.kind === 'all' || where.kind === 'any') return where.of.some(looksAtWords)
  return where.kind === 'not' ? looksAtWords(where.of) : where.kind === 'words'
}

function compile(where: Expression): Predicate {
  switch (where.kind) {
    case 'all': {
      const parts = where.of.map(compile)
      return (row) => parts.every((holds) => holds(row))
    }
    case 'any': {
      const parts = where.of.map(compile)
      return (row) => parts.some((holds) => holds(row))
    }
    case 'not': {
      const holds = compile(where.of)
      return (row) => !holds(row)
    }
    case 'words':
      return ({ words }) => says(words, where.words, where.isOpen)
    case 'between':
      return ({ leafIndex, at }) => isBetween(where.field === 'at' ? at : leafIndex, where)
    case 'network':
      return ({ ip }) => ip !== undefined && isInside(ip, where)
    case 'test':
      return testOf(where)
  }
}

function isBetween(value: number, { from = -Infinity, to = Infinity }: Between): boolean {
  return value >= from && value < to
}

/** What is no address is within no network, and still is there. */
export function isInside(ip: string, { address, prefix = 0 }: Network): boolean {
  if (address === undefined) return true
  const [found, network] = [parseAddress(ip), parseAddress(address)]
  return found !== undefined && network !== undefined && isWithin(found, network, prefix)
}

function testOf({ field, test }: TextTest): Predicate {
  const passes = field === 'id' ? identifierTest(test) : prepare(test)
  return (row) => valuesOf(row, field).some(passes)
}

function identifierTest(test: Test): (identifier: string) => boolean {
  return 'is' in test ? (identifier) => identifies(test.is, identifier) : prepare(test)
}

function valuesOf(row: Row, field: TextTest['field']): readonly string[] {
  switch (field) {
    case 'id':
      return row.identifiers
    case 'policy':
      return row.policies
    case 'resource':
      return row.resource ? [row.resource.kind, row.resource.id] : []
    case 'env':
      return row.environment === undefined ? [] : [row.environment]
    case 'reason':
      return row.reason === undefined ? [] : [row.reason]
    default:
      return [row[field]]
  }
}
