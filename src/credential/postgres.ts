/**
 * A PostgreSQL role for one job: it exists from grant to withdrawal, can do what its parent roles can, and leaves behind
 * nothing but what its migration made.
 */

import { randomBytes } from 'node:crypto'

import pg from 'pg'

import { formatScramVerifier } from './scram.ts'

/** How the administrator connects, to the very database that the role is for. A password only over TLS or a local socket. */
export type PostgresAdmin = Omit<pg.ClientConfig, 'statement_timeout' | 'query_timeout' | 'lock_timeout'> & {
  readonly database: string
}

export type RoleGrant = {
  readonly admin: PostgresAdmin
  /** Lower case, digits and underscores, at most 63. Carry the grant's id in it. */
  readonly name: string
  /** 16 to 128 printable ASCII characters, fresh for this role. Never sent to the server. */
  readonly password: string
  /** Existing roles whose privileges it inherits. The first one owns afterwards what the role made. */
  readonly parentRoles: readonly [string, ...string[]]
  /** ms; from then on the server refuses its password even if nobody withdraws the role. */
  readonly validUntil: number
  /** Default 5. */
  readonly connectionLimit?: number | undefined
}

export type Withdrawal = {
  /** False when there was no such role (any more). */
  readonly existed: boolean
  /** Connections that were ended. */
  readonly terminated: number
  /** Databases in which something was handed to the new owner. */
  readonly databases: readonly string[]
}

export type PostgresRole = {
  readonly name: string
  readonly canLogin: boolean
  /** ms; undefined: no end. */
  readonly validUntil: number | undefined
}

export type PostgresFailureCode =
  | 'invalid_name'
  | 'unreachable'
  | 'role_exists'
  | 'no_such_parent'
  | 'still_connected'
  | 'statement_failed'

/** PostgreSQL could not do it; the message is one sentence that names the role. */
export class PostgresFailure extends Error {
  readonly code: PostgresFailureCode

  constructor(code: PostgresFailureCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PostgresFailure'
    this.code = code
  }
}

const CONNECT_TIMEOUT_MS = 5000
const STATEMENT_TIMEOUT_MS = 10_000
const LOCK_TIMEOUT_MS = 5000
const TERMINATION_TIMEOUT_MS = 5000
const ROLE_NAME = /^[a-z][a-z0-9_]{0,62}$/
const EXISTING_ROLE_NAME = /^[^\0]{1,63}$/

/** A password for `createRole`: 256 random bits. */
export function createPassword(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Creates the role, in one transaction: all of it or nothing. Only a SCRAM verifier travels, so neither the server's log nor
 * its statistics ever hold the password. Rejects with a PostgresFailure.
 */
export async function createRole({
  admin,
  name,
  password,
  parentRoles,
  validUntil,
  connectionLimit = 5,
}: RoleGrant): Promise<void> {
  const role = identifier(name)
  const parents = parentRoles.map((parent) => identifier(parent, EXISTING_ROLE_NAME))
  if (!Number.isSafeInteger(validUntil)) throw new RangeError('validUntil is in milliseconds')
  const verifier = pg.escapeLiteral(formatScramVerifier(password, randomBytes(16)))
  const until = pg.escapeLiteral(new Date(validUntil).toISOString())
  const limit = Math.trunc(connectionLimit)
  await using session = await connect(admin)
  await session.run(
    name,
    `CREATE ROLE ${role} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
       CONNECTION LIMIT ${limit} PASSWORD ${verifier} VALID UNTIL ${until} IN ROLE ${parents.join(', ')}`,
  )
}

/**
 * Takes the role back, whatever it is doing: no new logins, then its connections end, then what it made goes to `owner`, then
 * it is dropped. Every wait is bounded. Idempotent: repeat it after a failure, or when in doubt. Rejects with a PostgresFailure.
 */
export async function withdrawRole({
  admin,
  name,
  owner,
}: {
  readonly admin: PostgresAdmin
  readonly name: string
  /** Who owns afterwards what the role made: usually the first parent role. */
  readonly owner: string
}): Promise<Withdrawal> {
  const role = identifier(name)
  identifier(owner, EXISTING_ROLE_NAME)
  await using session = await connect(admin)
  const [found] = await session.run<{ oid: number }>(name, 'SELECT oid FROM pg_roles WHERE rolname = $1', [name])
  if (!found) return { existed: false, terminated: 0, databases: [] }

  await session.run(name, `ALTER ROLE ${role} NOLOGIN PASSWORD NULL CONNECTION LIMIT 0`)
  // From here on nobody can come in; only who is already inside remains to be ended.
  const terminated = await terminate(session, name, found.oid)
  await becomeMember(session, name)
  const databases = await handOver(session, admin, name, owner, found.oid)
  await session.run(name, `DROP ROLE IF EXISTS ${role}`)
  // Who was logging in while the role lost its right to may have appeared only now; a dropped role does not end a connection.
  const late = await terminate(session, name, found.oid)
  return { existed: true, terminated: terminated + late, databases }
}

/** Roles whose name begins with `prefix`: what a reconciler compares with the grants that are still active. */
export async function listRoles(admin: PostgresAdmin, prefix: string): Promise<PostgresRole[]> {
  identifier(prefix)
  await using session = await connect(admin)
  const rows = await session.run<{ name: string; can_login: boolean; until: string | null }>(
    prefix,
    `SELECT rolname AS name, rolcanlogin AS can_login,
            CASE WHEN isfinite(rolvaliduntil) THEN extract(epoch FROM rolvaliduntil)::text END AS until
       FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY rolname LIMIT 10000`,
    [prefix],
  )
  return rows.map(({ name, can_login: canLogin, until }) => ({
    name,
    canLogin,
    validUntil: until === null ? undefined : Math.round(Number(until) * 1000),
  }))
}

/** Ends every connection of the role and waits until the server shows none. */
async function terminate(session: Session, name: string, oid: number): Promise<number> {
  const deadline = performance.now() + TERMINATION_TIMEOUT_MS
  const ended = new Set<number>()
  for (;;) {
    const rows = await session.run<{ pid: number }>(
      name,
      'SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE usesysid = $1',
      [oid],
    )
    if (rows.length === 0) return ended.size
    for (const { pid } of rows) ended.add(pid)
    if (performance.now() > deadline) {
      throw new PostgresFailure(
        'still_connected',
        `Role ${name} cannot log in any more, but ${rows.length} of its connections do not end.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** REASSIGN OWNED needs the privileges of the role it takes from; superusers have them, other administrators join it. */
async function becomeMember(session: Session, name: string): Promise<void> {
  const [row] = await session.run<{ is_member: boolean }>(
    name,
    "SELECT pg_has_role(current_user, $1, 'USAGE') AS is_member",
    [name],
  )
  if (!row?.is_member) await session.run(name, `GRANT ${identifier(name)} TO CURRENT_USER`)
}

/** In every database that knows the role: objects go to the owner, privileges go away. Returns where there were objects. */
async function handOver(
  session: Session,
  admin: PostgresAdmin,
  name: string,
  owner: string,
  oid: number,
): Promise<string[]> {
  const rows = await session.run<{ database: string; owns: boolean }>(
    name,
    `SELECT datname AS database, bool_or(deptype = 'o') AS owns
       FROM pg_shdepend JOIN pg_database ON pg_database.oid = dbid
      WHERE refclassid = 'pg_authid'::regclass AND refobjid = $1 GROUP BY datname ORDER BY datname LIMIT 1000`,
    [oid],
  )
  const elsewhere = rows.map(({ database }) => database).filter((database) => database !== admin.database)
  for (const database of elsewhere) {
    await using other = await connect({ ...admin, database })
    await reassign(other, name, owner)
  }
  await reassign(session, name, owner)
  return rows.filter(({ owns }) => owns).map(({ database }) => database)
}

async function reassign(session: Session, name: string, owner: string): Promise<void> {
  await session.run(name, `REASSIGN OWNED BY ${identifier(name)} TO ${identifier(owner, EXISTING_ROLE_NAME)}`)
  await session.run(name, `DROP OWNED BY ${identifier(name)}`)
}

type Session = AsyncDisposable & {
  /** Runs one statement and returns its rows. `name` is whom it is about, for the sentence of a failure. */
  run<Row extends object>(name: string, sql: string, values?: readonly unknown[]): Promise<Row[]>
}

async function connect(admin: PostgresAdmin): Promise<Session> {
  const client = new pg.Client({
    application_name: 'countersign',
    ...admin,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + 1000,
  })
  // A connection that breaks between two statements must not end the process; the next statement reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    throw new PostgresFailure(
      'unreachable',
      `Couldn't connect to database ${admin.database}: ${(error as Error).message}.`,
      error,
    )
  }
  return {
    async run<Row extends object>(name: string, sql: string, values: readonly unknown[] = []) {
      try {
        return (await client.query<Row>(sql, [...values])).rows
      } catch (error) {
        throw failureOf(name, error as Error & { code?: string })
      }
    },
    [Symbol.asyncDispose]: () => client.end().catch(() => undefined),
  }
}

const CODES: Readonly<Record<string, PostgresFailureCode>> = { '42710': 'role_exists', '42704': 'no_such_parent' }

function failureOf(name: string, error: Error & { code?: string }): PostgresFailure {
  const code = CODES[error.code ?? ''] ?? 'statement_failed'
  return new PostgresFailure(code, `PostgreSQL refused what was asked about role ${name}: ${error.message}.`, error)
}

/** The name quoted for SQL; our own names must be plain, those of others may be anything that PostgreSQL takes. */
function identifier(name: string, pattern = ROLE_NAME): string {
  if (!pattern.test(name))
    throw new PostgresFailure('invalid_name', `Not a role name: ${JSON.stringify(name.slice(0, 80))}.`)
  return pg.escapeIdentifier(name)
}
