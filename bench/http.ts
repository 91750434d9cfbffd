/**
 * One decision through the HTTP API of a server in a process of its own, asked by one caller: known by its login, decided by Cedar on a
 * question that was never asked before, durable, and answered with its receipt.
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { Agent, request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { freshId } from '../src/control/fresh.ts'
import { enrolAdministrator, openInstance, record } from './world/instance.ts'
import { openPlace } from './world/place.ts'
import { serveInstance } from './world/server.ts'

type Measure = { readonly value: number; readonly unit: string; readonly goal?: string; readonly met?: boolean }

const WARM = 100
const ROUNDS = 400

export async function run(): Promise<Record<string, Measure>> {
  await using place = await openPlace()
  const directory = join(place.path, 'data')
  const { token, people } = await prepare(directory)
  await using server = await serveInstance(directory)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = (person: string) => assignRole(server.port, agent, token, person)
  for (const person of people.slice(0, WARM)) await ask(person)
  const rest = people.slice(WARM).values()
  const decision = await median(ROUNDS, () => ask(rest.next().value!))
  agent.destroy()
  await using file = await open(join(place.path, 'raw'), 'a')
  const fsync = await median(ROUNDS, async () => {
    await file.write(Buffer.alloc(1_024, 'x'))
    await file.datasync()
  })
  const goal = round(3 * fsync + 2)
  return {
    'http.raw.fsync': { value: round(fsync), unit: 'ms' },
    'http.decision': { value: round(decision), unit: 'ms', goal: `<= ${goal}`, met: decision <= goal },
    'http.decision.to-fsync': { value: round(decision / fsync), unit: 'x' },
  }
}

function round(number: number): number {
  return Number(number.toPrecision(3))
}

async function prepare(directory: string): Promise<{ token: string; people: string[] }> {
  await using instance = await openInstance(directory)
  const { caller, token } = await enrolAdministrator(instance)
  const people = Array.from({ length: WARM + ROUNDS }, () => freshId('person') as `person:${string}`)
  for (const person of people) {
    const inviteDigest = `sha256:${createHash('sha256').update(person).digest('hex')}` as const
    const expiresAt = instance.clock() + 600_000
    await record(instance, caller, { type: 'invite person', person, inviteDigest, expiresAt, roles: [] })
  }
  return { token, people }
}

async function assignRole(port: number, agent: Agent, token: string, person: string): Promise<void> {
  const body = Buffer.from(JSON.stringify({ role: 'developer' }))
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': body.length,
    host: `localhost:${port}`,
  }
  const path = `/api/v1/people/${encodeURIComponent(person)}/roles`
  const sent = request({ host: '127.0.0.1', port, agent, method: 'POST', path, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const receipt = (await json(response)) as { outcome?: string; proof?: { checkpoint?: string } }
  if (receipt.outcome !== 'allowed' || !receipt.proof?.checkpoint)
    throw new Error(`the server answered ${response.statusCode}: ${JSON.stringify(receipt)}`)
}

async function median(rounds: number, act: () => Promise<void>): Promise<number> {
  const spans: number[] = []
  for (let number = 0; number < rounds; number += 1) {
    const started = performance.now()
    await act()
    spans.push(performance.now() - started)
  }
  return spans.sort((a, b) => a - b)[Math.floor(rounds / 2)]!
}
