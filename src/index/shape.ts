/** Combinations of type, outcome, kind, environment and reason: few, so that any question about them is answered from memory. */

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { predicateOf } from '../match/predicate.ts'
import { isShapeField, type Expression } from '../match/query.ts'

export type Shape = {
  readonly type: string
  readonly outcome: string
  readonly kind: string
  readonly environment?: string
  readonly reason?: string
}

/** Whether the expression asks about nothing but what a shape says. */
export function isAboutShape(where: Expression): boolean {
  if (where.kind === 'all' || where.kind === 'any') return where.of.every(isAboutShape)
  if (where.kind === 'not') return isAboutShape(where.of)
  return where.kind === 'test' && isShapeField(where.field)
}

export class Shapes {
  readonly #byId = new Map<number, Shape>()
  readonly #ids = new Map<string, number>()
  readonly #insert: StatementSync
  readonly #select: StatementSync

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO shape VALUES(?, ?, ?, ?, ?, ?)')
    this.#select = database.prepare('SELECT * FROM shape ORDER BY id')
    this.reload()
  }

  /** Back to what is written, after a transaction that was not. */
  reload(): void {
    this.#byId.clear()
    this.#ids.clear()
    for (const { id, type, outcome, kind, env, reason } of this.#select.all() as unknown as Stored[])
      this.#keep(id, {
        type,
        outcome,
        kind,
        ...(env !== null && { environment: env }),
        ...(reason !== null && { reason }),
      })
  }

  get(id: number): Shape {
    return this.#byId.get(id)!
  }

  /** Its number; a new one is written in the transaction that is open. */
  idOf(shape: Shape): number {
    const known = this.#ids.get(keyOf(shape))
    if (known !== undefined) return known
    const id = this.#byId.size + 1
    const { type, outcome, kind, environment, reason } = shape
    this.#insert.run(id, type, outcome, kind, environment ?? null, reason ?? null)
    this.#keep(id, {
      type,
      outcome,
      kind,
      ...(environment !== undefined && { environment }),
      ...(reason !== undefined && { reason }),
    })
    return id
  }

  /** Shapes of which it holds; `isAboutShape` holds of the expression. */
  matching(where: Expression): Set<number> {
    const holds = predicateOf(where)
    const blank = { leafIndex: 0, at: 0, who: '', policies: [], identifiers: [], sentence: '' }
    return new Set([...this.#byId].filter(([, shape]) => holds({ ...blank, ...shape })).map(([id]) => id))
  }

  #keep(id: number, shape: Shape): void {
    this.#byId.set(id, shape)
    this.#ids.set(keyOf(shape), id)
  }
}

type Stored = Record<'type' | 'outcome' | 'kind', string> & Record<'env' | 'reason', string | null> & { id: number }

function keyOf({ type, outcome, kind, environment, reason }: Shape): string {
  return [type, outcome, kind, environment ?? '\0', reason ?? '\0'].join('\u0001')
}
