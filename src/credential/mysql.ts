/**
 * A MySQL or MariaDB account for one job: it exists from grant to withdrawal and has one role. These servers know no moment at which
 * a password ends, only days; so the end of an account is what `withdrawAccount` makes it, and a day is the backstop.
 */

import { createHash, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'

import mysql from 'mysql2/promise'
import { base64, hex, utf8 } from '../bytes/text.ts'

/** A password crosses the network to nobody but over TLS. */
export type MysqlAdmin = {
  readonly user: string
  readonly password: string
  readonly database?: string
} & ({ readonly socketPath: string } | { readonly host: string; readonly port: number; readonly isLocal?: boolean })

export type AccountGrant = {
  readonly admin: MysqlAdmin
  /** Lower case, digits and underscores, at most 32. */
  readonly name: string
  /** Of `createPassword`. */
  readonly password: string
  /** A role that exists; what it may do, the account may do. */
  readonly role: string
}

/** MySQL could not do it; the message is one sentence that names the account. */
export class MysqlFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'MysqlFailure'
  }
}

const TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 5000
const TERMINATION_TIMEOUT_MS = 5000
const MAX_CONNECTIONS = 5
const NAME = /^[a-z][a-z0-9_]{0,31}$/
const ROLE = /^[a-z_][a-z0-9_-]{0,62}$/

/** 192 random bits in 32 characters: as many as the seed of an Ed25519 key has bytes, which MariaDB makes use of. */
export function createPassword(): string {
  return randomBytes(24).toString('base64url')
}

/** Creates the account with its role. What cannot be made whole is removed again. Rejects with a MysqlFailure. */
export async function createAccount({ admin, name, password, role }: AccountGrant): Promise<void> {
  const account = accountOf(name)
  const quoted = quoteRole(role)
  await using session = await connect(admin)
  const identified = await identify(session, name, password)
  await session.run(
    name,
    `CREATE USER ${account} ${identified} WITH MAX_USER_CONNECTIONS ${MAX_CONNECTIONS} PASSWORD EXPIRE INTERVAL 1 DAY`,
  )
  try {
    await session.run(name, `GRANT ${quoted} TO ${account}`)
    await session.run(name, `SET DEFAULT ROLE ${quoted} ${session.isMariadb ? 'FOR' : 'TO'} ${account}`)
  } catch (error) {
    await session.run(name, `DROP USER IF EXISTS ${account}`)
    throw error
  }
}

/**
 * Takes the account back, whatever it is doing: no new logins, then its connections end, then it goes. Every wait is bounded.
 * Idempotent: repeat it after a failure, or when in doubt. Rejects with a MysqlFailure.
 */
export async function withdrawAccount(
  admin: MysqlAdmin,
  name: string,
): Promise<{ readonly existed: boolean; readonly terminated: number }> {
  const account = accountOf(name)
  await using session = await connect(admin)
  const found = await session.run(name, 'SELECT 1 FROM mysql.user WHERE User = ?', [name])
  if (found.length === 0) return { existed: false, terminated: await terminate(session, name) }
  await session.run(name, `ALTER USER ${account} ACCOUNT LOCK`)
  const terminated = await terminate(session, name)
  await session.run(name, `DROP USER IF EXISTS ${account}`)
  // Who was logging in while the account was locked may have appeared only now; a dropped account does not end a connection.
  return { existed: true, terminated: terminated + (await terminate(session, name)) }
}

/** Names of accounts that begin with `prefix`: what a reconciler compares with the grants that are still active. */
export async function listAccounts(admin: MysqlAdmin, prefix: string): Promise<string[]> {
  accountOf(prefix)
  await using session = await connect(admin)
  const rows = await session.run(
    prefix,
    'SELECT User AS name FROM mysql.user WHERE LEFT(User, ?) = ? ORDER BY User LIMIT 10000',
    [prefix.length, prefix],
  )
  return rows.map(({ name }) => String(name))
}

/** Ends every connection of the account and waits until the server shows none. */
async function terminate(session: Session, name: string): Promise<number> {
  const deadline = performance.now() + TERMINATION_TIMEOUT_MS
  const ended = new Set<number>()
  for (;;) {
    const rows = await session.run(name, 'SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = ?', [name])
    if (rows.length === 0) return ended.size
    for (const id of rows.map((row) => Number(row['id']))) {
      ended.add(id)
      await session.kill(id)
    }
    if (performance.now() > deadline)
      throw new MysqlFailure(
        `Account ${name} cannot log in any more, but ${rows.length} of its connections do not end.`,
      )
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * How the account proves itself, as strong as the server can. MariaDB is given what the password verifies against, since it writes
 * statements into its logs as they come; MySQL takes the password, and rewrites it there.
 */
async function identify(session: Session, name: string, password: string): Promise<string> {
  if (!session.isMariadb) return `IDENTIFIED WITH caching_sha2_password BY ${mysql.escape(password)}`
  const [row] = await session.run(
    name,
    "SELECT COUNT(*) AS number FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'ed25519' AND PLUGIN_STATUS = 'ACTIVE'",
  )
  if (Number(row?.['number']) > 0) return `IDENTIFIED VIA ed25519 USING ${mysql.escape(ed25519Verifier(password))}`
  return `IDENTIFIED VIA mysql_native_password USING ${mysql.escape(nativeVerifier(password))}`
}

/** The public key whose seed is the password, in base64 without its padding. */
export function ed25519Verifier(password: string): string {
  const seed = utf8.encode(password)
  if (seed.length !== 32) throw new RangeError('a password for Ed25519 has 32 bytes here')
  const pkcs8 = Buffer.concat([hex.decode('302e020100300506032b657004220420'), seed])
  const { x } = createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({
    format: 'jwk',
  })
  return base64.encode(Buffer.from(x!, 'base64url')).replace(/=+$/, '')
}

/** `*` and SHA-1 of SHA-1: as good as the password is random, and these are. */
export function nativeVerifier(password: string): string {
  const once = createHash('sha1').update(password).digest()
  return `*${createHash('sha1').update(once).digest('hex').toUpperCase()}`
}

type Row = Readonly<Record<string, unknown>>
type Session = AsyncDisposable & {
  readonly isMariadb: boolean
  /** Runs one statement. `name` is whom it is about, for the sentence of a failure. */
  run(name: string, sql: string, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Nothing when the connection ended by itself. */
  kill(id: number): Promise<void>
}

async function connect(admin: MysqlAdmin): Promise<Session> {
  const place = 'socketPath' in admin ? admin : { ...admin, ...tlsOf(admin) }
  const { isLocal: _, ...options } = place as typeof place & { isLocal?: boolean }
  const fixed = { connectTimeout: CONNECT_TIMEOUT_MS, multipleStatements: false, disableEval: true }
  const connection = await mysql.createConnection({ ...options, ...fixed }).catch((error: Error) => {
    throw new MysqlFailure(`Couldn't connect to MySQL: ${error.message || (error as { code?: string }).code}.`, error)
  })
  // A connection that breaks between two statements must not end the process; the next statement reports it.
  connection.on('error', () => undefined)
  async function run(name: string, sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    try {
      const [rows] = await connection.query({ sql, values: [...values], timeout: TIMEOUT_MS })
      return Array.isArray(rows) ? (rows as Row[]) : []
    } catch (error) {
      throw new MysqlFailure(`MySQL refused what was asked about account ${name}: ${(error as Error).message}.`, error)
    }
  }
  const [row] = await run('of the administrator', 'SELECT VERSION() AS version')
  return {
    isMariadb: /mariadb/i.test(String(row?.['version'])),
    run,
    kill: async (id) => void (await connection.query(`KILL ${Math.trunc(id)}`).catch(() => undefined)),
    [Symbol.asyncDispose]: () => connection.end().catch(() => connection.destroy()),
  }
}

function tlsOf({ host, isLocal }: Extract<MysqlAdmin, { readonly host: string }>) {
  if (isLocal) return {}
  return { ssl: { rejectUnauthorized: true, servername: host } }
}

function accountOf(name: string): string {
  if (!NAME.test(name)) throw new MysqlFailure(`Not an account name: ${JSON.stringify(name.slice(0, 80))}.`)
  return `'${name}'@'%'`
}

function quoteRole(role: string): string {
  if (!ROLE.test(role)) throw new MysqlFailure(`Not a role name: ${JSON.stringify(role.slice(0, 80))}.`)
  return `\`${role}\``
}
