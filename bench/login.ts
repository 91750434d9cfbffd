/**
 * A job's way to its credential, through the HTTP API of a server in a process of its own: it signs in with its CI's token (RS256, the
 * issuer's keys cached), asks for a release that nobody has to approve, and is issued an SSH certificate; each request proves its key.
 * Jobs come at a steady 34 a second, whatever the answers take: about 100 requests. Sender and server share this machine.
 * BENCH_LOGIN_MS is how long they come.
 */

import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { Agent, createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256 } from '../src/bytes/digest.ts'
import { base64, base64url, utf8 } from '../src/bytes/text.ts'
import { proveRequest } from '../src/credential/dpop.ts'
import { createJobKey } from '../src/credential/ssh.ts'
import { openPlace } from './world/place.ts'
import { serveInstance } from './world/server.ts'
import { ARTIFACT, COMMIT, foundShop } from './world/shop.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }
type Step = 'job' | 'release' | 'certificate' | 'passage' | 'end'
type Spans = Record<Step, number[]>

const PER_SECOND = 34
const SPAN_MS = Number(process.env['BENCH_LOGIN_MS'] ?? 10_000)
const WARM = 30
const GOAL_MS = 25
const KEYS = generateKeyPairSync('ed25519')
const SPKI = base64.encode(KEYS.publicKey.export({ format: 'der', type: 'spki' }))
const SSH_KEY = createJobKey('bench').publicKeyText.trim()

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  await using issuer = await openIssuer()
  const directory = join(place.path, 'data')
  await foundShop(directory, issuer.url)
  await using server = await serveInstance(directory)
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const url = `http://localhost:${server.port}`
  const tokens = Array.from({ length: WARM + Math.ceil((SPAN_MS / 1000) * PER_SECOND) }, (_, run) =>
    issuer.token(url, run),
  )
  const client: Client = { url, port: server.port, agent }
  await pass(tokens.slice(0, WARM), client)
  const cpu = server.cpuMs()
  const [spans, fsync] = await beside(join(place.path, 'raw'), pass(tokens.slice(WARM), client))
  const used = (server.cpuMs() - cpu) / (tokens.length - WARM)
  agent.destroy()
  return {
    ...told('login.raw.fsync', fsync),
    'login.cpu': { value: Number(used.toPrecision(3)), unit: 'ms/job' },
    ...told('login.job', spans.job, GOAL_MS),
    ...told('login.release', spans.release),
    ...told('login.certificate', spans.certificate, GOAL_MS),
    ...told('login.passage', spans.passage),
    ...told('login.end', spans.end),
  }
}

/** What the disk does meanwhile for whoever writes a kilobyte now and then: the least that a decision can take. */
async function beside<T>(path: string, work_: Promise<T>): Promise<[T, number[]]> {
  await using file = await open(path, 'a')
  const spans: number[] = []
  let isOver = false
  const written = (async () => {
    while (!isOver) {
      const started = performance.now()
      await file.write(Buffer.alloc(1_024, 'x'))
      await file.datasync()
      spans.push(performance.now() - started)
      await sleep(50)
    }
  })()
  const done = await work_.finally(() => (isOver = true))
  await written
  return [done, spans]
}

function told(name: string, spans: number[], goal?: number): Record<string, Measure> {
  const sorted = spans.sort((a, b) => a - b)
  const at = (share: number) => Number(sorted[Math.floor(sorted.length * share)]!.toPrecision(3))
  return {
    [`${name}.p50`]: { value: at(0.5), unit: 'ms' },
    [`${name}.p99`]: {
      ...{ value: at(0.99), unit: 'ms' },
      ...(goal !== undefined && { goal: `< ${goal}`, met: at(0.99) < goal }),
    },
  }
}

type Client = { readonly url: string; readonly port: number; readonly agent: Agent }

/** One job for each token, each at its time; resolves with milliseconds of each step. */
async function pass(tokens: readonly string[], client: Client): Promise<Spans> {
  const spans: Spans = { job: [], release: [], certificate: [], passage: [], end: [] }
  const started = performance.now()
  const jobs = tokens.map(async (token, index) => {
    await sleep(Math.max(0, started + (index * 1000) / PER_SECOND - performance.now()))
    await work(token, client, spans)
  })
  await Promise.all(jobs)
  return spans
}

async function work(token: string, client: Client, spans: Spans): Promise<void> {
  const timed = async <T>(step: Step, act: () => Promise<T>): Promise<T> => {
    const started = performance.now()
    const answer = await act()
    spans[step].push(performance.now() - started)
    return answer
  }
  const proof = base64.encode(sign(null, sha256(utf8.encode(token)), KEYS.privateKey))
  const signIn = { method: 'job', token, publicKey: SPKI, proof }
  const bearer = await timed('passage', async () => {
    const login = await timed('job', () => ask(client, 'POST', '/api/v1/logins', signIn))
    const own = String(login['token'])
    const wanted = { artifact: ARTIFACT, environment: 'production' }
    const { release } = await timed('release', () => ask(client, 'POST', '/api/v1/releases', wanted, own))
    const grant = { release, target: 'web', publicKey: SSH_KEY }
    await timed('certificate', () => ask(client, 'POST', '/api/v1/grants', grant, own))
    return own
  })
  await timed('end', () => ask(client, 'DELETE', '/api/v1/logins/current', undefined, bearer))
}

type Result = Readonly<Record<string, unknown>>

async function ask(
  { url, port, agent }: Client,
  method: string,
  path: string,
  body: object | undefined,
  bearer?: string,
): Promise<Result> {
  const text = body && Buffer.from(JSON.stringify(body))
  const headers = {
    host: `localhost:${port}`,
    ...(text && { 'content-type': 'application/json', 'content-length': text.length }),
    ...(bearer !== undefined && {
      authorization: `DPoP ${bearer}`,
      dpop: proveRequest(
        KEYS.privateKey,
        { method, url: url + path, accessToken: bearer },
        { at: Date.now(), id: randomUUID() },
      ),
    }),
  }
  const sent = request({ host: '127.0.0.1', port, agent, method, path, headers })
  sent.end(text)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const receipt = (await json(response)) as { outcome?: string; result?: Result }
  if (receipt.outcome !== 'allowed' || !receipt.result)
    throw new Error(`${path} answered ${response.statusCode}: ${JSON.stringify(receipt)}`)
  return receipt.result
}

type Issuer = AsyncDisposable & { readonly url: string; token(audience: string, run: number): string }

async function openIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'RS256', use: 'sig' }]
  const server = createServer((_, response) => response.end(JSON.stringify({ keys }))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    token: (audience, run) => makeToken(privateKey, { iss: url, aud: audience, run_id: String(run) }),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function makeToken(key: KeyObject, said: object): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = {
    ...{ jti: randomUUID(), sub: 'repo:acme/shop:ref:refs/heads/main', iat, exp: iat + 3_000, event_name: 'push' },
    ...{ repository: 'acme/shop', ref: 'refs/heads/main', sha: COMMIT, run_attempt: '1', check_run_id: '1' },
    ...{ job_workflow_ref: 'acme/shop/.ci/release.yml@refs/heads/main', runner_environment: 'self-hosted' },
    ...said,
  }
  const text = [{ alg: 'RS256', kid: 'bench' }, claims]
    .map((part) => base64url.encode(utf8.encode(JSON.stringify(part))))
    .join('.')
  return `${text}.${base64url.encode(sign('sha256', utf8.encode(text), key))}`
}
