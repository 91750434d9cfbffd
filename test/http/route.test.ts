import { afterAll, beforeAll, expect, test } from 'vitest'
import { Office, type Call } from './office.ts'
import { tour } from './tour.ts'

let office: Office
beforeAll(async () => {
  office = await Office.open()
  await tour(office)
})
afterAll(() => office[Symbol.asyncDispose]())

/** Pages of the console and the stream have tests of their own. */
const ELSEWHERE = /^\/(?!api\/|log\/|livez|readyz|metrics|\.well-known)|^\/api\/v1\/events$/

/** The route that answers to an address; the one that says most of it. */
function patternOf(url: string): string | undefined {
  const path = url.split('?')[0]!
  const fitting = [...office.app.routesMade.keys()].filter((pattern) => {
    const source = pattern
      .replaceAll('.', String.raw`\.`)
      .replaceAll(/:[a-zA-Z]+/g, '[^/]+')
      .replace('*', '.+')
    return new RegExp(`^${source}$`).test(path)
  })
  return fitting.sort((a, b) => a.split(/[:*]/)[0]!.length - b.split(/[:*]/)[0]!.length).at(-1)
}

function callsOf(method: string, pattern: string): Call[] {
  return office.calls.filter((call) => call.method === method && call.status < 300 && patternOf(call.url) === pattern)
}

/** What shows the trail, or gives it away: written down before it is answered. */
const TRAIL = /^\/api\/v1\/(?:leaves|exports\/leaves|evidence\/|why\/)|^\/log\/tile\/entries/

test('no route changes anything without a leaf, none shows the trail without one, and none else that only looks writes one', () => {
  const wrong: string[] = []
  for (const [pattern, methods] of office.app.routesMade) {
    if (ELSEWHERE.test(pattern)) continue
    for (const method of methods) {
      if (method === 'HEAD') continue
      const calls = callsOf(method, pattern)
      if (calls.length === 0) wrong.push(`${method} ${pattern} was never called well`)
      const looks = TRAIL.test(pattern) ? 1 : 0
      if (method === 'GET' && calls.some(({ leaves }) => leaves !== looks))
        wrong.push(`GET ${pattern} wrote ${looks === 0 ? 'a' : 'no'} leaf`)
      // A code is worth nothing until it is exchanged, a sign-in until the browser is back, and that is the leaf.
      if (method === 'GET' || /^\/api\/v1\/logins\/(?:codes|idp|devices\/polls)$/.test(pattern)) continue
      // An erasure is ordered in one leaf and done in another; it may have to be asked for first.
      const most = /erasures$|agreements$/.test(pattern) ? 2 : 1
      if (calls.some(({ leaves }) => leaves < 1 || leaves > most)) wrong.push(`${method} ${pattern} wrote no leaf`)
    }
  }
  expect(wrong).toEqual([])
})

test('every route of the API is described, with references that lead somewhere', async () => {
  const { body } = await office.get('/api/openapi.json')
  expect(body.openapi).toBe('3.1.0')
  const missing = [...office.app.routesMade].flatMap(([pattern, methods]) => {
    if (ELSEWHERE.test(pattern) || pattern === '/api/openapi.json') return []
    const path = body.paths[pattern.replaceAll(/:([a-zA-Z]+)/g, '{$1}').replace('*', '{*}')]
    return [...methods]
      .filter((method) => method !== 'HEAD' && !path?.[method.toLowerCase()])
      .map((method) => `${method} ${pattern}`)
  })
  expect(missing).toEqual([])
  const text = JSON.stringify(body)
  const dangling = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].filter(
    ([, name]) => !body.components.schemas[name!],
  )
  expect(dangling).toEqual([])
})

test('every operation says what it is, who may call it, and how it answers', async () => {
  const { body } = await office.get('/api/openapi.json')
  for (const [path, operations] of Object.entries<Record<string, any>>(body.paths)) {
    for (const operation of Object.values(operations)) {
      expect(operation.summary, path).toMatch(/^[A-Z]/)
      expect(operation.security, path).toBeInstanceOf(Array)
      expect(Object.keys(operation.responses), path).toContainEqual(expect.stringMatching(/^20[012]$/))
      const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)
      const told = (operation.parameters ?? []).filter((parameter: any) => parameter.in === 'path')
      expect(told.map((parameter: any) => parameter.name).sort(), path).toEqual(named.sort())
    }
  }
})

test('a write answers with a receipt that its own description allows', async () => {
  const { body } = await office.get('/api/openapi.json')
  const receipt = body.paths['/api/v1/issuers'].post.responses['201'].content['application/json'].schema
  expect(receipt.required.sort()).toEqual(['leaf', 'leafIndex', 'outcome', 'policies', 'proof', 'result', 'type'])
})
