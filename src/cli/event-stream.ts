/** Server-sent events (WHATWG HTML, 9.2) from the log: each leaf once, in order, across broken connections. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from './failure.ts'

export interface StreamEvent {
  readonly name: string
  readonly id: string | undefined
  readonly data: string
}

export interface StreamOptions {
  readonly url: string
  readonly authorization: string
  /** Resume behind this id. */
  readonly lastEventId?: string | undefined
}

// The server sends a comment every 15 s; a silence of three of them is a dead connection.
const SILENCE_MS = 45_000
const MAX_LINE_LENGTH = 1_000_000
const MAX_PAUSE_MS = 10_000

/** Events for ever, reconnecting with Last-Event-ID. Throws a Failure when the server refuses or is not there at the start. */
export async function* followEvents({ url, authorization, lastEventId }: StreamOptions): AsyncGenerator<StreamEvent> {
  let [last, hasBegun, failures] = [lastEventId, false, 0]
  for (;;) {
    try {
      for await (const event of openStream(url, authorization, last)) {
        ;[hasBegun, failures, last] = [true, 0, event.id ?? last]
        yield event
      }
    } catch (failure) {
      if (failure instanceof Failure && (failure.code !== 'unreachable' || !hasBegun)) throw failure
    }
    failures += 1
    await sleep(Math.min(250 * 2 ** Math.min(failures, 6), MAX_PAUSE_MS))
  }
}

/** One connection: its events until it ends, breaks, or falls silent. */
async function* openStream(url: string, authorization: string, last: string | undefined): AsyncGenerator<StreamEvent> {
  const abort = new AbortController()
  const silence = setTimeout(() => abort.abort(), SILENCE_MS)
  try {
    const headers = { accept: 'text/event-stream', authorization, ...(last !== undefined && { 'last-event-id': last }) }
    const response = await fetch(url, { headers, redirect: 'error', signal: abort.signal }).catch(() => undefined)
    yield* decodeEvents(lines(bodyOf(response), () => silence.refresh()))
  } finally {
    clearTimeout(silence)
    abort.abort()
  }
}

function bodyOf(response: Response | undefined): AsyncIterable<Uint8Array> {
  if (response?.status === 401)
    throw new Failure('signIn', 'sign_in_needed', 'sign-in needed', { next: 'countersign login' })
  if (response && response.status !== 200)
    throw new Failure('failed', `http_${response.status}`, `the server answered ${response.status}`)
  if (response?.body) return response.body
  throw new Failure('failed', 'unreachable', 'the server cannot be reached', { next: 'countersign doctor' })
}

async function* lines(body: AsyncIterable<Uint8Array>, alive: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    alive()
    const parts = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r/u)
    rest = parts.pop()!
    if (rest.length > MAX_LINE_LENGTH)
      throw new Failure('failed', 'answer_too_large', 'the server sends a line without end')
    yield* parts
  }
}

/** "If the line is empty: dispatch the event." Comments and unknown fields are ignored. */
export async function* decodeEvents(source: AsyncIterable<string>): AsyncGenerator<StreamEvent> {
  let [name, id, data]: [string, string | undefined, string[]] = ['message', undefined, []]
  for await (const line of source) {
    if (line === '') {
      if (data.length > 0) yield { name, id, data: data.join('\n') }
      ;[name, id, data] = ['message', undefined, []]
      continue
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? []
    if (field === 'event') name = value
    else if (field === 'id') id = value
    else if (field === 'data') data.push(value)
  }
}
