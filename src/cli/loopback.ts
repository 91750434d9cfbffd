/** The browser's way back to the command line (RFC 8252, 7.3; RFC 7636): one request, on loopback, with our state. */

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { equal } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { Failure } from './failure.ts'

export interface Loopback extends AsyncDisposable {
  readonly port: number
  /** Sent along and expected back. */
  readonly state: string
  /** PKCE S256 challenge of `verifier`. */
  readonly challenge: string
  readonly verifier: string
  /** The code that the browser brings; a Failure `timedOut` after `waitMs`. */
  code(waitMs: number): Promise<string>
}

export async function openLoopback(): Promise<Loopback> {
  const verifier = base64url.encode(randomBytes(32))
  const state = base64url.encode(randomBytes(32))
  const arrived = Promise.withResolvers<string>()
  const server = createServer((request, response) => receive(request, response, state, arrived.resolve))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    state,
    verifier,
    challenge: base64url.encode(createHash('sha256').update(verifier).digest()),
    code: async (waitMs) => await inTime(arrived.promise, waitMs),
    [Symbol.asyncDispose]: async () => await close(server),
  }
}

function receive(
  { url = '/', method }: IncomingMessage,
  response: ServerResponse,
  state: string,
  arrive: (code: string) => void,
): void {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1')
  const code = searchParams.get('code')
  // Any page in the browser can reach this port; only ours knows the state.
  const isOurs = method === 'GET' && pathname === '/callback' && isSame(searchParams.get('state') ?? '', state)
  const isFound = isOurs && code !== null && /^[A-Za-z0-9_-]{16,512}$/u.test(code)
  const text = isFound
    ? 'Signed in. You can close this page and go back to the terminal.'
    : 'This is not the answer that the terminal waits for.'
  response.writeHead(isFound ? 200 : 400, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  })
  response.end(`${text}\n`)
  if (isFound) response.on('close', () => arrive(code))
}

function isSame(given: string, expected: string): boolean {
  return equal(utf8.encode(given), utf8.encode(expected))
}

async function inTime(code: Promise<string>, waitMs: number): Promise<string> {
  const late = Promise.withResolvers<never>()
  const failure = new Failure('timedOut', 'login_timed_out', 'nobody signed in', { next: 'countersign login' })
  const timer = setTimeout(() => late.reject(failure), waitMs)
  return await Promise.race([code, late.promise]).finally(() => clearTimeout(timer))
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
