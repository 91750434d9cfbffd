/** A few statements over one short connection: for migrations and for looking at a database, where no psql is installed. */

import pg from 'pg'

export type QueryResult = {
  /** The command tag's word: `CREATE`, `INSERT`, `SELECT`. */
  readonly command: string
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

const TIMEOUT_MS = 10_000

/** Runs the statements of `sql` in one transaction, as `psql -1` does. Rejects with PostgreSQL's own error, or after 10 s. */
export async function query(config: pg.ClientConfig, sql: string): Promise<readonly QueryResult[]> {
  const bounds = { connectionTimeoutMillis: TIMEOUT_MS, statement_timeout: TIMEOUT_MS, query_timeout: TIMEOUT_MS }
  const client = new pg.Client({ ...config, ...bounds })
  client.on('error', () => undefined)
  await client.connect()
  try {
    // The simple protocol takes several statements at once, and then answers once for each.
    const results: unknown = await client.query(sql)
    return [results].flat() as QueryResult[]
  } finally {
    await client.end().catch(() => undefined)
  }
}
