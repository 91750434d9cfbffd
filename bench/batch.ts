/**
 * Observations a second through the batch endpoint: 8 jobs, each on its own connection, 100 lines a request, policies asked,
 * leaves schema-checked, proven and on disk before anybody is answered. Beside it the same without the trail behind the log,
 * and a server that does nothing but parse and sync. Sender and server share this machine; BENCH_BATCH_MS is the span of each.
 */

import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { base64 } from '../src/bytes/text.ts'
import { proveRequest } from '../src/credential/dpop.ts'
import { freshBearer, freshId } from '../src/control/fresh.ts'
import type { JobClaims } from '../src/domain/login.ts'
import type { Caller } from '../src/domain/leaf.ts'
import type { Instance } from '../src/control/instance.ts'
import { enrolAdministrator, openInstance, record } from './world/instance.ts'
import { openPlace } from './world/place.ts'
import { serveInstance, serveProgram, type Server } from './world/server.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }
type Speaker = { readonly token: string; readonly key: KeyObject }
type Load = { readonly perSecond: number; readonly p50: number; readonly p99: number; readonly cpu: number }

const CONNECTIONS = 8
const LINES = 100
const WARM_MS = 1_500
const SPAN_MS = Number(process.env['BENCH_BATCH_MS'] ?? 5_000)
const GOAL = 35_000
const ISSUER = 'https://ci.example'

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const raw = await measure(
    await serveProgram('raw-lines.ts', join(place.path, 'raw')),
    Array(CONNECTIONS).fill({ token: 'none', key: generateKeyPairSync('ed25519').privateKey }),
  )
  const bare = await served(join(place.path, 'bare'), (directory) => serveProgram('bare.ts', directory))
  const whole = await served(join(place.path, 'whole'), serveInstance)
  return {
    ...told('batch.raw', raw),
    ...told('batch.bare', bare, true),
    ...told('batch.indexed', whole, true),
    'batch.indexed.to-raw': { value: round(whole.perSecond / raw.perSecond), unit: 'x' },
  }
}

function told(name: string, { perSecond, p50, p99, cpu }: Load, hasGoal = false): Record<string, Measure> {
  return {
    [name]: { value: perSecond, unit: 'lines/s', ...(hasGoal && { goal: `>= ${GOAL}`, met: perSecond >= GOAL }) },
    [`${name}.p50`]: { value: p50, unit: 'ms' },
    [`${name}.p99`]: { value: p99, unit: 'ms' },
    [`${name}.cpu`]: { value: cpu, unit: 'us/line' },
  }
}

function round(number: number): number {
  return Number(number.toPrecision(3))
}

async function served(directory: string, serve: (directory: string) => Promise<Server>): Promise<Load> {
  const tokens = await prepare(directory)
  return await measure(await serve(directory), tokens)
}

/** A log with signed-in jobs of one repository; resolves with their tokens and keys. */
async function prepare(directory: string): Promise<Speaker[]> {
  await using instance = await openInstance(directory)
  const { caller } = await enrolAdministrator(instance)
  await record(instance, caller, { type: 'trust issuer', issuer: ISSUER, kind: 'github' })
  const repository = { repository: 'acme/shop', protectedRefs: [], doorKey: 'AA', baseline: [] }
  await record(instance, caller, { type: 'register repository', ...repository })
  return await Promise.all(Array.from({ length: CONNECTIONS }, (_, run) => openJob(instance, run)))
}

async function openJob(instance: Instance, run: number): Promise<Speaker> {
  const { publicKey, privateKey: key } = generateKeyPairSync('ed25519')
  const jobKey = base64.encode(publicKey.export({ format: 'der', type: 'spki' }))
  const { token, digest } = freshBearer()
  const principal = freshId('job') as `job:${string}`
  const caller: Caller = { id: principal, kind: 'job' }
  const expiresAt = instance.clock() + 3_600_000
  const facts = { issuer: ISSUER, tokenDigest: `sha256:${String(run).padStart(64, '0')}`, tokenExpiresAt: expiresAt }
  const job = { ...facts, repository: 'acme/shop', runId: String(run), eventName: 'push', ref: 'refs/heads/main' }
  const login = { login: freshId('login') as `login:${string}`, bearerDigest: digest, expiresAt }
  const command = { type: 'open job login', ...login, issuer: ISSUER, jobKey } as const
  await record(instance, caller, command, { principal, job } as JobClaims)
  return { token, key }
}

async function measure(server: Server, tokens: readonly Speaker[]): Promise<Load> {
  await using _ = server
  await send(server.port, tokens, WARM_MS)
  const [started, cpu] = [performance.now(), server.cpuMs()]
  const spans = (await send(server.port, tokens, SPAN_MS)).sort((a, b) => a - b)
  const seconds = (performance.now() - started) / 1000
  const at = (share: number) => round(spans[Math.floor(spans.length * share)]!)
  return {
    perSecond: Math.round((spans.length * LINES) / seconds),
    p50: at(0.5),
    p99: at(0.99),
    cpu: round(((server.cpuMs() - cpu) * 1000) / (spans.length * LINES)),
  }
}

/** Milliseconds of each request. */
async function send(port: number, tokens: readonly Speaker[], forMs: number): Promise<number[]> {
  const end = performance.now() + forMs
  const spans: number[] = []
  const connection = async (token: Speaker) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let number = 0; performance.now() < end; number += 1) {
      const started = performance.now()
      await post(port, agent, token, bodies[number % bodies.length]!)
      spans.push(performance.now() - started)
    }
    agent.destroy()
  }
  await Promise.all(tokens.map(connection))
  return spans
}

async function post(port: number, agent: Agent, { token, key }: Speaker, body: Buffer): Promise<void> {
  const path = '/api/v1/observations'
  const asked = { method: 'POST', url: `http://localhost:${port}${path}`, accessToken: token }
  const headers = {
    dpop: proveRequest(key, asked, { at: Date.now(), id: randomUUID() }),
    ...{ authorization: `DPoP ${token}`, 'content-type': 'application/x-ndjson', 'content-length': body.length },
    ...{ host: `localhost:${port}`, 'idempotency-key': randomUUID() },
  }
  const sent = request({ host: '127.0.0.1', port, agent, method: 'POST', path, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { result } = (await json(response)) as { result?: { lines: number; refused: unknown[] } }
  if (result?.lines !== LINES || result.refused.length > 0)
    throw new Error(`the server answered ${response.statusCode}: ${JSON.stringify(result)}`)
}

const bodies = Array.from({ length: 32 }, (_, index) => {
  const line = (step: number) => ({
    ...{ kind: 'test.finished', at: new Date(1_795_000_000_000 + 1000 * index + step).toISOString(), status: 'passed' },
    ...{ digest: `sha256:${'7'.repeat(64)}`, durationMs: 17 * step },
    facts: { suite: 'checkout', failed: 0, isRetry: false },
  })
  return Buffer.from(Array.from({ length: LINES }, (__, step) => `${JSON.stringify(line(step))}\n`).join(''))
})
