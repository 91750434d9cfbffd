/** Leaves by anything that they mention. */

import type { DatabaseSync } from 'node:sqlite'
import { isShortHash, normalizeIdentifier } from '../match/identifier.ts'
import { tokenOf } from './token.ts'

/** Oldest first, at most `limit`; a hash may be cut to seven digits or more. */
export function mentioning(identifier: string, limit: number, database: DatabaseSync): number[] {
  const value = normalizeIdentifier(identifier)
  const match = `"${tokenOf('i', value)}"${isShortHash(value) ? ' *' : ''}`
  const statement = 'SELECT rowid FROM mention WHERE mention MATCH ? ORDER BY rowid LIMIT ?'
  return database
    .prepare(statement)
    .all(match, limit)
    .map(({ rowid }) => Number(rowid))
}
