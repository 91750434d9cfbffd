import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { addressKey, Limit } from '../../src/http/limit.ts'
import { StoreError } from '../../src/store/error.ts'
import { Office } from './office.ts'
import { setUp } from './story.ts'

describe('how often', () => {
  test('a bucket lets a burst through, and then as many as it refills', () => {
    const limit = new Limit({ burst: 3, perSecond: 2 })
    expect([0, 0, 0, 0].map(() => limit.take('a', 1_000))).toEqual([0, 0, 0, 1])
    expect(limit.take('b', 1_000)).toBe(0)
    expect([limit.take('a', 1_400), limit.take('a', 1_500), limit.take('a', 1_500)]).toEqual([1, 0, 1])
    expect([0, 0, 0, 0].map(() => limit.take('a', 1e9))).toEqual([0, 0, 0, 1])
  })

  test('a clock that runs backwards gives nothing away', () => {
    const limit = new Limit({ burst: 1, perSecond: 1 })
    expect([limit.take('a', 10_000), limit.take('a', 0), limit.take('a', 500)]).toEqual([0, 1, 1])
  })

  test('one network of IPv6 is one caller', () => {
    expect(addressKey('2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2')
    expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0')
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe(addressKey('2001:db8:1:2:ffff::'))
    expect([addressKey('::1'), addressKey('192.0.2.7'), addressKey('::ffff:192.0.2.7')]).toEqual([
      '0:0:0:0',
      '192.0.2.7',
      '192.0.2.7',
    ])
  })

  test('strangers are counted by address and people by login, and told when to come back', async () => {
    const rates = { perAddress: { burst: 4, perSecond: 0.01 }, perLogin: { burst: 3, perSecond: 0.01 } }
    await using office = await Office.open({ config: { rates } })
    const ana = await office.admin()
    const own = [1, 2, 3, 4].map(() => office.get('/api/v1/log', ana.token))
    expect((await Promise.all(own)).map(({ status }) => status)).toEqual([200, 200, 200, 429])
    const answer = await office.get('/api/v1/setup')
    expect([answer.status, answer.body.code, Number(answer.headers['retry-after'])]).toEqual([
      429,
      'too_many',
      expect.any(Number),
    ])
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect((await office.get('/livez')).status).toBe(200)
    expect(office.port.noise.totals().get('too_many')).toBe(2)
  })
})

test('every answer is treated with suspicion by browsers', async () => {
  await using office = await Office.open({ config: { publicUrl: 'https://countersign.example' } })
  const headers = { host: 'countersign.example' }
  for (const url of ['/', '/api/v1/setup', '/api/v1/nothing', '/livez', '/log/checkpoint', '/assets/none.js']) {
    const answer = await office.ask('GET', url, { headers })
    const policy = String(answer.headers['content-security-policy'])
    expect(policy, url).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'; require-trusted-types-for 'script'/,
    )
    expect(policy, url).not.toMatch(/unsafe|https?:|\*/)
    expect(answer.headers, url).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
    })
    expect(answer.headers['access-control-allow-origin'], url).toBeUndefined()
    expect(answer.headers['server'] ?? answer.headers['x-powered-by'], url).toBeUndefined()
  }
})

test('what does not exist is not found, and what cannot be done says what can', async () => {
  await using office = await Office.open()
  for (const url of [
    '/api/v1/nothing',
    '/api',
    '/..%2f..%2fetc/passwd',
    '/log/tile/x',
    '/log/tile/entries',
    '/.git/config',
    '/%00',
    '/api/v1/leaves/-1/x',
  ]) {
    const answer = await office.get(url)
    expect([url, answer.status, answer.body.code]).toEqual([url, 404, 'not_found'])
  }
  const put = await office.ask('PUT', '/api/v1/people', { body: {} })
  expect([put.status, put.body.code, put.headers['allow']]).toEqual([405, 'method_not_allowed', 'GET, HEAD, POST'])
  expect((await office.ask('DELETE', '/livez')).status).toBe(405)
  expect((await office.get('/%E0%A4%A')).status).toBe(400)
  const wrong = await office.get('/api/v1/evidence/nope')
  expect([wrong.status, wrong.body.code]).toEqual([401, 'sign_in_needed'])
})

test('a query that is wrong is named, and the trail is read page by page', async () => {
  await using office = await Office.open()
  const { ana } = await setUp(office)
  for (const [url, path] of [
    ['leaves?limit=501', 'query.limit'],
    ['leaves?before=x', 'query.before'],
    ['leaves?q=%22', 'query.q'],
    ['leaves/x', 'params.leafIndex'],
    ['evidence/sha256:1', 'params.digest'],
    ['releases?state=odd', 'query.state'],
  ]) {
    const answer = await office.get(`/api/v1/${url}`, ana.token)
    expect([url, answer.status, answer.body.facts.path]).toEqual([url, 400, path])
  }
  const seen: number[] = []
  for (let url: string | undefined = '/api/v1/leaves?limit=7'; url;) {
    const answer = await office.get(url, ana.token)
    seen.push(...answer.body.rows.map(({ leafIndex }: { leafIndex: number }) => leafIndex))
    url = /<([^>]+)>; rel="next"/.exec((answer.headers['link'] as string | undefined) ?? '')?.[1]
  }
  expect(seen).toEqual(Array.from({ length: office.size }, (_, index) => office.size - 1 - index))
  expect((await office.get(`/api/v1/leaves/${office.size}`, ana.token)).status).toBe(404)
  expect((await office.get(`/api/v1/evidence/sha256:${'0'.repeat(64)}`, ana.token)).status).toBe(404)
  expect((await office.get('/api/v1/why/nothing-of-that-name', ana.token)).status).toBe(404)
})

test('evidence and tiles come as bytes that no browser shows as a page', async () => {
  await using office = await Office.open()
  const { ana } = await setUp(office)
  const { body } = await office.get('/api/v1/leaves/1', ana.token)
  const evidence = await office.get(`/api/v1/evidence/${body.evidence[0].digest}`, ana.token)
  expect(evidence.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': expect.stringMatching(/^attachment/),
  })
  expect(evidence.text).toContain('Countersign::Action')
  const tile = await office.get('/log/tile/0/000.p/3')
  expect([tile.status, tile.headers['cache-control'], tile.headers['content-length']]).toEqual([
    200,
    'public, max-age=3600',
    '96',
  ])
  expect((await office.get('/log/tile/entries/000.p/3')).status).toBe(401)
  const entries = await office.get('/log/tile/entries/000.p/3', ana.token)
  expect([entries.status, entries.headers['cache-control']]).toEqual([200, 'private, max-age=3600'])
  expect((await office.get('/log/checkpoint')).text).toMatch(/^log\.example\n\d+\n/)
  expect((await office.get('/log/tile/0/000.p/250')).status).toBe(404)
})

test('a log that cannot be written is told, with one sentence and when to try again', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const { log } = office.port.ledger
  const append = log.append.bind(log)
  const body = { issuer: 'https://x.example', kind: 'github' }
  const failing = (error: Error) => {
    log.append = () => {
      throw error
    }
  }
  failing(new StoreError('unwritable', 'couldn’t append leaf 7: no space left on device'))
  const full = await office.post('/api/v1/issuers', body, ana.token)
  expect([full.status, full.body.code, full.headers['retry-after']]).toEqual([503, 'log_unwritable', '5'])
  failing(new StoreError('busy', 'the queue is full'))
  expect((await office.post('/api/v1/issuers', body, ana.token)).body.code).toBe('busy')
  failing(new Error('secret path /home/x'))
  const broken = await office.post('/api/v1/issuers', body, ana.token)
  expect([broken.status, broken.body.code]).toEqual([500, 'failed'])
  expect(broken.text).not.toContain('secret path')
  expect(office.reports).toEqual(['http: Error: secret path /home/x'])
  log.append = append
  expect((await office.post('/api/v1/issuers', body, ana.token)).status).toBe(201)
})

test('liveness, readiness and metrics say how it is, to whoever watches the machine', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  await office.get('/api/v1/log', 'cs_unknown')
  const probe = { host: '10.1.2.3:7443' }
  expect((await office.ask('GET', '/livez', { headers: probe })).body).toEqual({ live: true })
  const ready = await office.ask('GET', '/readyz', { headers: probe })
  expect([ready.status, ready.body.ready, ready.body.checks.length]).toEqual([200, true, 4])
  const metrics = await office.ask('GET', '/metrics', { headers: probe })
  expect(metrics.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
  expect(metrics.text).toMatch(/\ncountersign_log_leaves \d+\n/)
  expect(metrics.text).toMatch(/\ncountersign_decisions_total\{outcome="allowed"\} [1-9]/)
  expect(metrics.text).toContain('countersign_noise_total{code="sign_in_needed"} 1\n')
  expect(metrics.text).toMatch(
    /countersign_http_request_seconds_bucket\{method="POST",route="\/api\/v1\/logins",status="2xx",le="\+Inf"\} 1\n/,
  )
  expect(metrics.text.endsWith('# EOF\n')).toBe(true)
  expect(metrics.text).not.toContain(ana.token)
  office.port.ledger.state.log!.damaged.push(2)
  const damaged = await office.get('/readyz')
  expect([damaged.status, damaged.body.ready]).toEqual([503, false])
  const stopped = await office.post('/api/v1/issuers', { issuer: 'https://x.example', kind: 'github' }, ana.token)
  expect([stopped.status, stopped.body.code, stopped.body.next]).toEqual([503, 'log_damaged', 'countersign restore'])
  expect(stopped.body.receipt.outcome).toBe('refused')
})

test('what is not HTTP is told so, and its socket closes', async () => {
  await using office = await Office.open()
  await office.app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = office.app.server.address() as AddressInfo
  const say = async (words: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(words)
    return text(socket)
  }
  expect(await say('HELO there\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Refused\r\n[^]*"code":"malformed"\}$/)
  expect(await say(`GET / HTTP/1.1\r\nhost: x\r\ncookie: ${'x'.repeat(40_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 413 [^]*"code":"too_large"\}$/,
  )
  const smuggled = await say(
    'POST /api/v1/issuers HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  )
  expect(smuggled).toMatch(/^HTTP\/1\.1 400 /)
})

test('slow and idle callers hold a socket for a bounded time', async () => {
  await using office = await Office.open()
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxConnections } = office.app.server
  expect([headersTimeout, requestTimeout, keepAliveTimeout, maxConnections]).toEqual([15_000, 30_000, 65_000, 4_096])
})
