/** The tables of the trail, and a database that is certainly of this shape: anything else is deleted and begun again. */

import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Raised with every change of what a row says, so that no index mixes two spellings. */
const VERSION = 4

/**
 * Nothing here is ordered by a random key, or writing would slow down as the log grows: whatever is written goes to the end.
 *
 * `shape`: combinations of type, outcome and so on that occurred. `segment`: what is known of 16,384 neighbours that are written
 * for good: `page`s, where they are found by keys, with a `fence` for each, its first key; and `block`s of their rows.
 * `fresh`: what else is needed of the rows behind the last segment, batch by batch. `address`, there and here: personal, disclosed by whoever may see it, and erased with its disclosure.
 */
const TABLES = `
  CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE shape(
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, outcome TEXT NOT NULL, kind TEXT NOT NULL, env TEXT, reason TEXT) STRICT;
  CREATE TABLE segment(
    segment INTEGER PRIMARY KEY, counts TEXT NOT NULL, first_page INTEGER NOT NULL, last_page INTEGER NOT NULL,
    kinds TEXT NOT NULL) STRICT;
  CREATE TABLE fence(
    segment INTEGER, first BLOB, page INTEGER NOT NULL, PRIMARY KEY(segment, first)) STRICT, WITHOUT ROWID;
  CREATE TABLE page(page INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
  CREATE TABLE block(block INTEGER PRIMARY KEY, at INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
  CREATE TABLE fresh(
    leaf_index INTEGER PRIMARY KEY, identifiers TEXT NOT NULL, rows TEXT NOT NULL, addresses TEXT NOT NULL) STRICT;
  CREATE TABLE address(
    segment INTEGER, page INTEGER, data BLOB NOT NULL, PRIMARY KEY(segment, page)) STRICT;
  CREATE TABLE label(id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;`

export const EMPTY = ['shape', 'segment', 'fence', 'page', 'block', 'fresh', 'address', 'label']
  .map((table) => `DELETE FROM ${table};`)
  .join(' ')

/** `file`: a path, or `:memory:`. `origin`: of the log that is indexed. Throws when the file cannot be made. */
export function openDatabase(file: string, origin: string): DatabaseSync {
  return reopen(file, origin) ?? create(file, origin)
}

/** The file as it is, if it is whole and of this log and version. */
function reopen(file: string, origin: string): DatabaseSync | undefined {
  if (file === ':memory:') return undefined
  let database: DatabaseSync | undefined
  try {
    database = connect(file)
    const found = database.prepare('SELECT value FROM meta WHERE name = ?').get('made_for')
    if (found?.['value'] === `${VERSION} ${origin}`) return database
  } catch {
    // Garbage, another program's file, or one that was cut short: it is a projection, so nothing is lost with it.
  }
  database?.close()
  return undefined
}

function create(file: string, origin: string): DatabaseSync {
  if (file !== ':memory:') for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
  const database = connect(file)
  database.exec(`BEGIN; ${TABLES}`)
  database.prepare('INSERT INTO meta VALUES(?, ?)').run('made_for', `${VERSION} ${origin}`)
  database.exec('COMMIT')
  return database
}

function connect(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { enableDoubleQuotedStringLiterals: false })
  // NORMAL: a power cut may lose the newest rows, never the order of them; they are read from the log again.
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8000',
  )
  // What is erased is overwritten, and not only forgotten.
  database.exec('PRAGMA secure_delete = ON')
  return database
}
