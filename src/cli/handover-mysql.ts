/** MySQL credentials in the form that mysql, mariadb, mysqldump and their kin take: an option file, which they find by themselves. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MysqlCredential } from './contract-release.ts'
import type { Variables } from './handover-ssh.ts'

export interface MysqlLoan {
  readonly target: string
  readonly credential: MysqlCredential
}

/** The first target is what programs find without being told; each has a file of its own for `--defaults-extra-file`. */
export function lendMysql(loans: readonly MysqlLoan[], folder: string): Variables {
  const lent = loans.map((loan) => ({ ...loan, home: homeOf(loan, folder) }))
  const named = lent.flatMap(({ target, home, credential: { variable, password } }) => [
    [`COUNTERSIGN_MYSQL_${target.toUpperCase().replace(/[^A-Z0-9]/gu, '_')}`, join(home, 'my.cnf')],
    ...(variable ? [[variable, password]] : []),
  ])
  return {
    ...(lent[0] && { MYSQL_HOME: lent[0].home, MARIADB_HOME: lent[0].home }),
    ...(Object.fromEntries(named) as Variables),
  }
}

function homeOf({ target, credential }: MysqlLoan, folder: string): string {
  const home = join(folder, `mysql-${target.replace(/[^A-Za-z0-9._-]/gu, '_')}`)
  const { host, port, user, password, database, certificate } = credential
  mkdirSync(home, { mode: 0o700 })
  const ca = join(home, 'ca.pem')
  if (certificate !== undefined) writeFileSync(ca, certificate, { mode: 0o600 })
  const lines = [
    ...['[client]', 'protocol=tcp', `host=${host}`, `port=${port}`, `user=${user}`, `password="${password}"`],
    ...(certificate === undefined ? [] : [`ssl-ca="${ca}"`, 'ssl-verify-server-cert']),
    ...['[mysql]', `database=${database}`, '[mariadb-client]', `database=${database}`, ''],
  ]
  writeFileSync(join(home, 'my.cnf'), lines.join('\n'), { mode: 0o600 })
  return home
}
