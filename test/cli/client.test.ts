import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifyAssertion } from '../../src/evidence/passkey.ts'
import { Home, TOKEN } from './command-line.ts'
import { FakeServer, type FakeReceipt } from './fake-server.ts'
import { ana, openedOf } from './world.ts'

const CHALLENGE = 'Y2hhbGxlbmdlLWNoYWxsZW5nZS0'

async function openServer(): Promise<FakeServer> {
  const server = await FakeServer.open()
  server.on('GET', '/api/v1/logins/challenge', () => ({
    body: { challenge: CHALLENGE, rpId: 'localhost', expiresAt: '' },
  }))
  server.on('POST', '/api/v1/logins', () => ({ status: 201, body: server.receipt('login.opened', openedOf(TOKEN)) }))
  server.on('POST', '/api/v1/people/:id/roles', () => ({ status: 201, body: server.receipt('role.given', {}) }))
  return server
}

const login = (home: Home) =>
  home.run(['login', '--software-passkey', home.has('ana.passkey') ? home.path('ana.passkey') : home.passkey()])
const act = (home: Home, ...more: string[]) =>
  home.run(['people', 'role', 'add', '@ana', 'approver', ...more], { env: home.signedIn() })

test('a software passkey signs in; the token stays in private files and off the screen', async () => {
  await using server = await openServer()
  using home = new Home(server)
  const { code, stdout, stderr } = await login(home)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^signed in to http:\/\/localhost:\d+ as @ana until .* UTC\nleaf: 0\n$/u)
  expect(stdout + stderr).not.toContain(TOKEN)
  const folder = home.path('state/countersign')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  for (const name of readdirSync(folder))
    expect([name, statSync(join(folder, name)).mode & 0o777]).toEqual([name, 0o600])
  expect(statSync(home.path('ana.passkey')).mode & 0o777).toBe(0o600)
})

test('the assertion verifies, and its counter rises from use to use', async () => {
  await using server = await openServer()
  using home = new Home(server)
  await login(home)
  await login(home)
  const counts = server.seenAt('POST', '/api/v1/logins').map(({ body }) => {
    const { method, assertion } = body as { method: string; assertion: { id: string } }
    expect(method).toBe('passkey')
    const { privateKey } = JSON.parse(home.read('ana.passkey')) as {
      privateKey: { kty: string; crv: string; x: string; y: string }
    }
    const { kty, crv, x, y } = privateKey
    const claims = verifyAssertion(assertion, {
      challenge: Buffer.from(CHALLENGE, 'base64url'),
      origins: [server.url],
      rpId: 'localhost',
      credential: { credentialId: assertion.id, publicKey: { kty, crv, x, y } as never, signCount: 0 },
    })
    return (claims as { signCount: number }).signCount
  })
  expect(counts).toEqual([1, 2])
})

test('a passkey of another site answers nothing', async () => {
  await using server = await openServer()
  using home = new Home(server)
  const { code, stderr } = await home.run(['login', '--software-passkey', home.passkey('other', 'evil.test')])
  expect(code).toBe(2)
  expect(stderr).toContain('is for evil.test, not for localhost')
  expect(server.seenAt('POST', '/api/v1/logins')).toEqual([])
})

test('the last login names the server; without a terminal a browser login fails naming the flag', async () => {
  await using server = await openServer()
  using home = new Home(server)
  await login(home)
  delete home.env['COUNTERSIGN_SERVER']
  const used = await home.run(['people', 'role', 'add', '@ana', 'approver'])
  expect(used.stdout).toContain('@ana holds approver')
  expect(server.seen.at(-1)!.headers.authorization).toBe(`Bearer ${TOKEN}`)
  const { code, stderr } = await home.run(['login'])
  expect(code).toBe(2)
  expect(stderr).toContain('pass --software-passkey FILE, or --browser')
})

test('a browser login comes back by loopback with our state, and proves itself by PKCE', async () => {
  await using server = await openServer()
  using home = new Home(server)
  const answers: number[] = []
  let isAsked = false
  const visit = async (stderr: string) => {
    const url = /open (\S+)/u.exec(stderr)?.[1]
    if (!url || isAsked) return
    isAsked = true
    const { searchParams, pathname } = new URL(url)
    expect(pathname).toBe('/cli-login')
    const callback = `http://127.0.0.1:${searchParams.get('port')}/callback?code=${'c'.repeat(43)}&state=`
    answers.push((await fetch(`${callback}${'x'.repeat(43)}`)).status)
    answers.push((await fetch(`${callback}${searchParams.get('state')}`)).status)
    expect(searchParams.get('challenge')).toMatch(/^[\w-]{43}$/u)
  }
  const { code } = await home.launch(['login', '--browser'], { onStderr: (stderr) => void visit(stderr) })
  expect(code).toBe(0)
  expect(answers).toEqual([400, 200])
  expect(server.seenAt('POST', '/api/v1/logins')[0]!.body).toEqual({
    method: 'code',
    code: 'c'.repeat(43),
    verifier: expect.stringMatching(/^[\w-]{43}$/u) as string,
  })
})

test('a receipt is believed only with its proof; the log is pinned on first use and told', async () => {
  await using server = await openServer()
  using home = new Home(server)
  const first = await act(home, '--json')
  expect(first.stderr).toBe(`trusting the log on first use: ${server.logKey}\n`)
  expect(JSON.parse(first.stdout)).toEqual({ person: '@ana', role: 'approver', leafIndex: 0 })
  expect((await act(home)).stderr).toBe('')
})

const forgeries: Record<string, (receipt: FakeReceipt) => unknown> = {
  'another leaf': (receipt) => ({ ...receipt, leaf: receipt.leaf.replace('role', 'rule') }),
  'another place': (receipt) => ({ ...receipt, leafIndex: receipt.leafIndex - 1 }),
  'another root': (receipt) => ({
    ...receipt,
    proof: { ...receipt.proof, rootHash: Buffer.alloc(32).toString('base64') },
  }),
  'a missing hash': (receipt) => ({ ...receipt, proof: { ...receipt.proof, hashes: receipt.proof.hashes.slice(1) } }),
  'an edited checkpoint': (receipt) => ({
    ...receipt,
    proof: { ...receipt.proof, checkpoint: receipt.proof.checkpoint.replace(/\n3\n/u, '\n4\n') },
  }),
  'no signature': (receipt) => ({
    ...receipt,
    proof: { ...receipt.proof, checkpoint: `${receipt.proof.checkpoint.split('\n\n')[0]}\n\n` },
  }),
}

test.each(Object.keys(forgeries))('a receipt with %s fails verification', async (name) => {
  await using server = await openServer()
  using home = new Home(server)
  await act(home)
  await act(home)
  server.tamper = forgeries[name]!
  const { code, stdout, stderr } = await act(home)
  expect(stderr).toMatch(/^error: .*(?:proof|checkpoint)/u)
  expect(stdout).toBe('')
  expect(code).toBe(5)
})

test('another log key is never taken silently: pinned by use, by flag, by variable', async () => {
  await using server = await openServer()
  using home = new Home(server)
  await act(home)
  const known = server.logKey
  server.changeKey()
  const changed = await act(home)
  expect(changed.code).toBe(5)
  expect(changed.stderr).toMatch(/not one that the pinned log signed[\s\S]*fix: do not go on with this server/u)
  const given = await home.run(['people', 'role', 'add', '@ana', 'approver'], {
    env: { ...home.signedIn(), COUNTERSIGN_LOG_KEY: server.logKey },
  })
  expect(given.code).toBe(0)
  const accepted = await home.run(['login', '--software-passkey', home.passkey(), '--log-key', server.logKey])
  expect(accepted.code).toBe(0)
  expect((await act(home)).code).toBe(0)
  expect(server.logKey).not.toBe(known)
})

test('two signed roots of one size are two histories', async () => {
  await using server = await openServer()
  using home = new Home(server)
  await act(home)
  await act(home)
  server.leaves.splice(0, 2, 'another past')
  const { code, stderr } = await act(home)
  expect(stderr).toContain('two different histories of 2 leaves')
  expect(code).toBe(5)
})

test('a refusal shows sentence, reason, fix and leaf, and exits 3; its receipt is verified too', async () => {
  await using server = await openServer()
  using home = new Home(server)
  server.on('POST', '/api/v1/people/:id/roles', () =>
    server.refusal('policy_refused', 'The policies in force do not permit this.', {
      policies: ['only-admins-administer'],
      facts: { role: 'approver' },
      next: 'countersign policy check',
    }),
  )
  const { code, stderr } = await act(home)
  expect(code).toBe(3)
  expect(stderr.replace(/^trusting.*\n/u, '')).toBe(
    'refused: The policies in force do not permit this\nwhy: rule only-admins-administer · role approver\nfix: countersign policy check\nleaf: 0\n',
  )
  const { stdout } = await act(home, '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'policy_refused', leafIndex: 1, next: 'countersign policy check' },
  })
  server.tamper = (receipt) => ({ ...receipt, leaf: 'forged' })
  expect((await act(home)).code).toBe(5)
})

test.each([
  [401, 'login_revoked', 4],
  [404, 'not_found', 6],
  [409, 'conflict', 1],
  [429, 'too_many', 1],
  [503, 'log_unwritable', 1],
])('status %i ends as it should', async (status, code, exit) => {
  await using server = await openServer()
  using home = new Home(server)
  server.on('POST', '/api/v1/people/:id/roles', () => server.problem(status, code, 'So it is.'))
  const ended = await act(home)
  expect(ended.stderr).toMatch(/^error: So it is$/mu)
  expect(ended.code).toBe(exit)
})

test('reads are tried again, writes never; each write carries an idempotency key', async () => {
  await using server = await openServer()
  using home = new Home(server)
  let reads = 0
  server.on('GET', '/api/v1/people', () => ((reads += 1) < 3 ? { status: 502, body: {} } : { body: { people: [] } }))
  expect((await home.run(['people', 'list'], { env: home.signedIn() })).code).toBe(0)
  expect(reads).toBe(3)
  server.on('POST', '/api/v1/people/:id/roles', () => ({ status: 502, body: {} }))
  expect((await act(home)).code).toBe(1)
  const writes = server.seenAt('POST', '/api/v1/people/%40ana/roles')
  expect(writes.map(({ headers }) => headers['idempotency-key'])).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/u)])
})

test.each([
  ['something that is not JSON', { raw: (response: { end(text: string): void }) => response.end('<html>') }],
  ['a form that this client does not know', { body: { people: [{}] } }],
  ['larger than', { raw: (response: { end(text: string): void }) => response.end(' '.repeat(33 * 1024 * 1024)) }],
])('an answer that is %s is refused', async (words, reply) => {
  await using server = await openServer()
  using home = new Home(server)
  server.on('GET', '/api/v1/people', () => reply as never)
  const { code, stderr } = await home.run(['people', 'list'], { env: home.signedIn() })
  expect(stderr).toContain(words)
  expect(code).toBe(1)
})

test('the token follows no redirect', async () => {
  await using server = await openServer()
  await using other = await FakeServer.open()
  using home = new Home(server)
  server.on('GET', '/api/v1/people', () => ({ status: 302, headers: { location: `${other.url}/steal` } }))
  expect((await home.run(['people', 'list'], { env: home.signedIn() })).code).toBe(1)
  expect(other.seen).toEqual([])
})

test('a server that is not there is said so, once, with what to do', async () => {
  using home = new Home()
  const { code, stderr } = await home.run(['people', 'list', '--server', 'http://localhost:2'], {
    env: home.signedIn(),
  })
  expect(stderr).toBe('error: http://localhost:2 cannot be reached (ECONNREFUSED)\nfix: countersign doctor\n')
  expect(code).toBe(1)
})

test('names from the server cannot steer the terminal', async () => {
  await using server = await openServer()
  using home = new Home(server)
  const person = {
    who: { ...ana, label: '\u001b[2Jgone' },
    roles: ['approver'],
    zone: 'UTC',
    enrolled: true,
    revoked: false,
    keys: [],
    passkeys: 1,
    leafIndex: 3,
  }
  server.on('GET', '/api/v1/people', () => ({ body: { people: [person] } }))
  const { stdout } = await home.run(['people', 'list'], { env: home.signedIn() })
  expect(stdout).toContain('\\u{1b}[2Jgone')
  expect(stdout).not.toContain('\u001b')
})

test('logout ends the login on the server and forgets it here', async () => {
  await using server = await openServer()
  using home = new Home(server)
  server.on('DELETE', '/api/v1/logins/current', () => ({ body: server.receipt('login.ended', {}) }))
  await login(home)
  expect((await home.run(['logout'])).stdout).toMatch(/^signed out of .*\nleaf: 1\n$/u)
  expect(readdirSync(home.path('state/countersign')).filter((name) => name.includes('.login.'))).toEqual([])
  expect((await home.run(['logout'])).code).toBe(4)
})

test('an enrolment makes the passkey, once, and sends what setup needs', async () => {
  await using server = await openServer()
  using home = new Home(server)
  server.on('GET', '/api/v1/enrolments/:token', () => ({
    body: { challenge: CHALLENGE, rpId: 'localhost', userId: 'x', isSetup: true },
  }))
  server.on('POST', '/api/v1/enrolments', () => ({
    status: 201,
    body: server.receipt('principal.enrolled', { person: ana.id, who: { ...ana, software: true } }),
  }))
  const token = home.write('setup', `http://localhost/enrol#${'t'.repeat(43)}\n`)
  const enrol = (...more: string[]) =>
    home.run(['people', 'enrol', '--token-file', token, '--software-passkey', home.path('new.passkey'), ...more])
  const incomplete = await enrol('--handle', 'ana')
  expect(incomplete.stderr).toContain('at setup the first person needs --name')
  expect(incomplete.code).toBe(2)
  const { stdout } = await enrol(
    '--handle',
    'ana',
    '--name',
    'Ana Ruiz',
    '--email',
    'ana@acme.test',
    '--zone',
    'Europe/Madrid',
  )
  expect(stdout).toContain('enrolled @ana with a software passkey')
  expect(statSync(home.path('new.passkey')).mode & 0o777).toBe(0o600)
  expect(server.seenAt('POST', '/api/v1/enrolments')[0]!.body).toMatchObject({
    token: 't'.repeat(43),
    handle: 'ana',
    zone: 'Europe/Madrid',
    software: true,
  })
})

test('restore says which leaves came back', async () => {
  await using server = await openServer()
  using home = new Home(server)
  server.on('POST', '/api/v1/log/repair', () => ({ body: server.receipt('log.repaired', { repaired: [31, 32] }) }))
  const { stdout, code } = await home.run(['restore'], { env: home.signedIn() })
  expect(stdout).toBe('restored 2 leaves: 31, 32\nleaf: 0\n')
  expect(code).toBe(0)
  expect((await home.run(['restore', '--from', 'x'], { env: home.signedIn() })).code).toBe(2)
  expect((await home.run(['restore', 'data'], { env: home.signedIn() })).stderr).toContain('name the witness')
  server.on('POST', '/api/v1/log/repair', () => server.problem(409, 'nothing_damaged', 'There is nothing to repair.'))
  expect((await home.run(['restore'], { env: home.signedIn() })).stderr).toContain('There is nothing to repair')
})

test('the one who rotates the key follows it; whoever did not is stopped, and told how to follow', async () => {
  await using server = await openServer()
  using home = new Home(server)
  using other = new Home(server)
  await act(other)
  server.on('POST', '/api/v1/log/rotation', () => ({
    body: server.rotateKey((key) => server.receipt('log.rotated', { key })),
  }))
  const { stdout } = await home.run(['log', 'rotate-key'], { env: home.signedIn() })
  expect(stdout).toContain(`the log signs with ${server.logKey} from here on`)
  expect((await act(home)).code).toBe(0)
  const stopped = await act(other)
  expect(stopped.code).toBe(5)
  expect(stopped.stderr).toContain('countersign login --log-key KEY')
})
