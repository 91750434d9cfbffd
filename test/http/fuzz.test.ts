import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office } from './office.ts'
import { jobKeyLine, requestRelease, setUp, type Released, type Story } from './story.ts'

let office: Office
let story: Story
let asked: Released
beforeAll(async () => {
  const fast = { burst: 1e6, perSecond: 1e6 }
  office = await Office.open({ config: { rates: { perAddress: fast, perLogin: fast } } })
  story = await setUp(office)
  asked = await requestRelease(story)
})
afterAll(() => office[Symbol.asyncDispose]())

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom(
    '',
    '../..',
    '\0',
    '__proto__',
    'constructor',
    -1,
    1e21,
    0.1,
    null,
    [],
    {},
    'x'.repeat(5_000),
    '@ana',
    'sha256:',
  ),
)

/** Whatever is sent, it is answered with a typed problem or a receipt, adds one leaf at most, and is never our own fault. */
async function expectTyped(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  as: string | undefined,
  body?: unknown,
): Promise<void> {
  const before = office.size
  const answer = await office.ask(method, url, {
    as,
    ...(body !== undefined && { body: JSON.stringify(body).replaceAll('"__proto__":', '"proto":') }),
  })
  expect(answer.status, `${method} ${url} ${answer.text}`).not.toBe(500)
  if (answer.status >= 400)
    expect(answer.headers['content-type']).toMatch(
      url.startsWith('/scim/') ? /^application\/(?:scim|problem)\+json/ : /^application\/problem\+json/,
    )
  expect(office.size - before).toBeLessThanOrEqual(1)
  expect(office.reports).toEqual([])
}

const fields = [
  'release',
  'artifact',
  'environment',
  'target',
  'handle',
  'roles',
  'zone',
  'method',
  'token',
  'assertion',
  'registration',
  'files',
  'envelope',
  'publicKey',
  'format',
  'reason',
  'until',
  'role',
  'issuer',
  'kind',
  'jwksUri',
  'repository',
  'doorKey',
  'protectedRefs',
  'address',
  'exitCode',
  'challenge',
  'state',
  'redirectPort',
  'verifier',
  'code',
]

test('any body on any route is answered in a typed way', async () => {
  const routes = [...office.app.routesMade].filter(([, methods]) => methods.has('POST')).map(([pattern]) => pattern)
  const url = (pattern: string) => pattern.replace(':id', pattern.includes('releases') ? asked.release : '@ben')
  const body = fc.dictionary(fc.constantFrom(...fields), odd, { maxKeys: 8 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), body, fc.boolean(), async (pattern, sent, isJob) => {
      await expectTyped('POST', url(pattern), isJob ? asked.job.token : story.ben.token, sent)
    }),
    { numRuns: 400 },
  )
})

test('one odd field in a good body is answered in a typed way', async () => {
  const good: readonly (readonly [string, string, object])[] = [
    ['/api/v1/releases', asked.job.token, { artifact: asked.artifact, environment: 'production' }],
    ['/api/v1/grants', asked.job.token, { release: asked.release, target: 'web', publicKey: jobKeyLine() }],
    [
      '/api/v1/people',
      story.dana.token,
      { handle: 'x', name: 'X', email: 'x@acme.example', zone: 'UTC', roles: ['developer'] },
    ],
    ['/api/v1/people/@ben/roles', story.dana.token, { role: 'auditor', until: '2050-01-01T00:00:00Z', reason: 'r' }],
    ['/api/v1/keys', story.dana.token, { format: 'openpgp', publicKey: 'x', emails: ['a@b.example'] }],
    [
      '/api/v1/issuers',
      story.dana.token,
      { issuer: 'https://a.example', kind: 'github', jwksUri: 'https://a.example/keys' },
    ],
    [
      '/api/v1/targets',
      story.dana.token,
      { target: 't', kind: 'ssh', address: 'h:1', principals: ['a'], forceCommand: 'x' },
    ],
    ['/api/v1/logins', '', { method: 'code', code: 'c'.repeat(43), verifier: 'v'.repeat(43) }],
  ]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...good), fc.nat(), odd, async ([path, as, body], pick, value) => {
      const names = Object.keys(body)
      await expectTyped('POST', path, as || undefined, { ...body, [names[pick % names.length]!]: value })
    }),
    { numRuns: 300 },
  )
})

test('any address is answered in a typed way', async () => {
  const segment = fc.oneof(
    fc
      .string({ unit: 'binary', maxLength: 60 })
      .filter((text) => text.isWellFormed())
      .map(encodeURIComponent),
    fc.constantFrom('..', '%2e%2e', '%00', '%', '*', ':id'),
  )
  const patterns = [...office.app.routesMade]
    .filter(([pattern, methods]) => methods.has('GET') && /[:*]/.test(pattern))
    .map(([pattern]) => pattern)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...patterns), segment, fc.webQueryParameters(), async (pattern, part, query) => {
      const isWait = pattern.endsWith('/wait') ? 'timeoutSeconds=0&' : ''
      await expectTyped('GET', `${pattern.replace(/:[a-zA-Z]+|\*/, part)}?${isWait}${query}`, story.ana.token)
    }),
    { numRuns: 300 },
  )
})
