import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasTool } from '../world/repository.ts'
import { startIssuer } from '../../src/cli/demo/ci-issuer.ts'
import { startPostgres, type Postgres } from '../../src/cli/demo/postgres.ts'
import { findPostgres, ownBin } from '../../src/cli/demo/postgres-program.ts'
import { chooseSshd, SSHD, startSshd, type Sshd } from '../../src/cli/demo/sshd.ts'
import { createRole, listRoles, withdrawRole } from '../../src/credential/postgres.ts'
import { createJobKey, formatAuthority, issueCertificate, type SshGrant } from '../../src/credential/ssh.ts'
import { verifyToken } from '../../src/evidence/oidc.ts'

const scratch = mkdtempSync(join(tmpdir(), 'countersign-demo-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const { privateKey: authority } = generateKeyPairSync('ed25519')
const job = createJobKey('job')
const grant: SshGrant = {
  grantId: 'g_1',
  leafIndex: 17,
  publicKey: job.publicKey,
  principals: ['deploy'],
  validFrom: Date.now() - 60_000,
  validUntil: Date.now() + 120_000,
  forceCommand: 'echo "forced: $SSH_ORIGINAL_COMMAND"; cat',
  sourceAddresses: ['127.0.0.1/32'],
}
const certify = (change: Partial<SshGrant> = {}, key = authority) =>
  issueCertificate({ ...grant, ...change }, { key, nonce: randomBytes(32) }).text

describe.each(['sshd', 'ssh2'] as const)('a server to deploy to, run by %s', (kind) => {
  const isAbsent = (kind === 'sshd' && !existsSync(SSHD)) || !hasTool('ssh', '-V')
  const directory = join(scratch, kind)
  const revokedKeysFile = join(directory, 'revoked_keys')
  let sshd: Sshd

  beforeAll(async () => {
    if (isAbsent) return
    mkdirSync(directory)
    writeFileSync(revokedKeysFile, '')
    writeFileSync(join(directory, 'id'), job.privateKeyText, { mode: 0o600 })
    const caPublicKeyText = formatAuthority(authority, 'authority')
    sshd = await startSshd({ directory, caPublicKeyText, principals: ['deploy'], revokedKeysFile, kind })
    writeFileSync(join(directory, 'known_hosts'), `${sshd.knownHost}\n`)
  })
  afterAll(() => sshd?.stop())

  // Not in this thread's own time: the ssh2 server of this test is another process, but vitest's other tests share the thread.
  async function logIn(certificate: string | undefined): Promise<{ code: number; stdout: string }> {
    if (certificate) writeFileSync(join(directory, 'id-cert.pub'), certificate)
    else rmSync(join(directory, 'id-cert.pub'), { force: true })
    const options = ['IdentitiesOnly=yes', 'BatchMode=yes', `UserKnownHostsFile=${join(directory, 'known_hosts')}`]
    const words = [...options, 'IdentityAgent=none', 'ConnectTimeout=5'].flatMap((option) => ['-o', option])
    const place = ['-p', String(sshd.port), `${sshd.account}@${sshd.host}`]
    const child = spawn('ssh', ['-F', 'none', '-i', join(directory, 'id'), ...words, ...place, 'release 7'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    child.stdin.on('error', () => {}).end('artifact bytes\n')
    let stdout = ''
    child.stdout.on('data', (chunk) => (stdout += String(chunk)))
    const code = await new Promise<number>((resolve) => child.once('close', (exit) => resolve(exit ?? 255)))
    return { code, stdout }
  }

  test.skipIf(isAbsent)('runs the one command that the certificate names, and logs its serial', async () => {
    expect(await logIn(certify())).toEqual({ code: 0, stdout: 'forced: release 7\nartifact bytes\n' })
    expect(sshd.log()).toMatch(/Accepted .*ID countersign grant=g_1 leaf=17 \(serial 17\)/)
  })

  test.skipIf(isAbsent).each<[string, () => string | undefined]>([
    ['a bare key', () => undefined],
    ['an expired certificate', () => certify({ validFrom: 1_000_000, validUntil: Date.now() - 5_000 })],
    ['one that is not valid yet', () => certify({ validFrom: Date.now() + 60_000 })],
    ['one for another account', () => certify({ principals: ['somebody-else'] })],
    ['one used from elsewhere', () => certify({ sourceAddresses: ['10.0.0.0/8'] })],
    ['one of another authority', () => certify({}, generateKeyPairSync('ed25519').privateKey)],
    ['one over the key of somebody else', () => certify({ publicKey: createJobKey('other').publicKey })],
  ])('refuses %s', async (_, certificate) => {
    expect(await logIn(certificate())).toEqual({ code: 255, stdout: '' })
  })

  test.skipIf(isAbsent)('refuses a revoked key at once, and everybody while there is no list', async () => {
    writeFileSync(revokedKeysFile, `${createJobKey('other').publicKeyText.trim()}\n`)
    expect((await logIn(certify())).code).toBe(0)
    writeFileSync(revokedKeysFile, job.publicKeyText)
    expect((await logIn(certify())).code).toBe(255)
    rmSync(revokedKeysFile)
    expect((await logIn(certify())).code).toBe(255)
    writeFileSync(revokedKeysFile, '')
    expect((await logIn(certify())).code).toBe(0)
  })
})

test.skipIf(!hasTool('ssh', '-V'))('the choice between them comes with its reason', async () => {
  const { kind, because } = await chooseSshd(join(scratch, 'probe'))
  expect(['sshd', 'ssh2']).toContain(kind)
  expect(because).not.toBe('')
})

describe.each(['machine', 'embedded'] as const)('PostgreSQL, the %s one', (kind) => {
  const isAbsent = kind === 'machine' ? !ownBin() : process.platform === 'win32'
  const directory = mkdtempSync(join(tmpdir(), 'countersign-demo-pg-'))
  let postgres: Postgres
  beforeAll(async () => {
    if (isAbsent) return
    const program = findPostgres(directory, kind)
    postgres = await startPostgres(directory, program!)
  })
  afterAll(async () => {
    await postgres?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  test.skipIf(isAbsent)('takes a role for a job, and gives it back', async () => {
    const { hostname: host, port, username: user, password } = new URL(postgres.adminUrl)
    const admin = { host, port: Number(port), user, password, database: 'postgres' }
    const role = { name: 'cs_17_abcdef', password: randomBytes(24).toString('base64url') }
    await createRole({ admin, ...role, parentRoles: ['pg_monitor'], validUntil: Date.now() + 60_000 })
    const asJob = { ...admin, user: role.name, password: role.password }
    expect(await listRoles(asJob, 'cs_')).toHaveLength(1)
    await expect(listRoles({ ...asJob, password: 'another password' }, 'cs_')).rejects.toThrow('password')
    await withdrawRole({ admin, name: role.name, owner: 'pg_monitor' })
    await expect(listRoles(asJob, 'cs_')).rejects.toThrow()
    expect(await listRoles(admin, 'cs_')).toEqual([])
  })
})

test('the issuer gives a run a token that verifies, and nobody else', async () => {
  const { server, ready } = startIssuer('control')
  try {
    const issuer = await ready
    const claims = {
      sub: 'repo:acme/shop:ref:refs/heads/main',
      repository: 'acme/shop',
      sha: 'a'.repeat(40),
      run_id: '7',
      event_name: 'push',
    }
    const start = (secret: string) =>
      fetch(`${issuer}/runs`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify({ claims }),
      })
    expect((await start('guess')).status).toBe(401)
    const run = (await (await start('control')).json()) as { requestUrl: string; requestToken: string }
    const ask = (token: string) =>
      fetch(`${run.requestUrl}&audience=http://localhost:7443`, { headers: { authorization: `Bearer ${token}` } })
    expect((await ask('guess')).status).toBe(401)
    const { value } = (await (await ask(run.requestToken)).json()) as { value: string }

    const discovery = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as { jwks_uri: string }
    const { keys } = (await (await fetch(discovery.jwks_uri)).json()) as { keys: [] }
    const trust = { issuer, audience: 'http://localhost:7443', keys, algorithms: ['RS256'] as const }
    expect(await verifyToken(value, trust, Date.now())).toMatchObject({
      repository: 'acme/shop',
      commit: 'a'.repeat(40),
      runId: '7',
    })
    expect(await verifyToken(value, { ...trust, audience: 'elsewhere' }, Date.now())).toMatchObject({
      refused: 'wrong_audience',
    })
  } finally {
    server.close()
  }
})
