/** Evidence packages: one is made and named in the log, then fetched by whoever asked for it. */

import { createReadStream } from 'node:fs'
import * as z from '../bytes/schema.ts'
import { FRAMEWORKS, type Asked } from '../domain/package/manifest.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { act, problemResponse, securityOf, type Desk } from './act.ts'
import { problem, sendProblem } from './problem.ts'

const words = z.string().min(1).max(32)

const body = z.strictObject({
  from: words.describe('A leaf index, a day (2026-11-23) or an instant (2026-11-23T14:02:11Z).'),
  to: words.describe('Likewise: the first leaf that is not in it any more; a day is in it to its end.'),
  framework: z.enum(FRAMEWORKS).optional().describe('Whose control map goes with it; all of them unless said.'),
  samples: z.int().min(0).max(1000).default(0).describe('How many releases to pick.'),
  nonce: z.string().max(256).default('').describe('The words of the auditor, which the picks depend on.'),
  withhold: z.literal('personal').optional().describe('Leaves keep their digests, and personal data stay here.'),
})

/** A connection may be silent for so long while its package is made: two million leaves, on a slow machine. */
const MAKING_MS = 10 * 60_000

/** Downloads at once, and how long one may take: at least 256 KiB a second, so that nobody holds a file for ever. */
const MAX_FETCHED = 8
const MIN_BYTES_PER_MS = 256
const MIN_FETCHING_MS = 60_000

const made = z.object({ digest: z.string(), sizeBytes: z.int(), from: z.int(), to: z.int() })

export function evidencePackages(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/evidence-packages',
    summary: 'Makes one period of the log into a file that proves itself; the export is a leaf',
    body,
    result: made,
    status: 201,
    ask: ({ body: { framework, withhold, ...rest }, caller, personal, request }) => {
      const { socket } = request.raw
      socket.setTimeout?.(MAKING_MS)
      const asked: Asked = { ...rest, ...(framework && { framework }), ...(withhold && { withhold }) }
      let sizeBytes = 0
      return {
        perform: async () => {
          const gone = new AbortController()
          const leave = () => gone.abort()
          socket.once('close', leave)
          const given = await port.exports
            .give(asked, { caller, personal }, gone.signal)
            .finally(() => socket.off('close', leave))
          if (isRefusal(given)) return given
          sizeBytes = given.sizeBytes
          return given.recorded
        },
        result: ({ leaf: { event } }) =>
          event.type === 'evidence.exported'
            ? { digest: event.digest, sizeBytes, from: event.from, to: event.to }
            : problem('failed', 'The export was not recorded as one.'),
      }
    },
  })
  fetching(desk)
}

function fetching({ app, port }: Desk): void {
  let fetched = 0
  app.get(
    '/api/v1/evidence-packages/:digest',
    {
      schema: {
        summary: 'The package, for a quarter of an hour, for whoever had it made',
        tags: ['evidence'],
        security: securityOf('login'),
        params: z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }),
        response: {
          200: { description: 'The package.', content: { 'application/octet-stream': { schema: z.unknown() } } },
          default: problemResponse,
        },
      },
      config: { isForPeople: true },
    },
    async (request, reply) => {
      const found = port.exports.made(request.params.digest, request.caller?.id ?? '')
      if (!found) return sendProblem(reply, problem('not_found', 'There is no such package, or not any more.')) as never
      if (fetched >= MAX_FETCHED) {
        const busy = problem('busy', 'Too many packages are being fetched at once.', { retryAfterSeconds: 10 })
        return sendProblem(reply, busy) as never
      }
      fetched += 1
      const stream = createReadStream(found.path, {
        signal: AbortSignal.timeout(Math.max(MIN_FETCHING_MS, found.sizeBytes / MIN_BYTES_PER_MS)),
      }).once('close', () => (fetched -= 1))
      void reply.header('cache-control', 'no-store').header('content-length', found.sizeBytes)
      void reply.header('content-disposition', 'attachment; filename="countersign.csevidence"')
      return reply
        .code(200)
        .type('application/octet-stream')
        .send(stream as never) as never
    },
  )
}
