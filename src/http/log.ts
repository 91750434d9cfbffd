/**
 * The log itself: its checkpoint and tiles as C2SP tlog-tiles lays them out, how it is, and the two acts on it. Hashes say
 * nothing, so that anyone may fetch them; leaves are for those who are signed in.
 */

import * as z from '../bytes/schema.ts'
import { instantOf } from '../control/view/phrase.ts'
import * as shape from '../control/view/shape.ts'
import { formatRevokedKeys } from '../control/revoked-keys.ts'
import type { LogEvent } from '../domain/log.ts'
import { act, problemResponse, securityOf, type Desk } from './act.ts'
import type { App, FastifyReply } from './app.ts'
import { enter } from './look.ts'
import type { Port } from './port.ts'
import { problem, sendProblem } from './problem.ts'
import { read } from './read.ts'

const MAX_OVERLAP_MS = 90 * 24 * 3_600_000

export function log(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/log',
    summary: 'How the log is, and how far its witnesses are',
    answer: shape.logStatus,
    look: () => port.logStatus(),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/log/repair',
    summary: 'Fetches damaged leaves from a witness’s copy, verifies them, and writes them back',
    body: z.strictObject({}),
    result: z.object({ repaired: z.array(z.int()) }),
    ask: ({ caller, personal }) => ({
      perform: () => port.repairLog({ caller, personal }),
      result: ({ leaf }) => ({
        repaired: (leaf.event as Extract<LogEvent, { type: 'log.repaired' }>).leafIndexes,
      }),
    }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/log/rotation',
    summary:
      'Signs with a new key from here on; the old one signs the leaf that says so, and beside the new one for a while',
    body: z.strictObject({ overlapMs: z.int().min(0).max(MAX_OVERLAP_MS).optional() }),
    result: z.object({ key: z.string(), overlapUntil: z.string().optional() }),
    ask: ({ caller, personal, body: { overlapMs } }) => ({
      perform: () => port.rotateLogKey({ caller, personal }, overlapMs),
      result: ({ leaf }) => {
        const { logKey: key, overlapUntil: at } = leaf.event as Extract<LogEvent, { type: 'log.rotated' }>
        return { key, ...(at !== undefined && { overlapUntil: instantOf(at) }) }
      },
    }),
  })
  wellKnown(desk)
  resources(desk.app, port)
}

const discovery = z.object({
  origin: z.string(),
  logKey: z.string(),
  sshCa: z.string(),
  witnesses: z.array(z.object({ name: z.string(), key: z.string() })),
  audience: z.string(),
  version: z.string(),
})

function wellKnown(desk: Desk): void {
  const { app, port } = desk
  read(desk, {
    url: '/.well-known/countersign',
    summary: 'What a client pins: origin and keys of this log',
    access: 'anyone',
    answer: discovery,
    look: () => {
      const { origin, logKey, sshCa, audience } = port.ledger.state.log!
      const witnesses = port.logStatus().witnesses.map(({ name, key }) => ({ name, key }))
      return { origin, logKey, sshCa, witnesses, audience, version: port.config.version }
    },
  })
  app.get(
    '/.well-known/countersign/revoked-keys',
    {
      schema: textSchema('SSH keys that were taken back early, for the RevokedKeys of sshd'),
      config: { access: 'anyone' },
    },
    async (_, reply) => sendText(reply, formatRevokedKeys(port.ledger.state, port.clock())),
  )
}

function textSchema(summary: string) {
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

function sendText(reply: FastifyReply, text: string): never {
  void reply.header('cache-control', 'no-cache')
  return reply
    .code(200)
    .type('text/plain; charset=utf-8')
    .send(text as never) as never
}

function resources(app: App, port: Port): void {
  const { ledger } = port
  app.get(
    '/log/checkpoint',
    {
      schema: textSchema('The latest checkpoint that witnesses cosigned, a signed note'),
      config: { access: 'anyone' },
    },
    async (_, reply) => sendText(reply, Buffer.from((await ledger.log.resource('checkpoint')) ?? '').toString()),
  )
  const bytes = {
    tags: ['server'],
    params: z.object({ '*': z.string().max(100) }),
    response: {
      200: { description: 'The tile.', content: { 'application/octet-stream': { schema: z.unknown() } } },
      default: problemResponse,
    },
  }
  const serve = (prefix: string) => async (request: Pick<Request, 'params'>, reply: FastifyReply) => {
    const tile = await ledger.log.resource(`${prefix}/${request.params['*']}`)
    if (!tile) return sendProblem(reply, problem('not_found', 'The log has no such tile.')) as never
    const isFull = !request.params['*'].includes('.p/')
    void reply.header('cache-control', cacheOf(prefix, isFull))
    return reply
      .code(200)
      .type('application/octet-stream')
      .send(Buffer.from(tile) as never) as never
  }
  const serveBundle = async (request: Request, reply: FastifyReply) => {
    const path = request.params['*']
    const gzip = acceptsGzip(request.headers['accept-encoding'])
      ? await ledger.log.gzipped(`tile/entries/${path}`)
      : undefined
    void reply.header('vary', 'accept-encoding')
    if (!gzip) return serve('tile/entries')(request, reply)
    void reply.header('cache-control', cacheOf('tile/entries', true)).header('content-encoding', 'gzip')
    return reply
      .code(200)
      .type('application/octet-stream')
      .send(Buffer.from(gzip) as never) as never
  }
  app.get(
    '/log/tile/*',
    { schema: { ...bytes, summary: 'A tile of hashes', security: [] }, config: { access: 'anyone' } },
    serve('tile'),
  )
  app.get(
    '/log/checkpoints/*',
    {
      schema: { ...bytes, summary: 'A checkpoint that was stamped with the time, or its stamp (.tsr)', security: [] },
      config: { access: 'anyone' },
    },
    serve('checkpoints'),
  )
  app.get(
    '/log/rotations/*',
    {
      schema: { ...bytes, summary: 'How a signing key was replaced, proven by that key itself', security: [] },
      config: { access: 'anyone' },
    },
    serve('rotations'),
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
      return refused ? (sendProblem(reply, refused) as never) : serveBundle(request, reply)
    },
  )
}

interface Request {
  readonly params: { readonly '*': string }
  readonly headers: { readonly 'accept-encoding'?: string | string[] | undefined }
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
