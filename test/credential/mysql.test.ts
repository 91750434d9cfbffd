import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { granted } from '../../src/cli/contract-release.ts'
import { lendMysql } from '../../src/cli/handover-mysql.ts'
import { adminOf } from '../../src/control/lend-mysql.ts'
import { roleOf } from '../../src/control/lend.ts'
import {
  createAccount,
  createPassword,
  ed25519Verifier,
  listAccounts,
  nativeVerifier,
  withdrawAccount,
} from '../../src/credential/mysql.ts'
import { approved, defineTarget, obtain } from '../http/credential.ts'
import { Office } from '../http/office.ts'
import { setUp, type Story } from '../http/story.ts'
import { startMariadb, type Mariadb } from '../world/mariadb.ts'

let folder: string
let server: Mariadb
let office: Office
let story: Story
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'csmy-'))
  const opening = startMariadb({ directory: join(folder, 'db') })
  office = await Office.open()
  story = await setUp(office)
  server = await opening
  server.run(
    'CREATE DATABASE shop; CREATE TABLE shop.shoe (id INT); CREATE ROLE migrator; GRANT ALL ON shop.* TO migrator',
  )
  writeFileSync(join(folder, 'admin'), `${server.adminUrl}\n`, { mode: 0o600 })
  const target = { target: 'ledger', kind: 'mysql', address: `${server.host}:${server.port}`, database: 'shop' }
  const more = { parentRole: 'migrator', adminFile: join(folder, 'admin') }
  expect((await defineTarget(story, { ...target, ...more })).status).toBe(201)
}, 60_000)
afterAll(async () => {
  await office?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function lend() {
  const released = await approved(story)
  const answer = await obtain(office, released, 'ledger')
  expect(answer.status, answer.text).toBe(201)
  const { credential, grant } = granted.parse(answer.body.result)
  if (credential.kind !== 'mysql') throw new Error(credential.kind)
  const home = mkdtempSync(join(folder, 'run-'))
  const variables = lendMysql([{ target: 'ledger', credential }], home)
  expect(statSync(variables['COUNTERSIGN_MYSQL_LEDGER']!).mode & 0o777).toBe(0o600)
  return { grant, credential, released, env: { ...process.env, ...variables } }
}

/** The stock client, told nothing but its environment. */
function query(sql: string, env: NodeJS.ProcessEnv): string {
  return execFileSync('mariadb', ['--batch', '--skip-column-names', '-e', sql], {
    encoding: 'utf8',
    env,
    stdio: 'pipe',
  })
}

const accounts = () => server.run("SELECT User FROM mysql.user WHERE User LIKE 'cs\\_%'").split('\n').filter(Boolean)

test('the stock client gets in as the role does, until the grant ends: then it is thrown out, and the account is gone', async () => {
  const { grant, credential, released, env } = await lend()
  expect(credential.user).toMatch(new RegExp(`^cs_${credential.serial}_`))
  expect(query('CREATE TABLE hat (id INT); SELECT CURRENT_ROLE()', env)).toBe('migrator\n')
  expect(() => query('SELECT * FROM mysql.user', env)).toThrow(/denied/)
  const sleeping = execFile('mariadb', ['-e', 'SELECT SLEEP(60)'], { env })
  const gone = once(sleeping, 'exit')
  while (server.run('SHOW PROCESSLIST').match(/SLEEP\(60\)/) === null)
    await new Promise((resolve) => setTimeout(resolve, 20))

  expect((await office.ask('DELETE', `/api/v1/grants/${grant}`, { as: released.job.token })).status).toBe(200)
  const { ledger, lender } = office.company.instance
  const ended = ledger.state.grants.get(grant)!
  const cleared = await lender.withdraw(ended, ledger.state, Date.now())
  expect(cleared).toEqual({ how: 'account_dropped', terminated: 1 })
  expect((await gone)[0]).not.toBe(0)
  expect(() => query('SELECT 1', env)).toThrow(/denied/)
  expect(accounts()).toEqual([])
  expect(await lender.withdraw(ended, ledger.state, Date.now())).toEqual({ how: 'account_dropped', terminated: 0 })
})

test('its password is in no log of the server', async () => {
  const { credential, env, grant } = await lend()
  query('SELECT 1', env)
  expect(server.log()).toContain(credential.user)
  expect(server.log()).toContain(nativeVerifier(credential.password))
  expect(server.log()).not.toContain(credential.password)
  const { ledger, lender } = office.company.instance
  await lender.withdraw(ledger.state.grants.get(grant)!, ledger.state, Date.now())
})

test('accounts that a crash left behind are found, and those of living grants stay', async () => {
  const { credential, grant } = await lend()
  const admin = adminOf(server.adminUrl)
  const leaked = 'cs_999999_abcdef'
  await createAccount({ admin, name: leaked, password: createPassword(), role: 'migrator' })
  const { ledger, lender } = office.company.instance
  const target = ledger.state.targets.get('ledger')!
  const own = roleOf(ledger.state.grants.get(grant)!)
  expect(own).toBe(credential.user)
  expect(await lender.reconcile(target, (name) => name !== own)).toEqual([leaked])
  expect(await listAccounts(admin, 'cs_')).toEqual([own])
  expect(await withdrawAccount(admin, own)).toEqual({ existed: true, terminated: 0 })
})

test('an account without a role that exists is not left half made; names are names', async () => {
  const admin = adminOf(server.adminUrl)
  const make = (name: string, role: string) => createAccount({ admin, name, password: createPassword(), role })
  await expect(make('cs_1_none', 'nobody')).rejects.toThrow('about account cs_1_none')
  expect(accounts()).toEqual([])
  await expect(make("x'@'%' --", 'migrator')).rejects.toThrow('Not an account name')
  await expect(make('cs_1_x', 'a`b')).rejects.toThrow('Not a role name')
})

test('a password crosses the network over TLS alone', async () => {
  expect(adminOf('mysql://a:b@db.example:3307/')).toMatchObject({ host: 'db.example', port: 3307, isLocal: false })
  const refused = withdrawAccount(
    { ...adminOf(`mysql://root:x@127.0.0.1:${server.port}/`), isLocal: false } as never,
    'cs_1_x',
  )
  await expect(refused).rejects.toThrow(/secure connection|SSL/i)
  expect(() => adminOf('postgres://a:b@c/')).toThrow('no mysql://')
})

test('a server with its Ed25519 plugin is given the public key that it knows the password by', () => {
  // What MariaDB 10.11 let its stock client in with.
  expect(ed25519Verifier('0123456789abcdefghijklmnopqrstuv')).toBe('OeJZYxTpCy/NbETScdXExVxiPISlTjDORvFu/OoSsDw')
})
