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
  let last = lastEventId
  for (let failures = 0; ;) {
    try {
      for await (const event of await connect(url, authorization, last)) {
        failures = 0
        last = event.id ?? last
        yield event
      }
    } catch (failure) {
      if (failure instanceof Failure && (failure.code !== 'unreachable' || last === undefined)) throw failure
    }
    failures += 1
    await sleep(Math.min(250 * 2 ** Math.min(failures, 6), MAX_PAUSE_MS))
  }
}

async function connect(
  url: string,
  authorization: string,
  last: string | undefined,
): Promise<AsyncGenerator<StreamEvent>> {
  const headers = { accept: 'text/event-stream', authorization, ...(last !== undefined && { 'last-event-id': last }) }
  const abort = new AbortController()
  const watch = { timer: setTimeout(() => abort.abort(), SILENCE_MS) }
  const response = await fetch(url, { headers, redirect: 'error', signal: abort.signal }).catch(() => undefined)
  if (!response?.body)
    throw new Failure('failed', 'unreachable', 'the server cannot be reached', { next: 'countersign doctor' })
  if (response.status === 401)
    throw new Failure('signIn', 'sign_in_needed', 'sign-in needed', { next: 'countersign login' })
  if (response.status !== 200)
    throw new Failure('failed', `http_${response.status}`, `the server answered ${response.status}`)
  return parseEvents(
    response.body,
    () => watch.timer.refresh(),
    () => clearTimeout(watch.timer),
  )
}

async function* parseEvents(
  body: AsyncIterable<Uint8Array>,
  alive: () => void,
  done: () => void,
): AsyncGenerator<StreamEvent> {
  try {
    yield* decodeEvents(lines(body, alive))
  } finally {
    done()
  }
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
