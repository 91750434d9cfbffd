/**
 * A program that stands in for a CI as an OpenID Connect issuer: discovery, keys, and a token endpoint where each run of a job
 * fetches a token that says, in GitHub's claims, what the CI knows about it.
 *
 *     node ci-issuer.ts CONTROL-SECRET-FILE
 *
 *     GET  /.well-known/openid-configuration
 *     GET  /.well-known/jwks
 *     POST /runs                       the CI itself starts a run: {claims} -> {requestUrl, requestToken}
 *     GET  /token?run=ID&audience=URL  the job, with its request token -> {value: JWT}
 */

import { generateKeyPairSync, randomBytes, randomUUID, sign, timingSafeEqual, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse } from '../../bytes/json.ts'
import * as z from '../../bytes/schema.ts'
import { base64url, utf8 } from '../../bytes/text.ts'

interface Issuer {
  /** `http://localhost:41234` */
  readonly url: string
  readonly controlSecret: string
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly runs: Map<string, Run>
}

interface Run {
  readonly requestToken: string
  readonly claims: Readonly<Record<string, string>>
}

const TOKEN_SECONDS = 300
const MAX_BODY_BYTES = 16_384
const MAX_RUNS = 1_000
const runShape = z.strictObject({ claims: z.record(z.string().max(64), z.string().max(1_024)) })

/** Listens on a free loopback port; `ready` resolves with its URL. */
export function startIssuer(controlSecret: string): { readonly server: Server; readonly ready: Promise<string> } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyId = randomBytes(8).toString('hex')
  const runs = new Map<string, Run>()
  const server = createServer({ requestTimeout: 10_000, maxHeaderSize: 8_192 }, (request, response) => {
    const url = `http://localhost:${(server.address() as AddressInfo).port}`
    answer(request, response, { url, controlSecret, keyId, ...pair, runs }).catch((error: Error) =>
      send(response, 400, { error: error.message }),
    )
  })
  const ready = new Promise<string>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, 'localhost', () => resolve(`http://localhost:${(server.address() as AddressInfo).port}`))
  })
  return { server, ready }
}

async function answer(request: IncomingMessage, response: ServerResponse, issuer: Issuer): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', issuer.url)
  switch (`${request.method} ${pathname}`) {
    case 'GET /.well-known/openid-configuration':
      return send(response, 200, describe(issuer))
    case 'GET /.well-known/jwks':
      return send(response, 200, { keys: [jwkOf(issuer)] })
    case 'POST /runs':
      if (!isBearer(request, issuer.controlSecret)) return send(response, 401, { error: 'only the CI starts runs' })
      return send(response, 201, startRun(runShape.parse(parse(await readBody(request))), issuer))
    case 'GET /token':
      return giveToken(request, response, searchParams, issuer)
    default:
      return send(response, 404, { error: 'there is nothing here' })
  }
}

function describe({ url }: Issuer): object {
  return {
    issuer: url,
    jwks_uri: `${url}/.well-known/jwks`,
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
  }
}

function jwkOf({ publicKey, keyId }: Issuer): object {
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  return { kty, n, e, kid: keyId, alg: 'RS256', use: 'sig' }
}

function startRun({ claims }: z.infer<typeof runShape>, { url, runs }: Issuer): object {
  if (runs.size >= MAX_RUNS) throw new Error('too many runs')
  const run = randomUUID()
  const requestToken = randomBytes(24).toString('base64url')
  runs.set(run, { requestToken, claims })
  return { requestUrl: `${url}/token?run=${run}`, requestToken }
}

function giveToken(request: IncomingMessage, response: ServerResponse, query: URLSearchParams, issuer: Issuer): void {
  const run = issuer.runs.get(query.get('run') ?? '')
  const audience = query.get('audience')
  if (!run || !isBearer(request, run.requestToken)) return send(response, 401, { error: 'no such run, or not yours' })
  if (!audience) return send(response, 400, { error: 'name the audience that the token is for' })
  return send(response, 200, { value: makeToken(run.claims, audience, issuer) })
}

function makeToken(claims: Run['claims'], audience: string, { url, keyId, privateKey }: Issuer): string {
  const now = Math.floor(Date.now() / 1000)
  const times = { iat: now, nbf: now - 5, exp: now + TOKEN_SECONDS }
  const head = { alg: 'RS256', typ: 'JWT', kid: keyId }
  const body = { ...claims, iss: url, aud: audience, jti: randomUUID(), ...times }
  const signed = [head, body].map((part) => base64url.encode(utf8.encode(JSON.stringify(part)))).join('.')
  return `${signed}.${base64url.encode(sign('sha256', utf8.encode(signed), privateKey))}`
}

function isBearer({ headers }: IncomingMessage, secret: string): boolean {
  const [given, wanted] = [Buffer.from(headers.authorization ?? ''), Buffer.from(`Bearer ${secret}`)]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) throw new Error('the request is too large')
  }
  return text
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const [secretFile] = process.argv.slice(2)
if (import.meta.main && secretFile) {
  const { ready } = startIssuer(readFileSync(secretFile, 'utf8').trim())
  process.stdout.write(`issuer listening on ${await ready}\n`)
  process.once('SIGTERM', () => process.exit(0))
}
