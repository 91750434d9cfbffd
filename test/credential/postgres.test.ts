import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'

import { createPassword, createRole, listRoles, PostgresFailure, withdrawRole } from '../../src/credential/postgres.ts'
import { formatScramVerifier } from '../../src/credential/scram.ts'
import { findPostgres, startPostgres } from '../world/postgres.ts'

test('a verifier has the form that PostgreSQL stores', () => {
  // That its numbers are right, PostgreSQL itself says below: by letting the role log in.
  const verifier = formatScramVerifier('x'.repeat(16), Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))
  expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/)
  expect(() => formatScramVerifier('short', new Uint8Array(16))).toThrow(RangeError)
  expect(() => formatScramVerifier('pässword-with-umlaut', new Uint8Array(16))).toThrow(RangeError)
})

test('a server that is not there, and names that are none', async () => {
  const admin = { host: '127.0.0.1', port: 1, user: 'x', database: 'x' }
  await expect(listRoles(admin, 'job_')).rejects.toMatchObject({ code: 'unreachable' })
  for (const name of ['', 'Job', 'job"; DROP ROLE x', 'a'.repeat(64), 'job\0', '1job']) {
    await expect(withdrawRole({ admin, name, owner: 'x' })).rejects.toMatchObject({ code: 'invalid_name' })
  }
})

describe.skipIf(findPostgres() === undefined)('a real PostgreSQL', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-pg-'))
  const server = await startPostgres({ directory })
  afterAll(async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  })
  const root = new pg.Client(server.adminConfig)
  await root.connect()
  afterAll(() => root.end())
  await root.query('CREATE ROLE "Shop Owner" NOLOGIN')
  await root.query('CREATE DATABASE shop OWNER "Shop Owner"')
  await root.query('CREATE DATABASE stock OWNER "Shop Owner"')
  // Administrators need not be superusers: create roles, end connections, and stand for the owner.
  await root.query(`CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'keeper' IN ROLE pg_signal_backend, "Shop Owner"`)
  const owner = 'Shop Owner'
  const superuser = { ...server.adminConfig, database: 'shop' }
  const keeper = { host: server.host, port: server.port, user: 'keeper', password: 'keeper', database: 'shop' }
  const validUntil = Date.now() + 600_000

  async function login(name: string, password: string, database = 'shop'): Promise<pg.Client> {
    const client = new pg.Client({ host: server.host, port: server.port, user: name, password, database })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  async function owners(database: string): Promise<Record<string, string>> {
    const client = new pg.Client({ ...server.adminConfig, database })
    await client.connect()
    const { rows } = await client.query("SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'")
    await client.end()
    return Object.fromEntries(rows.map((row) => [row.tablename, row.tableowner]))
  }

  test.each([
    ['a superuser', superuser, 'job_g1'],
    ['an administrator who is none', keeper, 'job_g2'],
  ])('%s lends a role and takes it back', async (_, admin, name) => {
    const password = createPassword()
    await createRole({ admin, name, password, parentRoles: [owner], validUntil })
    expect(await listRoles(admin, 'job_')).toEqual([{ name, canLogin: true, validUntil }])

    const job = await login(name, password)
    await job.query(`CREATE TABLE made_by_${name} (id int); GRANT SELECT ON made_by_${name} TO PUBLIC`)
    await job.query(`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO keeper`)
    const other = await login(name, password, 'stock')
    await other.query(`CREATE TABLE stock_by_${name} (id int)`)
    const busy = expect(other.query('SELECT pg_sleep(60)')).rejects.toThrow('terminating connection')

    expect(await withdrawRole({ admin, name, owner })).toEqual({
      existed: true,
      terminated: 2,
      databases: ['shop', 'stock'],
    })
    await busy
    await expect(job.query('SELECT 1')).rejects.toThrow()
    await expect(login(name, password)).rejects.toThrow('password authentication failed')
    expect(await owners('shop')).toHaveProperty(`made_by_${name}`, owner)
    expect(await owners('stock')).toHaveProperty(`stock_by_${name}`, owner)
    expect(await listRoles(admin, 'job_')).toEqual([])
    expect(await withdrawRole({ admin, name, owner })).toEqual({ existed: false, terminated: 0, databases: [] })
    expect(server.log()).toContain(`CREATE ROLE "${name}"`)
    expect(server.log()).not.toContain(password)
  })

  test('an expired role cannot log in even if nobody withdraws it', async () => {
    const password = createPassword()
    await createRole({
      admin: superuser,
      name: 'job_old',
      password,
      parentRoles: [owner],
      validUntil: Date.now() - 1000,
    })
    await expect(login('job_old', password)).rejects.toThrow('password authentication failed')
    await withdrawRole({ admin: superuser, name: 'job_old', owner })
  })

  test('many connections at once are all ended', async () => {
    const password = createPassword()
    await createRole({
      admin: superuser,
      name: 'job_many',
      password,
      parentRoles: [owner],
      validUntil,
      connectionLimit: 12,
    })
    await Promise.all(Array.from({ length: 12 }, () => login('job_many', password)))
    await expect(login('job_many', password)).rejects.toThrow('too many connections')
    expect(await withdrawRole({ admin: superuser, name: 'job_many', owner })).toMatchObject({ terminated: 12 })
    const { rows } = await root.query("SELECT count(*)::int AS left FROM pg_stat_activity WHERE usename = 'job_many'")
    expect(rows).toEqual([{ left: 0 }])
  })

  test('who logs in again and again during a withdrawal is out in the end', async () => {
    const password = createPassword()
    await createRole({
      admin: superuser,
      name: 'job_race',
      password,
      parentRoles: [owner],
      validUntil,
      connectionLimit: 50,
    })
    const clients: pg.Client[] = []
    let withdrawn = false
    const rush = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!withdrawn)
          await login('job_race', password).then(
            (client) => clients.push(client),
            () => undefined,
          )
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
    await withdrawRole({ admin: superuser, name: 'job_race', owner })
    withdrawn = true
    await rush
    expect(clients.length).toBeGreaterThan(0)
    for (const client of clients) await expect(client.query('SELECT 1')).rejects.toThrow()
  })

  test('a role that exists, a parent that does not, a lock that is held: one sentence each, and nothing half done', async () => {
    const grant = {
      admin: superuser,
      name: 'job_x',
      password: createPassword(),
      parentRoles: [owner] as [string],
      validUntil,
    }
    await createRole(grant)
    await expect(createRole(grant)).rejects.toMatchObject({ code: 'role_exists' })
    const orphan = { ...grant, name: 'job_y', parentRoles: ['nobody"here'] as [string] }
    await expect(createRole(orphan)).rejects.toMatchObject({ code: 'no_such_parent' })
    expect(await listRoles(superuser, 'job_')).toHaveLength(1)

    const job = await login('job_x', grant.password)
    await job.query('CREATE TABLE locked (id int)')
    const shop = new pg.Client(superuser)
    await shop.connect()
    await shop.query('BEGIN; LOCK TABLE locked')
    const failure = await withdrawRole({ admin: superuser, name: 'job_x', owner }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(PostgresFailure)
    expect(failure).toMatchObject({ code: 'statement_failed', message: expect.stringContaining('lock timeout') })
    expect(await listRoles(superuser, 'job_')).toMatchObject([{ name: 'job_x', canLogin: false }])
    await shop.end()
    expect(await withdrawRole({ admin: superuser, name: 'job_x', owner })).toMatchObject({ existed: true })
    expect(await owners('shop')).toHaveProperty('locked', owner)
  })
})
