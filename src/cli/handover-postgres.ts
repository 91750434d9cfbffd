/** PostgreSQL credentials in the form that psql, pg_dump and every libpq program expect: a service and a password file. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresCredential } from './contract-release.ts'
import type { Variables } from './handover-ssh.ts'

export interface PostgresLoan {
  readonly target: string
  readonly credential: PostgresCredential
}

export function lendPostgres(loans: readonly PostgresLoan[], folder: string): Variables {
  const [first] = loans
  if (!first) return {}
  const service = join(folder, 'pg_service.conf')
  const passwords = join(folder, 'pgpass')
  writeFileSync(service, loans.map(serviceOf).join('\n'), { mode: 0o600 })
  writeFileSync(passwords, loans.map(passwordLine).join(''), { mode: 0o600 })
  return { PGSERVICEFILE: service, PGPASSFILE: passwords, PGSERVICE: first.target }
}

function serviceOf({ target, credential: { host, port, database, user } }: PostgresLoan): string {
  return [`[${target}]`, `host=${host}`, `port=${port}`, `dbname=${database}`, `user=${user}`, ''].join('\n')
}

/** hostname:port:database:username:password, with ":" and "\" escaped by "\". */
function passwordLine({ credential: { host, port, database, user, password } }: PostgresLoan): string {
  return `${[host, String(port), database, user, password].map((field) => field.replace(/[\\:]/gu, '\\$&')).join(':')}\n`
}
