/** The tables of the trail, and a database that is certainly of this shape: anything else is deleted and begun again. */

import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Raised with every change of what a row says, so that no index mixes two spellings. */
const VERSION = 1

const TABLES = `
  CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE leaf(
    leaf_index INTEGER PRIMARY KEY, id TEXT NOT NULL, at INTEGER NOT NULL, type TEXT NOT NULL, outcome TEXT NOT NULL,
    who TEXT NOT NULL, kind TEXT NOT NULL, resource_kind TEXT, resource_id TEXT, resource_name TEXT, environment TEXT,
    reason TEXT, sentence TEXT NOT NULL, policies TEXT NOT NULL) STRICT;
  CREATE INDEX leaf_facet ON leaf(type, kind, outcome, at);
  CREATE INDEX leaf_who ON leaf(who);
  CREATE INDEX leaf_reason ON leaf(reason) WHERE reason IS NOT NULL;
  CREATE TABLE identifier(value TEXT, leaf_index INTEGER, PRIMARY KEY(value, leaf_index)) STRICT, WITHOUT ROWID;
  CREATE TABLE label(id TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;`

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
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8000')
  return database
}
