import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeEvents } from '../../src/cli/event-stream.ts'
import { Home } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { ana, DIGEST, logStatusOf, releaseOf, rowOf } from './world.ts'

async function openPlace(leaves = 5) {
  const server = await FakeServer.open()
  const home = new Home(server)
  for (let count = 0; count < leaves; count += 1) server.receipt('x.happened', {})
  server.on('GET', '/api/v1/logins/current', () => ({
    body: { login: 'login:1', who: ana, expiresAt: '2030-01-01T00:00:00.000Z', roles: ['approver'] },
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

const jsonLines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; leafIndex?: number; ok?: boolean; count?: number })

function serveRows(server: FakeServer, total: number, pageSize = 500) {
  server.on('GET', '/api/v1/leaves', ({ query }) => {
    const limit = Math.min(Number(query.get('limit')), pageSize)
    const after = query.get('after')
    const before = Number(query.get('before') ?? total)
    const all = Array.from({ length: total }, (_, index) => rowOf(index))
    const rows =
      after === null ? all.slice(0, before).reverse().slice(0, limit) : all.slice(Number(after) + 1).slice(0, limit)
    const last = rows.at(-1)?.leafIndex
    const isEnd = last === undefined || (after === null ? last === 0 : last === total - 1)
    return {
      body: { rows, total, ...(isEnd ? {} : { next: last }), head: { treeSize: total }, facets: {}, histogram: [] },
    }
  })
}

test('trail is a table of leaves, newest first, and says when there is more', async () => {
  await using place = await openPlace()
  serveRows(place.server, 3)
  const { stdout, stderr, code } = await place.run('trail', 'outcome:allowed', 'who:@ana', '--limit', '2')
  expect(stdout).toBe(
    [
      'LEAF  AT                       OUTCOME  TYPE            WHO AND WHAT',
      '2     2026-11-23 14:02:11 UTC  allowed  approval.given  @ana signed approval of shop 4be0c11 to production',
      '1     2026-11-23 14:02:11 UTC  allowed  approval.given  @ana signed approval of shop 4be0c11 to production',
      '',
    ].join('\n'),
  )
  expect(stderr).toBe('2 leaves of 3; --limit shows more\n')
  expect(code).toBe(0)
  expect(place.server.seenAt('GET', '/api/v1/leaves')[0]!.query.get('q')).toBe('outcome:allowed who:@ana')
})

test('a stream of all leaves crosses pages, each once, and ends in one result', async () => {
  await using place = await openPlace()
  serveRows(place.server, 23, 5)
  const { stdout } = await place.run('trail', 'query', '--after', '2', '--jsonl')
  const events = jsonLines(stdout)
  expect(events.slice(0, -1).map(({ leafIndex }) => leafIndex)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 3),
  )
  expect(events.at(-1)).toEqual({ event: 'result', ok: true, count: 20, total: 23 })
})

test('an outcome is coloured and said', async () => {
  await using place = await openPlace()
  place.server.on('GET', '/api/v1/leaves', () => ({
    body: { rows: [rowOf(1, { outcome: 'refused', reason: 'own_release' })], total: 1, head: { treeSize: 2 } },
  }))
  const { stdout } = await place.home.run(['trail'], { env: { ...place.home.signedIn(), FORCE_COLOR: '1' } })
  expect(stdout).toContain('\u001b[31mrefused\u001b[39m  approval.given')
  expect(stdout).toContain('(own_release)')
})

test('tail resumes behind the last leaf after a broken connection, without loss or repetition', async () => {
  await using place = await openPlace()
  const resumedFrom: (string | undefined)[] = []
  place.server.on('GET', '/api/v1/events', ({ headers }) => ({
    raw: (response) => {
      const last = headers['last-event-id'] as string | undefined
      resumedFrom.push(last)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': hello\n\nevent: head\ndata: {"treeSize":9}\n\n')
      // It repeats the last one, as a careless server might.
      const from = Number(last ?? 3)
      for (const index of [from, from + 1, from + 2])
        response.write(`id: ${index}\nevent: leaf\ndata: ${JSON.stringify(rowOf(index))}\n\n`)
      setTimeout(() => response.destroy(), 50)
    },
  }))
  const { stdout, code } = await place.run('trail', 'tail', '--count', '5', '--jsonl', '--after', '3')
  expect(jsonLines(stdout).map(({ leafIndex, event }) => leafIndex ?? event)).toEqual([4, 5, 6, 7, 8, 'result'])
  expect(resumedFrom).toEqual(['3', '5', '7'])
  expect(code).toBe(0)
})

test('tail without a login asks to sign in', async () => {
  await using place = await openPlace()
  place.server.on('GET', '/api/v1/events', () => place.server.problem(401, 'login_expired', 'This login has expired.'))
  expect((await place.run('trail', 'tail')).code).toBe(4)
})

test('events are read as the standard says', async () => {
  async function* lines() {
    yield* [': comment', 'event: leaf', 'id: 7', 'data: a', 'data:b', '', 'retry: 5', '', 'data', '', 'data: lost']
  }
  const events = []
  for await (const event of decodeEvents(lines())) events.push(event)
  expect(events).toEqual([
    { name: 'leaf', id: '7', data: 'a\nb' },
    { name: 'message', id: undefined, data: '' },
  ])
})

const disclosure = Buffer.from('["salt","name","Ana Ruiz"]').toString('base64url')
const commitment = createHash('sha256').update(disclosure).digest('base64url')

function serveLeaf(server: FakeServer, more: object = {}) {
  server.leaves.push(JSON.stringify({ personal: { _sd: [commitment] } }))
  const index = server.leaves.length - 1
  server.on('GET', `/api/v1/leaves/:index`, () => ({
    body: {
      row: rowOf(index),
      leaf: server.leaves[index],
      disclosures: [{ name: 'name', value: 'Ana Ruiz', disclosure, digest: commitment }],
      proof: server.proof(index),
      evidence: [{ kind: 'assertion', digest: DIGEST, size: 10 }],
      facts: [{ label: 'user verified', value: 'yes', ok: true }],
      neighbours: { before: [], after: [] },
      ...more,
    },
  }))
  return index
}

test('trail show verifies proof and disclosures here, and says so', async () => {
  await using place = await openPlace()
  const index = serveLeaf(place.server)
  const { stdout, code } = await place.run('trail', 'show', String(index))
  expect(stdout).toMatch(/^name +Ana Ruiz {2}\(disclosed, commitment verified\)$/mu)
  expect(stdout).toMatch(/^user verified +yes {2}ok$/mu)
  expect(stdout).toMatch(/^proof +verified here: in the tree of 6 leaves that the log signed$/mu)
  expect(code).toBe(0)
})

test.each([
  ['another leaf', { leaf: '{"forged":true}' }],
  [
    'a disclosure that it does not commit to',
    {
      disclosures: [
        {
          name: 'name',
          value: 'Eve',
          disclosure: Buffer.from('["salt","name","Eve"]').toString('base64url'),
          digest: commitment,
        },
      ],
    },
  ],
])('trail show of %s exits 5', async (_, more) => {
  await using place = await openPlace()
  const index = serveLeaf(place.server, more)
  const { code } = await place.run('trail', 'show', String(index))
  expect(code).toBe(5)
})

test('why prints the chain with a leaf on every line; a file stands for its digest', async () => {
  await using place = await openPlace()
  place.server.on('GET', '/api/v1/why/:id', (_, [id]) => ({
    body: {
      question: 'Who put this into production?',
      subject: { kind: 'artifact', id },
      chain: [
        {
          title: 'Approval',
          entries: [
            {
              at: '2026-11-23T14:02:11.123Z',
              who: ana,
              sentence: 'signed approval',
              leafIndex: 21,
              facts: [{ label: 'passkey', value: 'software' }],
              policies: ['approvers-approve'],
              from: { ip: '192.0.2.7', at: '2026-11-23T14:02:11.123Z' },
            },
          ],
        },
        { title: 'Deploy', entries: [] },
      ],
    },
  }))
  const { stdout } = await place.run('why', place.home.write('shop.tgz', 'the artifact'))
  expect(stdout).toContain(`artifact sha256:${createHash('sha256').update('the artifact').digest('hex')}`)
  expect(stdout).toContain(
    'Approval\n  leaf 21      2026-11-23 14:02:11 UTC  @ana signed approval\n      passkey: software\n      policies: approvers-approve\n      from: 192.0.2.7 at 2026-11-23 14:02:11 UTC\n',
  )
  place.server.on('GET', '/api/v1/why/:id', () => place.server.problem(404, 'not_found', 'Nothing is known of it.'))
  expect((await place.run('why', DIGEST)).code).toBe(6)
})

test('status shows who, what waits, and the log whose checkpoint it verified', async () => {
  await using place = await openPlace()
  place.server.on('GET', '/api/v1/overview', () => ({
    body: {
      needsYou: [
        { kind: 'approval', text: 'shop 4be0c11 to production', href: '/a/x', at: '2026-11-23T14:02:11.123Z' },
      ],
      releases: [releaseOf()],
      last24h: { allowed: 5, refused: 1 },
      log: logStatusOf(place.server),
    },
  }))
  const { stdout, code } = await place.run('status')
  expect(code).toBe(0)
  expect(stdout).toContain('@ana at http://localhost')
  expect(stdout).toContain(
    '5 leaves, healthy\nlast 24 h: 5 allowed, 1 refused\nneeds you: shop 4be0c11 to production\n',
  )
  expect(stdout).toMatch(/K?\w{4}-\w{4} +waiting +0\/2 +shop 4be0c11 +production/u)
  place.server.changeKey()
  expect((await place.run('status')).code).toBe(5)
})

async function doctorOf(place: Awaited<ReturnType<typeof openPlace>>) {
  const { stdout, code } = await place.run('doctor', '--json')
  const { findings } = JSON.parse(stdout) as {
    findings: { check: string; state: string; detail: string; fix?: string }[]
  }
  return { code, of: (check: string) => findings.find((each) => each.check === check)! }
}

async function openClinic() {
  const place = await openPlace()
  place.server.on('GET', '/readyz', () => ({ body: { ready: true, checks: [] } }))
  place.server.on('GET', '/api/v1/log', () => ({ body: logStatusOf(place.server) }))
  await place.home.execute('git', ['config', '--global', 'commit.gpgsign', 'true'])
  await place.home.execute('git', ['config', '--global', 'user.signingkey', 'ABCD'])
  return place
}

test('the doctor finds nothing where nothing is', async () => {
  await using place = await openClinic()
  const { code, of } = await doctorOf(place)
  expect(
    ['git', 'tools', 'server', 'clock', 'log', 'history', 'witnesses', 'login']
      .map((check) => `${check} ${of(check).state}`)
      .filter((line) => !line.endsWith(' ok')),
  ).toEqual([])
  expect(code).toBe(0)
})

const faults: Record<
  string,
  [check: string, detail: RegExp, fix: RegExp, cause: (place: Awaited<ReturnType<typeof openPlace>>) => unknown]
> = {
  'unsigned commits': [
    'git',
    /does not sign commits/u,
    /countersign git setup/u,
    ({ home }) => home.execute('git', ['config', '--global', 'commit.gpgsign', 'false']),
  ],
  'a lost key': [
    'git',
    /cannot be read/u,
    /countersign git setup/u,
    async ({ home }) => {
      await home.execute('git', ['config', '--global', 'gpg.format', 'ssh'])
      await home.execute('git', ['config', '--global', 'user.signingkey', '/absent/key.pub'])
    },
  ],
  'a server that is not ready': [
    'server',
    /disk full/u,
    /privileged acts are refused/u,
    ({ server }) =>
      server.on('GET', '/readyz', () => ({
        status: 503,
        body: { ready: false, checks: [{ name: 'log', ok: false, detail: 'disk full' }] },
      })),
  ],
  'a wrong clock': [
    'clock',
    /behind the server/u,
    /set-ntp/u,
    ({ server }) =>
      server.on('GET', '/.well-known/countersign', () => ({
        body: server.discovery(),
        headers: { date: new Date(Date.now() + 3_600_000).toUTCString() },
      })),
  ],
  'another log key': [
    'log',
    /not one that the pinned log signed/u,
    /do not go on/u,
    ({ server }) => server.changeKey(),
  ],
  'a rewritten past': [
    'history',
    /rewrote leaves/u,
    /do not go on/u,
    ({ server }) => server.leaves.splice(2, 1, 'forged', 'more'),
  ],
  'a log that shrank': [
    'history',
    /has 3 leaves, and had 5/u,
    /do not go on/u,
    ({ server }) => server.leaves.splice(3),
  ],
  'a damaged log': [
    'witnesses',
    /leaf 3 does not match/u,
    /countersign restore/u,
    ({ server }) =>
      server.on('GET', '/api/v1/log', () => ({
        body: logStatusOf(server, {
          healthy: false,
          trouble: { sentence: 'leaf 3 does not match', leafIndex: 3, since: '' },
        }),
      })),
  ],
  'a late witness': [
    'witnesses',
    /w1 has not cosigned since 2026/u,
    /countersign witness/u,
    ({ server }) =>
      server.on('GET', '/api/v1/log', () => ({
        body: logStatusOf(server, {
          witnesses: [{ name: 'w1', key: 'x', cosignedSize: 1, cosignedAt: '2026-01-01T00:00:00.000Z', lag: 4 }],
        }),
      })),
  ],
  'an expired login': [
    'login',
    /This login has expired/u,
    /countersign login/u,
    ({ server }) =>
      server.on('GET', '/api/v1/logins/current', () => server.problem(401, 'login_expired', 'This login has expired.')),
  ],
}

test.each(Object.keys(faults))('the doctor finds %s, with the fix', async (name) => {
  await using place = await openClinic()
  await doctorOf(place)
  const [check, detail, fix, cause] = faults[name]!
  await cause(place)
  const { code, of } = await doctorOf(place)
  expect(of(check)).toMatchObject({
    state: 'problem',
    detail: expect.stringMatching(detail) as string,
    fix: expect.stringMatching(fix) as string,
  })
  expect(code).toBe(1)
})

test('a log that grew is shown to extend what was seen', async () => {
  await using place = await openClinic()
  await doctorOf(place)
  for (let count = 0; count < 7; count += 1) place.server.receipt('x.happened', {})
  const { of } = await doctorOf(place)
  expect(of('history').detail).toBe('the 5 leaves seen before still begin the log of 12')
})

test('policy check names file, line and remedy, and passes what is shipped', async () => {
  using home = new Home()
  const shipped = new URL('../../policies', import.meta.url).pathname
  expect((await home.run(['policy', 'check', shipped, '--json'])).code).toBe(0)
  home.write('bad/a.cedarschema', '')
  writeFileSync(home.path('bad/a.cedar'), 'permit (principal, action, resource);')
  const { code, stderr } = await home.run(['policy', 'check', home.path('bad')])
  expect(stderr).toContain('a.cedar:1: The policy has no name')
  expect(code).toBe(1)
  expect((await home.run(['policy', 'check', home.path('absent')])).code).toBe(6)
})

test('policy test asks the cases beside the policies, and names each that is answered differently', async () => {
  using home = new Home()
  const shipped = new URL('../../policies', import.meta.url).pathname
  const all = await home.run(['policy', 'test', shipped, '--complete', '--json'])
  expect(all.code).toBe(0)
  expect(JSON.parse(all.stdout)).toMatchObject({ ok: true, failed: [], untested: [] })

  const known = readFileSync(join(shipped, 'DENY', 'author-approves-own-release.json'), 'utf8')
  home.write('cases/ALLOW/author-approves.json', known)
  home.write('cases/DENY/of-another-schema.json', known.replace('"approve"', '"approved"'))
  const junit = home.path('junit.xml')
  const wrong = await home.run(['policy', 'test', shipped, '--cases', home.path('cases'), '--junit', junit])
  expect(wrong.code).toBe(1)
  expect(wrong.stdout).toContain('✗ ALLOW/author-approves: refused by author-cannot-approve')
  expect(wrong.stdout).toContain('✗ DENY/of-another-schema: the question cannot be asked')
  expect(readFileSync(junit, 'utf8')).toContain('tests="2" failures="2"')

  home.write('cases/DENY/torn.json', '{"question":')
  const torn = await home.run(['policy', 'test', shipped, '--cases', home.path('cases')])
  expect(torn.code).toBe(1)
  expect(torn.stderr).toContain('torn.json')
  const none = await home.run(['policy', 'test', shipped, '--cases', home.path('nothing')])
  expect(none.code).toBe(6)
})
