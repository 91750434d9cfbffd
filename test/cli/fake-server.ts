/** A server that speaks the contract out of a log in memory: real leaves, real proofs, real checkpoints; the answers are the test's. */

import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { signCheckpoint } from '../../src/tlog/checkpoint.ts'
import { leafHash, nodeHash, EMPTY_ROOT } from '../../src/tlog/hash.ts'
import { ed25519Signer, formatKey, NOTE_SIGNATURE } from '../../src/tlog/key.ts'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
  readonly text: string
}

export interface Reply {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Takes the response into its own hands. */
  readonly raw?: (response: ServerResponse) => void
}

export type Handler = (seen: Seen, parts: readonly string[]) => Reply | Promise<Reply>

export const ORIGIN = 'log.acme.test'

export class FakeServer implements AsyncDisposable {
  readonly seen: Seen[] = []
  readonly leaves: string[] = []
  /** A test may change a receipt on its way out. */
  tamper: (receipt: FakeReceipt) => unknown = (receipt) => receipt
  url = ''
  #signer = ed25519Signer(ORIGIN, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  readonly #handlers: { readonly method: string; readonly pattern: RegExp; readonly handle: Handler }[] = []
  readonly #server = createServer((request, response) => void this.#answer(request, response))

  static async open(): Promise<FakeServer> {
    const server = new FakeServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    server.url = `http://localhost:${(server.#server.address() as AddressInfo).port}`
    server.on('GET', '/.well-known/countersign', () => ({ body: server.discovery() }))
    server.on('GET', '/log/checkpoint', () => ({ raw: (response) => response.end(server.checkpoint()) }))
    server.on('GET', '/log/tile/0/000.p/:width', (_, [width]) => ({
      raw: (response) =>
        response.end(Buffer.concat(server.leaves.slice(0, Number(width)).map((leaf) => leafHash(utf8.encode(leaf))))),
    }))
    return server
  }

  /** `:name` in a path stands for one segment, decoded into `parts`. Later handlers win. */
  on(method: string, path: string, handle: Handler): void {
    const pattern = new RegExp(`^${path.replace(/[.]/gu, String.raw`\.`).replace(/:\w+/gu, '([^/]+)')}$`, 'u')
    this.#handlers.unshift({ method, pattern, handle })
  }

  get logKey(): string {
    return formatKey(this.#signer.key)
  }

  discovery() {
    return {
      origin: ORIGIN,
      logKey: this.logKey,
      audience: `${this.url}/ci`,
      version: '0.1.0',
      witnesses: [],
      sshCa: 'ssh-ed25519 AAAA',
    }
  }

  /** From here on another key signs, as after a break-in or a restored backup. */
  changeKey(): void {
    this.#signer = ed25519Signer(ORIGIN, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
  }

  /** The old key signs for the new one, which signs from here on. */
  rotateKey<T>(say: (newKey: string) => T): T {
    const next = ed25519Signer(ORIGIN, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
    const said = say(formatKey(next.key))
    this.#signer = next
    return said
  }

  checkpoint(size = this.leaves.length): string {
    return signCheckpoint({ origin: ORIGIN, size, rootHash: rootOf(this.#hashes(size)) }, this.#signer)
  }

  /** Appends a leaf, and hands out its receipt. */
  receipt(type: string, result: unknown, more: Partial<FakeReceipt> = {}): unknown {
    const leafIndex = this.leaves.length
    this.leaves.push(JSON.stringify({ type, leafIndex }))
    const proof = this.proof(leafIndex)
    return this.tamper({
      outcome: 'allowed',
      leafIndex,
      type,
      result,
      policies: ['a-policy'],
      leaf: this.leaves[leafIndex]!,
      proof,
      ...more,
    })
  }

  proof(leafIndex: number) {
    const hashes = this.#hashes(this.leaves.length)
    return {
      treeSize: hashes.length,
      rootHash: base64.encode(rootOf(hashes)),
      hashes: pathOf(leafIndex, hashes).map(base64.encode),
      checkpoint: this.checkpoint(),
    }
  }

  /** A refusal with its leaf, as a reply. */
  refusal(code: string, detail: string, more: object = {}): Reply {
    const receipt = this.receipt('something.refused', {}, { outcome: 'refused' }) as FakeReceipt
    return this.problem(403, code, detail, { leafIndex: receipt.leafIndex, receipt, ...more })
  }

  problem(status: number, code: string, detail: string, more: object = {}): Reply {
    return {
      status,
      body: { title: code, status, detail, code, ...more },
      headers: { 'content-type': 'application/problem+json' },
    }
  }

  seenAt(method: string, path: string): Seen[] {
    return this.seen.filter((each) => each.method === method && each.path === path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #hashes(size: number): Uint8Array[] {
    return this.leaves.slice(0, size).map((leaf) => leafHash(utf8.encode(leaf)))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
    const body = await text(request)
    const seen = {
      method: request.method!,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      text: body,
      body: body && request.headers['content-type'] === 'application/json' ? (JSON.parse(body) as unknown) : undefined,
    }
    this.seen.push(seen)
    const found = this.#handlers.find(({ method, pattern }) => method === seen.method && pattern.test(pathname))
    const parts = found?.pattern.exec(pathname)?.slice(1).map(decodeURIComponent) ?? []
    const reply = found ? await found.handle(seen, parts) : this.problem(404, 'not_found', 'There is nothing here.')
    if (reply.raw) return reply.raw(response)
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers })
    response.end(
      reply.body === undefined ? '' : typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body),
    )
  }
}

export interface FakeReceipt {
  readonly outcome: string
  readonly leafIndex: number
  readonly type: string
  readonly result: unknown
  readonly policies: readonly string[]
  readonly leaf: string
  readonly proof: ReturnType<FakeServer['proof']>
}

// RFC 6962, 2.1 and 2.1.1, by recursion: slow, and written apart from src/tlog.
function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT
  if (hashes.length === 1) return hashes[0]!
  const split = splitOf(hashes.length)
  return nodeHash(rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)))
}

function pathOf(index: number, hashes: readonly Uint8Array[]): Uint8Array[] {
  if (hashes.length <= 1) return []
  const split = splitOf(hashes.length)
  const [left, right] = [hashes.slice(0, split), hashes.slice(split)]
  return index < split ? [...pathOf(index, left), rootOf(right)] : [...pathOf(index - split, right), rootOf(left)]
}

function splitOf(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1))
}
