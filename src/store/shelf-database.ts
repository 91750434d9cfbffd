/** The tables of the shelf, in a file of this user alone. What they hold is believed by nobody until it was held against its note. */

import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const TABLES = `
  CREATE TABLE IF NOT EXISTS box(number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS piece(number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS note(only INTEGER PRIMARY KEY CHECK (only = 1), text TEXT NOT NULL) STRICT;`

/** Throws for what is no database. */
export function connect(path: string): DatabaseSync {
  // SQLite gives the files beside it the mode of this one.
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path)
  try {
    // NORMAL: a power cut may lose what was saved last, never half of it.
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 0',
    )
    database.exec(TABLES)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}
