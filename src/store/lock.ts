/** One process owns a directory, for as long as it lives: the system gives the lock back whatever way the process ends. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError, reasonOf } from './error.ts'

// Node has no flock. An exclusive transaction on an empty SQLite file is the same thing (a POSIX record lock that dies
// with its process), and it also keeps a second opener in the same process out.
const LOCK_FILE = 'lock'
const OWNER_FILE = 'owner'
const SQLITE_BUSY = 5

/**
 * Takes the directory or throws a StoreError: `locked`, naming the process that has it, or `unwritable`.
 * Dispose to give it back.
 */
export function lockDirectory(directory: string): Disposable {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(directory, LOCK_FILE))
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    writeFileSync(join(directory, OWNER_FILE), `${process.pid}\n`, { mode: 0o600 })
  } catch (error) {
    database?.close()
    throw lockError(directory, error)
  }
  const held = database
  return { [Symbol.dispose]: () => held.close() }
}

function lockError(directory: string, error: unknown): StoreError {
  const errcode = (error as { errcode?: unknown }).errcode
  if (errcode === SQLITE_BUSY) {
    return new StoreError(
      'locked',
      `the log in ${directory} is in use by process ${ownerOf(directory)}; stop that one first`,
    )
  }
  return new StoreError('unwritable', `couldn't lock the log in ${directory}: ${reasonOf(error)}`, { cause: error })
}

function ownerOf(directory: string): string {
  try {
    return readFileSync(join(directory, OWNER_FILE), 'utf8').trim() || 'unknown'
  } catch {
    return 'unknown'
  }
}
