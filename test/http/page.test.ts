import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOST, Office } from './office.ts'

let directory: string
let office: Office
const SCRIPT = `console.log(${JSON.stringify('x'.repeat(5_000))})`
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'countersign-console-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>Console</title>')
  await writeFile(join(directory, 'approve.html'), '<!doctype html><title>Approve</title>')
  await writeFile(join(directory, 'assets/index-Ab12.js'), SCRIPT)
  await writeFile(join(directory, 'assets/index-Ab12.css'), 'body{}')
  await writeFile(join(directory, 'manifest.json'), '{}')
  await writeFile(join(directory, '.env'), 'SECRET=1')
  await symlink('/etc/passwd', join(directory, 'assets/passwd.svg'))
  office = await Office.open({ config: { consoleDirectory: directory } })
})
afterAll(async () => {
  await office[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

test('every place of the console is its one page, and never kept unasked', async () => {
  for (const url of [
    '/',
    '/releases',
    '/releases/release:0000000000',
    '/approvals',
    '/trail?q=x',
    '/alerts',
    '/people',
    '/verify',
    '/enrol',
    '/sign-in',
    '/cli-login?port=1',
  ]) {
    const page = await office.get(url)
    expect([url, page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
      url,
      200,
      'text/html; charset=utf-8',
      'no-cache',
    ])
    expect(page.text).toContain('<title>Console</title>')
  }
  expect((await office.get('/a/K7Q2-9DMX')).text).toContain('<title>Approve</title>')
})

test('assets are kept for ever, and sent small to whoever can read that', async () => {
  const plain = await office.get('/assets/index-Ab12.js')
  expect([plain.status, plain.text, plain.headers['cache-control']]).toEqual([
    200,
    SCRIPT,
    'public, max-age=31536000, immutable',
  ])
  expect(plain.headers['content-type']).toBe('text/javascript; charset=utf-8')
  const zipped = await office.app.inject({
    url: '/assets/index-Ab12.js',
    headers: { host: HOST, 'accept-encoding': 'br, gzip' },
  })
  expect([zipped.headers['content-encoding'], zipped.headers['vary']]).toEqual(['gzip', 'accept-encoding'])
  expect(gunzipSync(zipped.rawPayload).toString()).toBe(SCRIPT)
  const known = await office.ask('GET', '/assets/index-Ab12.js', {
    headers: { 'if-none-match': String(plain.headers['etag']) },
  })
  expect([known.status, known.text]).toEqual([304, ''])
})

test('nothing else can be asked for', async () => {
  for (const url of [
    '/manifest.json',
    '/.env',
    '/assets/passwd.svg',
    '/assets/',
    '/assets',
    '/index.html',
    '/assets/../index.html',
    '/assets/%2e%2e/.env',
    '/assets/..%2f.env',
    '//etc/passwd',
    '/releases/a/b',
  ]) {
    const answer = await office.get(url)
    expect([url, answer.status]).toEqual([url, 404])
    expect(answer.text).not.toMatch(/SECRET|root:/)
  }
})

test('pages at an address lead to the name that passkeys belong to; programs are answered there', async () => {
  for (const host of ['127.0.0.1:7443', '[::1]:7443']) {
    const page = await office.ask('GET', '/trail?q=a%20b', { headers: { host } })
    expect([page.status, page.headers['location']]).toEqual([302, 'http://localhost:7443/trail?q=a%20b'])
    const outside = await office.ask('GET', '//evil.example/', { headers: { host } })
    expect(outside.headers['location']).toBeUndefined()
    expect((await office.ask('GET', '/api/v1/setup', { headers: { host } })).status).toBe(200)
  }
})

test('without a console the server says how to build one', async () => {
  await using bare = await Office.open()
  const page = await bare.get('/')
  expect([page.status, page.body.code, page.body.next]).toEqual([503, 'not_built', 'npm run build:console'])
  const verify = await bare.get('/verify.html')
  expect([verify.status, verify.body.code, verify.body.next]).toEqual([503, 'not_built', 'npm run build:verify'])
})
