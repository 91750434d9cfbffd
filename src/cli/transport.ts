/** One HTTP exchange with the server: bounded in time and size, never redirected, retried only when asking changes nothing. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parse, type Json } from '../bytes/json.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** From the root: `/api/v1/releases`. */
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Headers that are good for one attempt alone. */
  readonly prove?: (() => Readonly<Record<string, string>>) | undefined
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json | undefined
}

const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 32 * 1024 * 1024
const ATTEMPTS = 3
const MAX_RETRY_AFTER_MS = 5_000

/** The answer, whatever its status. Throws a Failure when there is none, or none that is JSON of reasonable size. */
export async function exchange(
  server: string,
  { method, path, body, headers, prove, timeoutMs = TIMEOUT_MS, signal }: Exchange,
): Promise<Answer> {
  const send = () =>
    attempt(server, path, {
      method,
      redirect: 'error',
      signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) : AbortSignal.timeout(timeoutMs),
      headers: {
        accept: 'application/json, application/problem+json',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
        ...prove?.(),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  if (method !== 'GET') return await send()
  return await retried(send, signal)
}

async function retried(send: () => Promise<Answer>, signal: AbortSignal | undefined): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const isLast = tries === ATTEMPTS || signal?.aborted
    let pauseMs = 200 * tries
    try {
      const answer = await send()
      if (isLast || ![429, 502, 504].includes(answer.status)) return answer
      pauseMs = Math.min(Number(answer.headers.get('retry-after') ?? 0) * 1_000 || pauseMs, MAX_RETRY_AFTER_MS)
    } catch (failure) {
      if (isLast || !(failure instanceof Failure) || failure.code !== 'unreachable') throw failure
    }
    await sleep(pauseMs)
  }
}

async function attempt(server: string, path: string, init: RequestInit): Promise<Answer> {
  const response = await reach(server, () => fetch(`${server}${path}`, init))
  const text = await reach(server, () => readBounded(response))
  const { status, headers } = response
  if (text === '') return { status, headers, body: undefined }
  try {
    return { status, headers, body: parse(text) }
  } catch {
    throw new Failure('failed', 'not_countersign', `${server} answered ${status} with something that is not JSON`, {
      next: 'check that --server names a Countersign server',
    })
  }
}

async function reach<T>(server: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    const { name, reason } = describe(thrown)
    if (name === 'AbortError') throw new Failure('interrupted', 'interrupted', 'interrupted')
    const what = name === 'TimeoutError' ? 'did not answer in time' : `cannot be reached (${reason})`
    throw new Failure('failed', 'unreachable', `${server} ${what}`, { next: 'countersign doctor' })
  }
}

/** fetch hides the cause one level down: `fetch failed` says nothing, ECONNREFUSED does. */
function describe(thrown: unknown): { readonly name: string; readonly reason: string } {
  if (!(thrown instanceof Error)) return { name: 'Error', reason: printable(String(thrown)) }
  const cause = thrown.cause as { readonly code?: string; readonly message?: string } | undefined
  return { name: thrown.name, reason: printable(cause?.code ?? cause?.message ?? thrown.message) }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES)
      throw new Failure('failed', 'answer_too_large', `the server's answer is larger than ${MAX_ANSWER_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
