/**
 * The witness over HTTP: C2SP tlog-witness, its monitoring path, and two paths of our own for the copy of a log.
 *
 *     POST /add-checkpoint
 *     GET  /<hex SHA-256 of origin>/checkpoint
 *     PUT  /<hex SHA-256 of origin>/entries?from=<leaf index>       with a mirror
 *     GET  /<hex SHA-256 of origin>/tile/...                        with a mirror; leaves only for the log itself
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  addCheckpoint,
  addEntries,
  mayReadLeaves,
  type KnownLog,
  type WitnessParts,
  type WitnessRefusal,
} from '../control/witness.ts'
import { MAX_MIRROR_BODY_BYTES } from '../control/mirror-request.ts'
import { originHash } from '../store/witness.ts'
import { formatConflict, SIZE_CONTENT_TYPE } from '../tlog/witness.ts'

export interface WitnessServerOptions extends WitnessParts {
  /** Base URLs by which clients name this witness, without a slash at the end; signed requests must use one. */
  readonly baseUrls: () => readonly string[]
}

/** 63 proof lines and a note with some dozen signatures, post-quantum ones too. */
const MAX_CHECKPOINT_BODY_BYTES = 128 << 10
/** Bodies in memory at once: a few large ones, some dozen small ones. */
const MAX_UPLOADS: Readonly<Record<string, number>> = { PUT: 4, POST: 64 }
const MAX_CONNECTIONS = 256

const STATUS: Readonly<Record<WitnessRefusal, number>> = {
  malformed: 400,
  backwards: 400,
  not_signed: 403,
  unknown_origin: 404,
  stale: 409,
  forked: 409,
  inconsistent: 422,
}

/** A server that does not listen yet. */
export function witnessServer(options: WitnessServerOptions): Server {
  const byHash = new Map([...options.logs.values()].map((log) => [originHash(log.origin), log]))
  const uploads = new Map<string, number>()
  const limits = { requestTimeout: 20_000, headersTimeout: 5_000, keepAliveTimeout: 5_000, maxHeaderSize: 8192 }
  const server = createServer(limits, (request, response) => {
    const { method = '' } = request
    const current = uploads.get(method) ?? 0
    if (current >= (MAX_UPLOADS[method] ?? Number.POSITIVE_INFINITY))
      return answer(response, 503, 'too many requests at once; try again shortly\n', { 'retry-after': '1' })
    uploads.set(method, current + 1)
    route(request, response, options, byHash)
      .catch((error: unknown) => fail(response, error))
      .finally(() => uploads.set(method, uploads.get(method)! - 1))
  })
  server.maxConnections = MAX_CONNECTIONS
  return server
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  options: WitnessServerOptions,
  logs: ReadonlyMap<string, KnownLog>,
): Promise<void> {
  const url = request.url ?? ''
  if (url === '/add-checkpoint') return takeCheckpoint(request, response, options)
  const [, hash = '', path = ''] = /^\/([0-9a-f]{64})\/([a-z0-9/.?=]{1,256})$/.exec(url) ?? []
  const log = logs.get(hash)
  if (!log) return answer(response, 404, 'there is nothing here\n')
  const from = /^entries\?from=(0|[1-9]\d{0,14})$/.exec(path)?.[1]
  if (from !== undefined && log.mirror) return takeEntries(request, response, log, Number(from), options)
  if (request.method !== 'GET') return answer(response, 405, 'only GET is answered here\n', { allow: 'GET' })
  if (path === 'checkpoint') {
    const note = options.store.latest(log.origin)?.note
    return note ? answer(response, 200, note) : answer(response, 404, 'nothing was cosigned yet\n')
  }
  return giveTile(request, response, log, path, options)
}

async function takeCheckpoint(
  request: IncomingMessage,
  response: ServerResponse,
  options: WitnessServerOptions,
): Promise<void> {
  if (request.method !== 'POST') return answer(response, 405, 'only POST is answered here\n', { allow: 'POST' })
  const body = await readBody(request, MAX_CHECKPOINT_BODY_BYTES)
  if (!body) return answer(response, 413, 'the request is too large\n', { connection: 'close' })
  const judged = await addCheckpoint(body, options)
  if (judged.isCosigned) return answer(response, 200, judged.lines)
  return refuse(response, judged)
}

async function takeEntries(
  request: IncomingMessage,
  response: ServerResponse,
  log: KnownLog,
  from: number,
  options: WitnessServerOptions,
): Promise<void> {
  if (request.method !== 'PUT') return answer(response, 405, 'only PUT is answered here\n', { allow: 'PUT' })
  const body = await readBody(request, MAX_MIRROR_BODY_BYTES)
  if (!body) return answer(response, 413, 'the request is too large\n', { connection: 'close' })
  const judged = await addEntries(log, from, body, options)
  if (judged.isStored) return answer(response, 200, formatConflict(judged.size), { 'content-type': SIZE_CONTENT_TYPE })
  return refuse(response, judged)
}

async function giveTile(
  request: IncomingMessage,
  response: ServerResponse,
  log: KnownLog,
  path: string,
  options: WitnessServerOptions,
): Promise<void> {
  const isLeaves = path.startsWith('tile/entries/')
  if (isLeaves && !mayReadLeaves(log, readRequest(request, options), options.clock()))
    return answer(response, 401, 'leaves are given to the log alone, for a request that its key signed just now\n')
  const bytes = await log.mirror?.resource(path)
  if (!bytes) return answer(response, 404, 'there is nothing here\n')
  return answer(response, 200, bytes, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
}

function readRequest(request: IncomingMessage, options: WitnessServerOptions) {
  const { 'signature-input': input, signature } = request.headers
  return {
    method: 'GET',
    targetUris: options.baseUrls().map((base) => `${base}${request.url}`),
    signatureInput: typeof input === 'string' ? input : undefined,
    signature: typeof signature === 'string' ? signature : undefined,
  }
}

function refuse(response: ServerResponse, { refused, because, size }: Refused): void {
  if (size === undefined) return answer(response, STATUS[refused], `${because}\n`)
  return answer(response, STATUS[refused], formatConflict(size), { 'content-type': SIZE_CONTENT_TYPE })
}

type Refused = { readonly refused: WitnessRefusal; readonly because: string; readonly size?: number }

/** Undefined when it is larger than allowed; the rest is not read then. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function answer(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  const fixed = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  response.writeHead(status, { ...fixed, 'content-length': String(Buffer.byteLength(body)), ...headers }).end(body)
}

/** The disk failed, or the client went away. Nothing was cosigned. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const code = (error as NodeJS.ErrnoException).code
  answer(response, 503, `nothing was cosigned: this witness cannot store it (${code ?? 'unexpected'})\n`)
}
