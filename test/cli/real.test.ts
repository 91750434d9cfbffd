import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasTool } from '../world/repository.ts'
import { findPostgres, startPostgres, type Postgres } from '../world/postgres.ts'
import { SSHD, startSshd, type Sshd } from '../world/sshd.ts'
import { Instance } from './instance.ts'

/** The story of one release, told by the commands that people and jobs would type, against a real server, sshd and PostgreSQL. */

const PSQL = 'psql'
const hasWorld = hasTool('ssh', '-V') && hasTool(SSHD, '-?') && findPostgres() !== undefined
const parts = new AsyncDisposableStack()
let instance: Instance
let sshd: Sshd
let database: Postgres
let commit = ''
let artifact = ''
let fingerprint = ''
const world = mkdtempSync(join(tmpdir(), 'countersign-real-'))

beforeAll(async () => {
  if (!hasWorld) return
  instance = parts.use(await Instance.open())
  await instance.enrolFirst('root')
  for (const [person, role] of [
    ['dev', 'developer'],
    ['ana', 'approver'],
    ['ben', 'approver'],
  ] as const)
    await instance.enrol('root', person, role)
  await startWorld()
})
afterAll(async () => {
  await parts.disposeAsync()
  rmSync(world, { recursive: true, force: true })
})

async function startWorld(): Promise<void> {
  chmodSync(world, 0o755)
  const { sshCa } = (await (await fetch(`${instance.url}/.well-known/countersign`)).json()) as { sshCa: string }
  mkdirSync(join(world, 'ssh'))
  sshd = parts.use(
    await startSshd({
      directory: join(world, 'ssh'),
      caPublicKeyText: `${sshCa.trim()}\n`,
      principals: [userInfo().username],
    }),
  )
  database = parts.use(await startPostgres({ directory: join(world, 'pg') }))
  const { host, port } = database.adminConfig
  for (const sql of ['CREATE DATABASE ledger', 'CREATE ROLE migrator'])
    execFileSync(PSQL, ['-q', '-h', host, '-p', String(port), '-U', 'postgres', '-c', sql])
  execFileSync(PSQL, [
    '-q',
    '-h',
    host,
    '-p',
    String(port),
    '-U',
    'postgres',
    '-d',
    'ledger',
    '-c',
    'GRANT CREATE, USAGE ON SCHEMA public TO migrator',
  ])
}

const git = async (person: string, ...args: string[]) =>
  await instance.home.execute('git', args, { env: instance.envOf(person) })
const claims = (runId: string) => ({
  repository: 'acme/shop',
  repository_id: '42',
  ref: 'refs/heads/main',
  sha: commit,
  sub: 'repo:acme/shop:ref:refs/heads/main',
  job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  run_id: runId,
  run_attempt: '1',
  event_name: 'push',
  runner_environment: 'github-hosted',
})

test.skipIf(!hasWorld)('an administrator sets up the CI, the targets and the environment', async () => {
  const { host, port } = database.adminConfig
  const adminFile = instance.home.write(
    'ledger.admin',
    `postgresql://postgres@localhost/ledger?host=${host}&port=${port}`,
  )
  chmodSync(adminFile, 0o600)
  await instance.ok('root', 'issuer', 'add', instance.issuer, '--kind', 'github')
  const hostKey = sshd.knownHost.split(' ').slice(1, 3).join(' ')
  await instance.ok(
    'root',
    'target',
    'add',
    'web-1',
    '--kind',
    'ssh',
    '--address',
    `127.0.0.1:${sshd.port}`,
    '--login',
    userInfo().username,
    '--host-key',
    hostKey,
  )
  await instance.ok(
    'root',
    'target',
    'add',
    'ledger',
    '--kind',
    'postgres',
    '--address',
    `127.0.0.1:${database.port}`,
    '--database',
    'ledger',
    '--parent-role',
    'migrator',
    '--admin-file',
    adminFile,
  )
  await instance.ok(
    'root',
    'environment',
    'add',
    'production',
    '--approvals',
    '2',
    '--approver-role',
    'approver',
    '--target',
    'web-1',
    '--target',
    'ledger',
  )
  expect(await instance.ok('root', 'environment', 'list')).toMatch(
    /^production +2 by approver +5 min +1 h +\d+ +web-1,ledger +refs\/heads\/main$/mu,
  )
  expect(await instance.ok('root', 'target', 'list')).toMatch(/^ledger +postgres .* migrator in ledger$/mu)
})

test.skipIf(!hasWorld)('a person who is no administrator is refused, with the leaf that says so', async () => {
  const { code, stderr } = await instance.as('dev', ['issuer', 'add', 'https://evil.test', '--kind', 'github'])
  expect(stderr).toMatch(/^refused: .+\nwhy: rule .+\n(?:fix: .+\n)?leaf: \d+\n$/mu)
  expect(code).toBe(3)
})

test.skipIf(!hasWorld)('a signed push enters; an unsigned one does not, and says how to put it right', async () => {
  await git('root', 'init', '-q', '--bare', '-b', 'main', 'shop.git')
  await instance.ok(
    'root',
    'git',
    'hook',
    'install',
    '--repository',
    'acme/shop',
    '--git-dir',
    instance.home.path('shop.git'),
    '--register',
    '--ci-repository-id',
    '42',
    '--ci-issuer',
    instance.issuer,
  )
  await git('dev', 'config', '--global', 'user.email', 'dev@acme.test')
  await git('dev', 'config', '--global', 'user.name', 'dev')
  await instance.ok('dev', 'git', 'setup', '--no-passphrase')
  expect(await instance.ok('dev', 'git', 'setup', '--no-passphrase')).toContain('git was configured already')
  await git('dev', 'clone', '-q', 'shop.git', 'work')
  await git('dev', '-C', 'work', 'commit', '-q', '--allow-empty', '-m', 'signed')
  const accepted = await git('dev', '-C', 'work', 'push', '-q', 'origin', 'main')
  expect(accepted.stderr).toMatch(/remote: accepted: 1 new commit in acme\/shop *\nremote: leaf: \d+/u)
  commit = (await git('dev', '-C', 'work', 'rev-parse', 'HEAD')).stdout.trim()
  await git('dev', '-C', 'work', 'commit', '-q', '--allow-empty', '--no-gpg-sign', '-m', 'unsigned')
  const refused = await git('dev', '-C', 'work', 'push', '-q', 'origin', 'main')
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toMatch(
    /remote: refused: .*not signed[\s\S]*remote: why: rule .* commit [0-9a-f]{40}[\s\S]*remote: fix: .*git commit --amend -S[\s\S]*remote: leaf: \d+/u,
  )
  expect((await git('dev', '--git-dir=shop.git', 'rev-parse', 'main')).stdout.trim()).toBe(commit)
})

test.skipIf(!hasWorld)(
  'a job attests what it built, asks, and has to wait: exit 75 with names and fingerprint',
  async () => {
    artifact = instance.home.write('shop.tgz', `artifact of ${commit}`)
    const env = await instance.job(claims('1'))
    const attested = await instance.home.launch(['attest', artifact, '--commit', commit], { env })
    expect(attested.stderr + attested.stdout).toContain('attested shop.tgz sha256:')
    const { code, stderr } = await instance.home.launch(
      ['run', '--env', 'production', '--artifact', artifact, '--no-wait', '--', 'true'],
      { env },
    )
    expect(code).toBe(75)
    expect(stderr).toMatch(
      /Waiting for 2 of 2 signatures\. Fingerprint [0-9A-Z]{4}-[0-9A-Z]{4}\. Can sign: @ana.* or @ben/u,
    )
    expect((await instance.as('ana', ['release', 'list', '--state', 'waiting'])).stdout).toContain('waiting')
  },
)

const DEPLOY = `
ssh -F "$COUNTERSIGN_SSH_CONFIG" web-1 echo deployed over ssh
psql -qAt -c "CREATE TABLE invoices (id int)" -c "SELECT 'migrated as ' || current_user"
env | grep -c -e COUNTERSIGN_JOB_DIR
true`

test.skipIf(!hasWorld)(
  'two people sign while the job waits; it deploys with what it was lent, and afterwards that is dead',
  async () => {
    const env = await instance.job(claims('2'))
    const kept = instance.home.path('kept')
    const script = `mkdir '${kept}' && cp -rL "$(dirname "$COUNTERSIGN_SSH_CONFIG")"/* '${kept}' 2>/dev/null; ${DEPLOY}`
    const running = instance.home.launch(
      ['run', '--env', 'production', '--artifact', artifact, '--', 'sh', '-c', script],
      { env, onStderr: signOnce },
    )
    const { code, stdout, stderr } = await running
    expect(stderr).toContain('2 of 2 signatures')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^deployed over ssh\nmigrated as \w+\n0\n$/u)
    expect(stderr.match(/credential given back/gu)).toHaveLength(2)
    const [user] = /cs_\w+/u.exec(stdout) ?? /\w+$/u.exec(stdout.trim().split('\n')[1]!) ?? ['']
    const { host, port } = database.adminConfig
    expect(
      execFileSync(
        PSQL,
        [
          '-qAt',
          '-h',
          host,
          '-p',
          String(port),
          '-U',
          'postgres',
          '-c',
          `SELECT count(*) FROM pg_roles WHERE rolname = '${user}'`,
        ],
        { encoding: 'utf8' },
      ).trim(),
    ).toBe('0')
    expect(readFileSync(join(kept, 'pgpass'), 'utf8')).toContain(user)
  },
)

let isSigning = false
/** As soon as the job says which release it waits for, Ana and Ben sign it; the author cannot. */
function signOnce(stderr: string): void {
  const found = /Fingerprint ([0-9A-Z]{4}-[0-9A-Z]{4})/u.exec(stderr)?.[1]
  if (!found || isSigning) return
  isSigning = true
  fingerprint = found
  void sign(found)
}

async function sign(found: string): Promise<void> {
  for (const person of ['ana', 'ben'])
    await instance.ok(person, 'approve', found, '--software-passkey', instance.passkeyOf(person))
}

test.skipIf(!hasWorld)('the record answers: why, trail, one leaf with its proof, a healthy log', async () => {
  const why = await instance.ok('ana', 'why', artifact)
  for (const title of ['Commit', 'Push', 'Build', 'Request', 'Approval', 'Credential', 'Report', 'Deploy'])
    expect(why).toMatch(new RegExp(`^${title}$`, 'mu'))
  for (const line of why.split('\n').filter((each) => /^ {2}\S/u.test(each))) expect(line).toMatch(/leaf \d+/u)
  expect(why).toMatch(/reported command\.run for shop [0-9a-f]{7} to production: succeeded after/u)
  const shown = await instance.ok('ana', 'release', 'show', fingerprint)
  expect(shown).toMatch(/✓ Deploy/u)
  const said = await instance.ok('root', 'observe', '--kind', 'drill.done', '--text', 'all were there')
  expect(said).toMatch(/^recorded 1 observation · leaf \d+\n$/u)
  expect(await instance.ok('ana', 'trail', 'type:observation.recorded')).toContain('reported drill.done')
  const rows = JSON.parse(await instance.ok('ana', 'trail', 'outcome:refused', '--json')) as {
    rows: { leafIndex: number; outcome: string }[]
  }
  expect(rows.rows.length).toBeGreaterThanOrEqual(2)
  expect(rows.rows.every(({ outcome }) => outcome === 'refused')).toBe(true)
  expect(await instance.ok('ana', 'trail', 'show', String(rows.rows[0]!.leafIndex))).toContain('verified here')
  const file = join(world, 'one.tlog-proof')
  const [, logKey] = /--log-key '([^']+)'/u.exec(await instance.ok('ana', 'trail', 'prove', '3', '-o', file))!
  expect(await instance.ok('ana', 'verify', file, '--log-key', logKey!)).toContain('✓ it is in the tree of')
  const all = (await instance.ok('ana', 'trail', 'query', '--after', '0', '--jsonl'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; leafIndex?: number })
  expect(all.slice(0, -1).map(({ leafIndex }) => leafIndex)).toEqual(
    Array.from({ length: all.length - 1 }, (_, index) => index + 1),
  )
  expect(
    (await instance.as('ana', ['trail', 'tail', '--after', '0', '--count', '3', '--jsonl'])).stdout.split('\n'),
  ).toHaveLength(5)
  const { findings } = JSON.parse((await instance.as('ana', ['doctor', '--json'])).stdout) as {
    findings: { check: string; state: string }[]
  }
  expect(findings.filter(({ state }) => state !== 'ok')).toEqual([])
})

test.skipIf(!hasWorld)('a revoked person is refused at the very next request', async () => {
  expect(await instance.ok('root', 'revoke', '@ben', '--reason', 'left')).toMatch(
    /^revoked @ben: 1 login and 0 grants ended/u,
  )
  const { code } = await instance.as('ben', ['status'])
  expect(code).toBe(4)
  const erased = await instance.ok('root', 'erase', 'person', '@ben', '--reason', 'asked for it')
  expect(erased).toMatch(/^erased \d+ disclosures beside \d+ leaves about person:/u)
  expect(await instance.ok('root', 'people', 'list')).not.toContain('@ben')
})
