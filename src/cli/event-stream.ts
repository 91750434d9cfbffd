/** Server-sent events (WHATWG HTML, 9.2) from the log: each leaf once, in order, across broken connections. */

import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from '../bytes/json.ts'
import { Failure } from './failure.ts'
import { asProblem } from './problem.ts'

export interface StreamEvent {
  readonly name: string
  readonly id: string | undefined
  readonly data: string
}

export interface StreamOptions {
  readonly url: string
  /** How a failure names it. */
  readonly server: string
  readonly authorization: string
  /** Resume behind this id. */
  readonly lastEventId?: string | undefined
}

// The server sends a comment every 15 s; a silence of three of them is a dead connection.
const SILENCE_MS = 45_000
const MAX_LINE_LENGTH = 1_000_000
const MAX_PAUSE_MS = 10_000

/** Events for ever, reconnecting with Last-Event-ID. Throws a Failure when the server refuses or is not there at the start. */
export async function* followEvents({ lastEventId, ...place }: StreamOptions): AsyncGenerator<StreamEvent> {
  let [last, hasBegun, failures] = [lastEventId, false, 0]
  for (;;) {
    try {
      for await (const event of openStream(place, last)) {
        ;[hasBegun, failures, last] = [true, 0, event.id ?? last]
        yield event
      }
    } catch (failure) {
      if (failure instanceof Failure && !(hasBegun && isPassing(failure))) throw failure
    }
    failures += 1
    await sleep(Math.min(250 * 2 ** Math.min(failures, 6), MAX_PAUSE_MS))
  }
}

/** What a server says while it starts, stops or has too much to do. */
function isPassing({ code }: Failure): boolean {
  return ['unreachable', 'too_many', 'busy', 'http_502', 'http_503', 'http_504'].includes(code)
}

type Place = Omit<StreamOptions, 'lastEventId'>

/** One connection: its events until it ends, breaks, or falls silent. */
async function* openStream(
  { url, authorization, server }: Place,
  last: string | undefined,
): AsyncGenerator<StreamEvent> {
  const abort = new AbortController()
  const silence = setTimeout(() => abort.abort(), SILENCE_MS)
  try {
    const headers = { accept: 'text/event-stream', authorization, ...(last !== undefined && { 'last-event-id': last }) }
    const response = await fetch(url, { headers, redirect: 'error', signal: abort.signal }).catch(() => undefined)
    yield* decodeEvents(lines(await bodyOf(response, server), () => silence.refresh()))
  } finally {
    clearTimeout(silence)
    abort.abort()
  }
}

async function bodyOf(response: Response | undefined, server: string): Promise<AsyncIterable<Uint8Array>> {
  if (response?.status === 401)
    throw new Failure('signIn', 'sign_in_needed', 'sign-in needed', { next: 'countersign login' })
  if (response && response.status !== 200) throw asProblem(await answerOf(response), server)
  if (response?.body) return response.body
  throw new Failure('failed', 'unreachable', 'the server cannot be reached', { next: 'countersign doctor' })
}

async function answerOf({ status, headers, body }: Response) {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > MAX_LINE_LENGTH) break
  }
  try {
    return { status, headers, body: parse(text) }
  } catch {
    return { status, headers, body: undefined }
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
