/** MySQL and MariaDB accounts from grants. */

import * as mysql from '../credential/mysql.ts'
import type { Target } from '../domain/target.ts'

export type MysqlCredential = {
  readonly kind: 'mysql'
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly serial: string
  readonly variable?: string
  /** The certificate authority of the server. */
  readonly certificate?: string
}

/** Makes the account and its password, which goes to the caller and is not kept. */
export async function mintAccount(
  name: string,
  target: Target,
  url: string,
): Promise<Pick<MysqlCredential, 'kind' | 'user' | 'password' | 'database' | 'variable' | 'certificate'>> {
  const { parentRole, database, variable, certificate } = target
  if (!parentRole || !database)
    throw new Error(`target ${target.target} names no database or parent role; define it again with both`)
  const password = mysql.createPassword()
  await mysql.createAccount({ admin: adminOf(url), name, password, role: parentRole })
  const named = { ...(variable && { variable }), ...(certificate && { certificate }) }
  return { kind: 'mysql', user: name, password, database, ...named }
}

export async function withdrawAccount(name: string, url: string): Promise<number> {
  return (await mysql.withdrawAccount(adminOf(url), name)).terminated
}

export function listAccounts(prefix: string, url: string): Promise<string[]> {
  return mysql.listAccounts(adminOf(url), prefix)
}

/** `mysql://admin:secret@host:3306/`, over TLS unless the host is this one; or `mysql://admin:secret@localhost/?socket=/run/mysqld/mysqld.sock`. */
export function adminOf(url: string): mysql.MysqlAdmin {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url)
  if (protocol !== 'mysql:' && protocol !== 'mariadb:') throw new Error('the admin file holds no mysql:// address')
  const who = { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  const socketPath = searchParams.get('socket')
  if (socketPath) return { ...who, socketPath }
  const host = hostname.replace(/^\[|\]$/g, '')
  const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(host)
  return { ...who, host, port: Number(port || 3306), isLocal }
}
