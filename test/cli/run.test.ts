import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { issueCertificate } from '../../src/credential/ssh.ts'
import { sha256 } from '../../src/bytes/digest.ts'
import { hex } from '../../src/bytes/text.ts'
import { Home, TOKEN, type RunOptions } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { ana, DIGEST, job, openedOf, releaseOf } from './world.ts'

const base = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const CLAIMS = {
  iss: 'https://ci.acme.test',
  repository: 'acme/shop',
  ref: 'refs/heads/main',
  sha: '4be0c11'.padEnd(40, '0'),
  job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
  run_id: '7',
  run_attempt: '1',
}
const ID_TOKEN = `${base({ alg: 'RS256' })}.${base(CLAIMS)}.c2ln`
const { release, fingerprint } = releaseOf()
const PASSWORD = 'p:a\\ss'

class Ci implements AsyncDisposable {
  readonly server: FakeServer
  readonly home: Home
  /** What the gate answers. */
  outcome: 'allowed' | 'waiting' = 'allowed'
  readonly ca = generateKeyPairSync('ed25519').privateKey

  constructor(server: FakeServer) {
    this.server = server
    this.home = new Home(server)
    const requested = {
      release,
      fingerprint,
      statementDigest: DIGEST,
      approvalUrl: `${server.url}/a/${fingerprint}`,
      required: 2,
      canApprove: [ana],
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    }
    server.on('POST', '/api/v1/logins', () => ({
      status: 201,
      body: server.receipt('login.opened', openedOf(TOKEN, job)),
    }))
    server.on('DELETE', '/api/v1/logins/current', () => ({ body: server.receipt('login.ended', {}) }))
    server.on('POST', '/api/v1/releases', () => ({
      status: this.outcome === 'waiting' ? 202 : 201,
      body: server.receipt('release.requested', requested, { outcome: this.outcome }),
    }))
    server.on('GET', '/api/v1/environments', () => ({
      body: { environments: [{ environment: 'production', targets: ['web-1', 'ledger'] }] },
    }))
    server.on('POST', '/api/v1/grants', ({ body }) => this.#grant(body as { target: string; publicKey: string }))
    server.on('DELETE', '/api/v1/grants/:id', () => ({ body: server.receipt('grant.ended', {}) }))
    server.on('POST', '/api/v1/observations', () => ({
      body: server.receipt('observation.recorded', { firstLeafIndex: 7, lines: 1, refused: [] }),
    }))
    server.on('POST', '/api/v1/releases/:id/outcome', () => ({
      status: 201,
      body: server.receipt('release.ended', {}),
    }))
  }

  #grant({ target, publicKey }: { target: string; publicKey: string }) {
    const credential =
      target === 'ledger'
        ? {
            kind: 'postgres',
            user: 'cs_9f3c',
            password: PASSWORD,
            host: '127.0.0.1',
            port: 5432,
            database: 'ledger',
            serial: '12',
          }
        : {
            kind: 'ssh',
            certificate: this.#certificate(publicKey),
            serial: '11',
            host: '127.0.0.1',
            port: 2222,
            user: 'deploy',
            hostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHb0',
          }
    const grant = `grant:${target}`
    return {
      status: 201,
      body: this.server.receipt('grant.issued', {
        grant,
        expiresAt: new Date(Date.now() + 120_000).toISOString(),
        credential,
      }),
    }
  }

  #certificate(publicKey: string): string {
    const [, blob] = /^ssh-ed25519 (\S+)$/u.exec(publicKey)!
    const [validFrom, validUntil] = [Date.now(), Date.now() + 120_000]
    const grant = {
      grantId: 'grant:web-1',
      leafIndex: 11,
      publicKey: Buffer.from(blob!, 'base64'),
      principals: ['deploy'],
      validFrom,
      validUntil,
    }
    return issueCertificate(grant, { key: this.ca, nonce: randomBytes(32) }).text
  }

  /** `countersign run … -- node -e script`, in a job with an OIDC token. */
  async run(script: string, more: readonly string[] = [], options: RunOptions = {}) {
    const artifact = this.home.write('shop.tgz', 'the artifact')
    const args = ['run', '--env', 'production', '--artifact', artifact, ...more, '--', process.execPath, '-e', script]
    return await this.home.launch(args, { ...options, env: { ...this.env, ...options.env } })
  }

  get env() {
    return { COUNTERSIGN_ID_TOKEN: ID_TOKEN }
  }

  get acts(): string[] {
    return this.server.seen
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${decodeURIComponent(path.replace('/api/v1/', ''))}`)
  }

  async [Symbol.asyncDispose]() {
    this.home[Symbol.dispose]()
    await this.server[Symbol.asyncDispose]()
  }
}

const openCi = async () => new Ci(await FakeServer.open())

const LOOK = `
const { execFileSync } = require('node:child_process'), fs = require('node:fs'), e = process.env
const folder = require('node:path').dirname(e.COUNTERSIGN_SSH_CONFIG)
console.log(JSON.stringify({ env: e, folder, mode: fs.statSync(folder).mode & 0o777,
  files: Object.fromEntries(fs.readdirSync(folder).filter(n => n !== 'agent').map(n => [n, { mode: fs.statSync(folder + '/' + n).mode & 0o777, text: fs.readFileSync(folder + '/' + n, 'utf8') }])),
  agent: e.SSH_AUTH_SOCK ? execFileSync('ssh-add', ['-l'], { encoding: 'utf8' }) : undefined,
  ssh: execFileSync('ssh', ['-G', '-F', e.COUNTERSIGN_SSH_CONFIG, 'web-1'], { encoding: 'utf8' }) }))
process.exit(7)`

interface Look {
  readonly env: Record<string, string>
  readonly folder: string
  readonly mode: number
  readonly files: Record<string, { readonly mode: number; readonly text: string }>
  readonly agent: string
  readonly ssh: string
}

test('the program has an agent, a service and files of its own; afterwards all is given back and gone', async () => {
  await using ci = await openCi()
  const { code, stdout, stderr } = await ci.run(LOOK)
  expect(stderr).not.toContain('error')
  expect(code).toBe(7)
  const { env, folder, mode, files, agent, ssh } = JSON.parse(stdout) as Look
  expect(mode).toBe(0o700)
  expect(Object.values(files).map((file) => file.mode)).toEqual(Object.values(files).map(() => 0o600))
  expect(env).toMatchObject({
    COUNTERSIGN_SSH_WEB_1_HOST: '127.0.0.1',
    COUNTERSIGN_SSH_WEB_1_PORT: '2222',
    COUNTERSIGN_SSH_WEB_1_USER: 'deploy',
    PGSERVICE: 'ledger',
    COUNTERSIGN_RELEASE: release,
  })
  expect(env['COUNTERSIGN_ID_TOKEN']).toBeUndefined()
  expect(JSON.stringify(env)).not.toContain(TOKEN)
  expect(agent).toMatch(/ED25519-CERT\)\n/u)
  expect(Object.keys(files).filter((name) => files[name]!.text.includes('PRIVATE KEY'))).toEqual([])
  expect(ssh).toMatch(/^hostname 127\.0\.0\.1$/mu)
  expect(ssh).toMatch(/^stricthostkeychecking (?:true|yes)$/mu)
  expect(files['known_hosts']!.text).toMatch(/^\[127\.0\.0\.1\]:2222 ssh-ed25519 /u)
  expect(files['pg_service.conf']!.text).toBe('[ledger]\nhost=127.0.0.1\nport=5432\ndbname=ledger\nuser=cs_9f3c\n')
  expect(files['pgpass']!.text).toBe('127.0.0.1:5432:ledger:cs_9f3c:p\\:a\\\\ss\n')
  expect(statSync(folder, { throwIfNoEntry: false })).toBeUndefined()
  expect(ci.acts).toEqual([
    'POST logins',
    'POST releases',
    'POST grants',
    'POST grants',
    'DELETE grants/grant:ledger',
    'DELETE grants/grant:web-1',
    'POST observations',
    `POST releases/${release}/outcome`,
    'DELETE logins/current',
  ])
  expect(ci.server.seenAt('POST', `/api/v1/releases/${encodeURIComponent(release)}/outcome`)[0]!.body).toEqual({
    exitCode: 7,
  })
  expect(JSON.parse(ci.server.seenAt('POST', '/api/v1/observations')[0]!.text)).toEqual({
    ...{ kind: 'command.run', about: { kind: 'release', id: release }, status: 'failed', facts: { exitCode: 7 } },
    ...{ at: expect.any(String) as string, durationMs: expect.any(Number) as number },
  })
})

test('the job proves the key that it signs with, and asks for the digest of the file', async () => {
  await using ci = await openCi()
  await ci.run('', ['--target', 'ledger'])
  const { method, token, publicKey, proof } = ci.server.seenAt('POST', '/api/v1/logins')[0]!.body as Record<
    string,
    string
  >
  expect({ method, token }).toEqual({ method: 'job', token: ID_TOKEN })
  const key = createPublicKey({ key: Buffer.from(publicKey!, 'base64'), format: 'der', type: 'spki' })
  expect(verify(null, sha256(Buffer.from(ID_TOKEN)), key, Buffer.from(proof!, 'base64'))).toBe(true)
  expect(ci.server.seenAt('POST', '/api/v1/releases')[0]!.body).toEqual({
    artifact: `sha256:${hex.encode(sha256(Buffer.from('the artifact')))}`,
    environment: 'production',
  })
})

test('without ssh-agent the keys are files of this run', async () => {
  await using ci = await openCi()
  const tools = ci.home.path('tools')
  execFileSync('mkdir', [tools])
  for (const tool of ['ssh', 'sh', 'dirname', 'readlink'])
    execFileSync('ln', ['-s', execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(tools, tool)])
  const { stdout, code } = await ci.run(LOOK.replace('process.exit(7)', ''), [], { env: { PATH: tools } })
  expect(code).toBe(0)
  const { files, agent, ssh } = JSON.parse(stdout) as Look
  expect(agent).toBeUndefined()
  expect(files['id-web-1']!.text).toContain('OPENSSH PRIVATE KEY')
  expect(ssh).toMatch(/^identityagent none$/mu)
})

test('waiting names fingerprint, people and page; the program runs once it is approved', async () => {
  await using ci = await openCi()
  ci.outcome = 'waiting'
  let polls = 0
  ci.server.on('GET', '/api/v1/releases/:id/wait', () => ({
    body: { state: (polls += 1) < 2 ? 'waiting' : 'approved', given: polls, required: 2 },
  }))
  const summary = ci.home.write('summary.md', '')
  const { code, stdout, stderr } = await ci.run('console.log("deployed")', ['--target', 'ledger'], {
    env: { GITHUB_STEP_SUMMARY: summary },
  })
  expect(stderr).toContain(
    `Waiting for 2 of 2 signatures. Fingerprint ${fingerprint}. Can sign: @ana. ${ci.server.url}/a/${fingerprint}`,
  )
  expect(ci.home.read('summary.md')).toContain(fingerprint)
  expect(stdout).toBe('deployed\n')
  expect(code).toBe(0)
})

test.each([
  ['--no-wait', 'waiting', 75],
  ['--wait=1s', 'waiting', 124],
  ['--wait=10s', 'refused', 3],
  ['--wait=10s', 'voided', 3],
])('with %s and a release that is %s the program never runs, and the login ends', async (flag, state, exit) => {
  await using ci = await openCi()
  ci.outcome = 'waiting'
  ci.server.on('GET', '/api/v1/releases/:id/wait', () => ({ body: { state, given: 0, required: 2 } }))
  const { code, stdout } = await ci.run('console.log("ran")', [flag])
  expect(code).toBe(exit)
  expect(stdout).toBe('')
  expect(ci.acts.at(-1)).toBe('DELETE logins/current')
  expect(ci.acts).not.toContain('POST grants')
})

test('a refused request shows why and exits 3; a refused second credential gives the first one back', async () => {
  await using ci = await openCi()
  ci.server.on('POST', '/api/v1/grants', ({ body }) =>
    (body as { target: string }).target === 'web-1'
      ? ci.server.refusal('target_not_allowed', 'This target does not belong to that environment.')
      : ci.server.refusal('x', 'x'),
  )
  const grants = await ci.run('')
  expect(grants.code).toBe(3)
  ci.server.on('POST', '/api/v1/releases', () =>
    ci.server.refusal('no_provenance', 'No accepted build made this artifact.', { next: 'countersign attest' }),
  )
  const { code, stderr } = await ci.run('console.log("ran")')
  expect(stderr).toMatch(/refused: No accepted build made this artifact\nfix: countersign attest\nleaf: \d+/u)
  expect(code).toBe(3)
})

test('an interrupted wait ends the login and exits 130', async () => {
  await using ci = await openCi()
  ci.outcome = 'waiting'
  ci.server.on('GET', '/api/v1/releases/:id/wait', async () => {
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    return { body: { state: 'waiting', given: 0, required: 2 } }
  })
  let isSent = false
  const { code } = await ci.run('', [], {
    onStderr: (stderr, child) => {
      if (isSent || !stderr.includes('Waiting for')) return
      isSent = true
      setTimeout(() => child.kill('SIGINT'), 100)
    },
  })
  expect(code).toBe(130)
  expect(ci.acts.at(-1)).toBe('DELETE logins/current')
})

test('a signal reaches the program, and what was lent is given back all the same', async () => {
  await using ci = await openCi()
  const script = 'process.on("SIGTERM", () => process.exit(9)); console.error("started"); setInterval(() => {}, 1000)'
  let isSent = false
  const { code } = await ci.run(script, ['--target', 'web-1'], {
    onStderr: (stderr, child) => {
      if (isSent || !stderr.includes('started')) return
      isSent = true
      child.kill('SIGTERM')
    },
  })
  expect(code).toBe(9)
  expect(ci.acts.slice(-4)).toEqual([
    'DELETE grants/grant:web-1',
    'POST observations',
    `POST releases/${release}/outcome`,
    'DELETE logins/current',
  ])
})

test('a program that is not there is 127, and reported as failed', async () => {
  await using ci = await openCi()
  const artifact = ci.home.write('a', 'x')
  const { code, stderr } = await ci.home.launch(
    ['run', '--env', 'production', '--artifact', artifact, '--target', 'ledger', '--', './absent'],
    { env: ci.env },
  )
  expect(stderr).toContain('./absent was not found')
  expect(code).toBe(127)
})

test('in GitHub Actions the token comes from its endpoint for our audience, and a password is masked', async () => {
  await using ci = await openCi()
  ci.server.on('GET', '/oidc', ({ query, headers }) =>
    query.get('audience') === `${ci.server.url}/ci` && headers.authorization === 'Bearer request-token'
      ? { body: { value: ID_TOKEN } }
      : { status: 403, body: {} },
  )
  const artifact = ci.home.write('a', 'x')
  const github = {
    GITHUB_ACTIONS: 'true',
    ACTIONS_ID_TOKEN_REQUEST_URL: `${ci.server.url}/oidc?api=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  }
  const { code, stdout } = await ci.home.launch(
    ['run', '--env', 'production', '--artifact', artifact, '--target', 'ledger', '--', 'true'],
    { env: github },
  )
  expect(code).toBe(0)
  expect(stdout).toBe(`::add-mask::${PASSWORD}\n`)
})

test('a job without a token is told how to get one', async () => {
  await using ci = await openCi()
  const { code, stderr } = await ci.home.launch(['run', '--env', 'production', '--artifact', DIGEST, '--', 'true'])
  expect(stderr).toContain('fix: in GitHub Actions set permissions: id-token: write')
  expect(code).toBe(4)
})

test('attest signs provenance with the key of the login, which run then shares and ends', async () => {
  await using ci = await openCi()
  ci.server.on('POST', '/api/v1/builds', () => ({
    status: 201,
    body: ci.server.receipt('build.attested', { build: 'build:1', artifacts: [{ name: 'shop.tgz', digest: DIGEST }] }),
  }))
  const folder = ci.home.path('job')
  const shared = { ...ci.env, COUNTERSIGN_JOB_DIR: folder }
  const artifact = ci.home.write('shop.tgz', 'the artifact')
  const attested = await ci.home.launch(['attest', artifact, '--commit', CLAIMS.sha], { env: shared })
  expect(attested.stdout).toMatch(/^attested shop\.tgz sha256:/u)
  const [file] = readdirSync(folder)
  expect(statSync(join(folder, file!)).mode & 0o777).toBe(0o600)

  const { envelope } = ci.server.seenAt('POST', '/api/v1/builds')[0]!.body as {
    envelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] }
  }
  const { publicKey } = ci.server.seenAt('POST', '/api/v1/logins')[0]!.body as { publicKey: string }
  const payload = Buffer.from(envelope.payload, 'base64')
  const signed = Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload])
  expect(
    verify(
      null,
      signed,
      createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' }),
      Buffer.from(envelope.signatures[0]!.sig, 'base64'),
    ),
  ).toBe(true)
  expect(JSON.parse(payload.toString())).toMatchObject({
    subject: [{ name: 'shop.tgz', digest: { sha256: hex.encode(sha256(Buffer.from('the artifact'))) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: { resolvedDependencies: [{ digest: { gitCommit: CLAIMS.sha } }] },
      runDetails: { builder: { id: `https://ci.acme.test/${CLAIMS.job_workflow_ref}` } },
    },
  })

  await ci.home.launch(['run', '--env', 'production', '--artifact', artifact, '--target', 'ledger', '--', 'true'], {
    env: shared,
  })
  expect(ci.server.seenAt('POST', '/api/v1/logins')).toHaveLength(1)
  expect(readdirSync(folder)).toEqual([])
})

test('attest wants a full commit id and files that are there', async () => {
  await using ci = await openCi()
  expect((await ci.home.launch(['attest', 'x', '--commit', 'HEAD'], { env: ci.env })).stderr).toContain(
    '--commit is not a full commit id',
  )
  expect((await ci.home.launch(['attest', 'absent', '--commit', CLAIMS.sha], { env: ci.env })).code).toBe(6)
})
