/** The tables of the trail, and a database that is certainly of this shape: anything else is deleted and begun again. */

import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Raised with every change of what a row says, so that no index mixes two spellings. */
const VERSION = 2

/**
 * Nothing here is ordered by a random key, or writing would slow down as the log grows: rows and blocks are ordered by leaf
 * index, and `mention`, the index of everything that can be searched for, writes sorted runs and merges them (FTS5).
 *
 * `shape`: combinations of type, outcome and so on that occurred. `block`: how many leaves of a shape are among 4,096
 * neighbours. `address`: personal, disclosed by whoever may see it, and erased with its disclosure.
 */
const TABLES = `
  CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE shape(
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, outcome TEXT NOT NULL, kind TEXT NOT NULL, env TEXT, reason TEXT) STRICT;
  CREATE TABLE leaf(
    leaf_index INTEGER PRIMARY KEY, at INTEGER NOT NULL, shape INTEGER NOT NULL, who TEXT NOT NULL, resource_kind TEXT,
    resource_id TEXT, resource_name TEXT, id TEXT NOT NULL, sentence TEXT NOT NULL, policies TEXT NOT NULL) STRICT;
  CREATE TABLE block(block INTEGER, shape INTEGER, n INTEGER NOT NULL, PRIMARY KEY(block, shape)) STRICT, WITHOUT ROWID;
  CREATE VIRTUAL TABLE mention USING fts5(
    tokens, content = '', columnsize = 0, detail = none, tokenize = "ascii tokenchars '_'");
  CREATE TABLE address(leaf_index INTEGER PRIMARY KEY, ip TEXT NOT NULL) STRICT;
  CREATE TABLE label(id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;`

export const EMPTY = `
  DELETE FROM leaf; DELETE FROM block; DELETE FROM shape; DELETE FROM address; DELETE FROM label;
  INSERT INTO mention(mention) VALUES('delete-all');`

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
