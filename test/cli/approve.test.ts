import { expect, test } from 'vitest'
import { verifyAssertion } from '../../src/evidence/passkey.ts'
import { challengeOf, digestStatement, fingerprintOf, formatStatement } from '../../src/domain/statement.ts'
import { Home } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { ana, DIGEST, releaseOf, statement } from './world.ts'

async function openPlace(release: object = releaseOf()) {
  const server = await FakeServer.open()
  const home = new Home(server)
  server.on('GET', '/api/v1/releases/:id', () => ({ body: release }))
  server.on('POST', '/api/v1/releases/:id/approvals', () => ({
    status: 201,
    body: server.receipt('approval.given', { given: 1, required: 2 }),
  }))
  server.on('POST', '/api/v1/releases/:id/refusals', () => ({
    status: 201,
    body: server.receipt('approval.refused', {}),
  }))
  server.on('GET', '/api/v1/logins/current', () => ({
    body: { login: 'login:1', who: ana, expiresAt: '2030-01-01T00:00:00.000Z' },
  }))
  return {
    server,
    home,
    run: (...args: string[]) => home.run(args, { env: home.signedIn() }),
    [Symbol.asyncDispose]: async () => {
      home[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

const { fingerprint } = releaseOf()

test('an approval here shows what is signed, and signs the challenge computed here', async () => {
  await using place = await openPlace()
  const passkey = place.home.passkey()
  const { code, stdout, stderr } = await place.run('approve', fingerprint, '--software-passkey', passkey)
  expect(code).toBe(0)
  expect(stdout).toBe(`approved ${fingerprint} with a software passkey: 1 of 2 signatures\nleaf: 0\n`)
  for (const line of [
    `what: shop.tgz ${DIGEST}`,
    'to: production',
    `fingerprint: ${fingerprint}`,
    `statement: ${releaseOf().statementDigest}`,
  ])
    expect(stderr).toContain(line)
  const { assertion } = place.server.seenAt('POST', '/api/v1/releases/release%3A0123456789/approvals')[0]!.body as {
    assertion: { id: string }
  }
  const { kty, crv, x, y } = (JSON.parse(place.home.read('ana.passkey')) as { privateKey: Record<string, string> })
    .privateKey
  const claims = verifyAssertion(assertion, {
    challenge: challengeOf(formatStatement(statement)),
    origins: [place.server.url],
    rpId: 'localhost',
    credential: { credentialId: assertion.id, publicKey: { kty, crv, x, y } as never, signCount: 0 },
  })
  expect(claims).toMatchObject({ signCount: 1, userVerified: true })
})

test('a fingerprint may be typed in lower case without its dash', async () => {
  await using place = await openPlace()
  const { code } = await place.run(
    'approve',
    fingerprint.toLowerCase().replace('-', ''),
    '--software-passkey',
    place.home.passkey(),
  )
  expect(code).toBe(0)
})

const other = { ...statement, artifact: `sha256:${'66'.repeat(32)}` as const }
const lies: Record<string, object> = {
  'another statement under the same numbers': { ...releaseOf(), statement: formatStatement(other) },
  'another statement with its own numbers': releaseOf(other),
  'another challenge': { ...releaseOf(), challenge: releaseOf(other).challenge },
  'another artifact beside the statement': { ...releaseOf(), artifact: other.artifact },
  'another environment beside the statement': { ...releaseOf(), environment: 'staging' },
  'a statement of another log': releaseOf({ ...statement, origin: 'evil.test' }, { fingerprint }),
  'a statement that is not canonical': { ...releaseOf(), statement: ` ${formatStatement(statement)}` },
}

test.each(Object.keys(lies))('%s is never signed', async (name) => {
  await using place = await openPlace(lies[name])
  const { code, stderr } = await place.run('approve', fingerprint, '--software-passkey', place.home.passkey())
  expect(stderr).toMatch(/error: the .*\nfix: do not sign; tell an administrator/u)
  expect(code).toBe(5)
  expect(place.server.seen.filter(({ method }) => method === 'POST')).toEqual([])
})

test('a refusal carries its reason', async () => {
  await using place = await openPlace()
  const { code, stdout } = await place.run(
    'refuse',
    fingerprint,
    '--reason',
    'not reversible',
    '--software-passkey',
    place.home.passkey(),
  )
  expect(stdout).toBe(`refused ${fingerprint} with a software passkey\nleaf: 0\n`)
  expect(code).toBe(0)
  expect(place.server.seen.at(-1)!.body).toMatchObject({ reason: 'not reversible' })
})

test('a person who cannot sign is told why and who can', async () => {
  await using place = await openPlace(
    releaseOf(statement, {
      you: { canApprove: false, because: 'you wrote commit 4be0c11', who: [{ ...ana, name: 'li' }] },
    }),
  )
  const { code, stderr } = await place.run('approve', fingerprint)
  expect(stderr).toContain(`refused: you cannot approve ${fingerprint}: you wrote commit 4be0c11\nfix: ask @li`)
  expect(code).toBe(3)
})

test('in the browser: prints the page, then waits until this person signed', async () => {
  const release = releaseOf()
  await using place = await openPlace(release)
  place.server.on('GET', '/api/v1/releases/:id/wait', () => {
    release.approvals.push({
      by: ana,
      at: '2026-11-23T14:03:00.000Z',
      leafIndex: 9,
      userVerified: true,
      software: false,
    })
    release.given = 1
    return { body: { state: 'waiting', given: 1, required: 2 } }
  })
  const { code, stdout, stderr } = await place.run('approve', fingerprint)
  expect(stderr).toContain(`open ${place.server.url}/a/${fingerprint}`)
  expect(stdout).toBe(`approved ${fingerprint}: 1 of 2 signatures\nleaf: 9\n`)
  expect(code).toBe(0)
  const later = await place.run('approve', fingerprint, '--no-wait')
  expect(later.code).toBe(75)
})

test('a page that nobody signs lets the wait run out', async () => {
  await using place = await openPlace()
  place.server.on('GET', '/api/v1/releases/:id/wait', () => ({ body: { state: 'waiting', given: 0, required: 2 } }))
  const { code } = await place.run('approve', fingerprint, '--wait', '1s')
  expect(code).toBe(124)
})

test('release show draws the stations, and checks the statement too', async () => {
  await using place = await openPlace()
  const { stdout, code } = await place.run('release', 'show', fingerprint)
  expect(code).toBe(0)
  expect(stdout).toContain(
    '✓ Source: 1 signed commit  leaf 3\n    4be0c11 by @ana\n· Deploy: not yet\nrisk: it migrates the database\ncan sign: @ana\n',
  )
  await using liar = await openPlace(lies['another challenge'])
  expect((await liar.run('release', 'show', fingerprint)).code).toBe(5)
})

test.each([
  ['approved', 0],
  ['refused', 3],
  ['expired', 3],
  ['voided', 3],
])('release wait ends when the release is %s', async (state, exit) => {
  await using place = await openPlace()
  let polls = 0
  place.server.on('GET', '/api/v1/releases/:id/wait', () => ({
    body: { state: (polls += 1) > 1 ? state : 'waiting', given: polls - 1, required: 2 },
  }))
  const { code, stdout } = await place.run('release', 'wait', fingerprint, '--jsonl')
  expect(code).toBe(exit)
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; ok?: boolean })
  expect(events.map(({ event }) => event)).toEqual(['progress', 'progress', 'result'])
  expect(events.at(-1)!.ok).toBe(exit === 0)
})

test('the fingerprint follows from the statement alone', () => {
  expect(fingerprint).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/u)
  expect(fingerprintOf(digestStatement(formatStatement(statement)))).toBe(fingerprint)
})
