/**
 * The log as C2SP tlog-tiles lays it out: checkpoint, hashes and bundles of leaves. Hashes say nothing, so that anyone may fetch
 * them; leaves are for those who are signed in, and come gzipped to who accepts that, where they are stored so.
 */

import * as z from '../bytes/schema.ts'
import type { Log } from '../store/log.ts'
import { problemResponse, securityOf, type Desk } from './act.ts'
import type { FastifyReply } from './app.ts'
import { enter } from './look.ts'
import { problem, sendProblem } from './problem.ts'

const anyone = { config: { access: 'anyone' as const } }

export function tiles({ app, port }: Desk): void {
  const { log } = port.ledger
  const open = (summary: string) => ({ ...anyone, schema: { ...bytes, summary, security: [] } })
  app.get(
    '/log/checkpoint',
    { ...anyone, schema: textSchema('The latest checkpoint that witnesses cosigned, a signed note') },
    async (_, reply) => sendText(reply, Buffer.from((await log.resource('checkpoint')) ?? '').toString()),
  )
  app.get('/log/tile/*', open('A tile of hashes'), serve(log, 'tile'))
  app.get(
    '/log/checkpoints/*',
    open('A checkpoint that was stamped with the time, or its stamp (.tsr)'),
    serve(log, 'checkpoints'),
  )
  app.get(
    '/log/rotations/*',
    open('How a signing key was replaced, proven by that key itself'),
    serve(log, 'rotations'),
  )
  app.get(
    '/log/tile/entries/*',
    {
      schema: { ...bytes, summary: 'A bundle of leaves', security: securityOf('login') },
      config: { isOpenToRead: true },
    },
    async (request, reply) => {
      const page = { after: bundleOf(request.params['*']) }
      const refused = await enter({ kind: 'bundle', page }, request, port)
      return refused ? (sendProblem(reply, refused) as never) : serveBundle(log, request, reply)
    },
  )
}

const bytes = {
  tags: ['server'],
  params: z.object({ '*': z.string().max(100) }),
  response: {
    200: { description: 'The tile.', content: { 'application/octet-stream': { schema: z.unknown() } } },
    default: problemResponse,
  },
}

interface Request {
  readonly params: { readonly '*': string }
  readonly headers: { readonly 'accept-encoding'?: string | string[] | undefined }
}

function serve(log: Log, prefix: string) {
  return async ({ params }: Pick<Request, 'params'>, reply: FastifyReply) => {
    const path = params['*']
    const tile = await log.resource(`${prefix}/${path}`)
    if (!tile) return sendProblem(reply, problem('not_found', 'The log has no such tile.')) as never
    return sendBytes(reply, tile, cacheOf(prefix, !path.includes('.p/')))
  }
}

async function serveBundle(log: Log, request: Request, reply: FastifyReply): Promise<never> {
  const path = `tile/entries/${request.params['*']}`
  const gzip = acceptsGzip(request.headers['accept-encoding']) ? await log.gzipped(path) : undefined
  void reply.header('vary', 'accept-encoding')
  if (!gzip) return serve(log, 'tile/entries')(request, reply)
  void reply.header('content-encoding', 'gzip')
  return sendBytes(reply, gzip, cacheOf('tile/entries', true))
}

function sendBytes(reply: FastifyReply, body: Uint8Array, cacheControl: string): never {
  void reply.header('cache-control', cacheControl)
  return reply
    .code(200)
    .type('application/octet-stream')
    .send(Buffer.from(body) as never) as never
}

export function textSchema(summary: string) {
  return {
    summary,
    tags: ['server'],
    security: securityOf('anyone'),
    response: {
      200: { description: 'Text.', content: { 'text/plain': { schema: z.string() } } },
      default: problemResponse,
    },
  }
}

export function sendText(reply: FastifyReply, text: string): never {
  void reply.header('cache-control', 'no-cache')
  return reply
    .code(200)
    .type('text/plain; charset=utf-8')
    .send(text as never) as never
}

/** RFC 9110, 12.5.3: `gzip` or `*`, unless its weight is 0. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .toLowerCase()
    .split(',', 32)
    .map((coding) => coding.replaceAll(/\s/g, ''))
  const weightOf = (name: string) => codings.find((coding) => coding.split(';', 1)[0] === name)
  const coding = weightOf('gzip') ?? weightOf('x-gzip') ?? weightOf('*')
  return coding !== undefined && !/;q=0(?:\.0{0,3})?$/.test(coding)
}

/** Which bundle a path means: `x001/234.p/5` is the 1,234th. Where it is none, none will be found. */
function bundleOf(path: string): number {
  return Number(path.replace(/\.p\/\d+$/, '').replaceAll(/\D/g, '')) || 0
}

/** Full tiles and stamped checkpoints never change. Leaves are for one reader, so that no cache between here and there keeps them for another. */
function cacheOf(prefix: string, isFull: boolean): string {
  const who = prefix === 'tile/entries' ? 'private' : 'public'
  return isFull ? `${who}, max-age=31536000, immutable` : `${who}, max-age=3600`
}
