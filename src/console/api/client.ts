/** One way to ask the server: JSON in, JSON out, and every failure a `Problem` with a sentence a person can act on. */

/** The `application/problem+json` of a refusal, or of a server that could not be reached (`unreachable`, status 0). */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly next: string | undefined
  readonly leafIndex: number | undefined
  readonly policies: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>

  constructor(status: number, body: Partial<ProblemBody>) {
    super(body.detail || body.title || 'The server gave no reason.')
    this.name = 'Problem'
    this.status = status
    this.code = body.code ?? 'unknown'
    this.next = body.next
    this.leafIndex = body.leafIndex
    this.policies = body.policies ?? []
    this.facts = body.facts ?? {}
  }
}

type ProblemBody = {
  title: string
  detail: string
  code: string
  next: string
  leafIndex: number
  policies: string[]
  facts: Record<string, unknown>
}

const WAIT_MS = 20_000

export function get<T>(path: string): Promise<T> {
  return ask<T>('GET', path)
}

/** Sends with a fresh idempotency key, so that a retry by the network is not a second act. */
export function post<T>(path: string, body: unknown): Promise<T> {
  return ask<T>('POST', path, body)
}

export function remove<T>(path: string): Promise<T> {
  return ask<T>('DELETE', path)
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) {
    headers['content-type'] = 'application/json'
    headers['idempotency-key'] = crypto.randomUUID()
  }
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      redirect: 'error',
      signal: AbortSignal.timeout(WAIT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw new Problem(0, {
      code: 'unreachable',
      detail: 'The server cannot be reached.',
      next: 'Check that it runs and that this device is online; nothing was sent twice.',
    })
  }
  const answer = await readJson(response)
  if (!response.ok) throw new Problem(response.status, (answer ?? {}) as Partial<ProblemBody>)
  return answer as T
}

async function readJson(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  try {
    return (await response.json()) as unknown
  } catch {
    throw new Problem(response.status, { code: 'unreadable', detail: 'The server answered with something unreadable.' })
  }
}
