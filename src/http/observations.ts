/** What jobs and people report that they did: up to 1,000 observations in one request, each its own leaf, answered by one receipt. */

import { acceptanceOf } from '../bytes/acceptance.ts'
import * as z from '../bytes/schema.ts'
import { recordLines, type Batched, type Line, type Lines } from '../control/batch.ts'
import type { Written } from '../control/ledger.ts'
import * as f from '../domain/field.ts'
import { commands, type Observe } from '../domain/observation.ts'
import { adviceOf } from '../domain/reason.ts'
import { StoreError } from '../store/error.ts'
import { inOneTurn, problemResponse, securityOf, spell, tagOf, type Desk } from './act.ts'
import type { App, FastifyReply, FastifyRequest } from './app.ts'
import { personalOf } from './caller.ts'
import { Gate } from './gate.ts'
import type { Answer } from './idempotency.ts'
import { isBad, parseLines, type BadLine } from './lines.ts'
import type { Port } from './port.ts'
import { problem, sendProblem, statusOf, type Problem } from './problem.ts'
import { formatReceipt, problemOfDecision, receiptOf } from './receipt.ts'

const URL = '/api/v1/observations'
const LINES = 'application/x-ndjson'
const BODY_LIMIT = 1 << 20
/** Bodies that are held at once, by everybody and by one login. */
const MOST = 128
const MOST_PER_LOGIN = 16

const { type: _, claimedAt: __, release: ___, grant: ____, ...said } = commands['record observation'].shape

/** One line of the body. */
const line = z
  .strictObject({
    ...said,
    at: z.iso
      .datetime({ offset: true })
      .refine((text) => Date.parse(text) >= 0, 'a time from 1970 on')
      .describe('When it happened, by the clock of whoever says so.'),
    about: z
      .union([
        z.strictObject({ kind: z.literal('release'), id: f.releaseId }),
        z.strictObject({ kind: z.literal('grant'), id: f.grantId }),
      ])
      .optional()
      .describe('The run of the caller itself when it is absent.'),
    text: z.string().min(1).max(4_096).optional().describe('For people; the leaf holds a commitment to it alone.'),
  })
  .describe('One line.')

/** The lines are taken as they are; what is wrong with one is worked out only then. */
const accepts = acceptanceOf(line)

const result = z.object({
  firstLeafIndex: z.int().describe('Line n is the leaf firstLeafIndex + n - 1.'),
  lines: z.int(),
  refused: z
    .array(
      z.object({
        ...{ line: z.int(), leafIndex: z.int(), code: z.string(), detail: z.string(), policies: z.array(z.string()) },
      }),
    )
    .describe('Lines that were refused; all others are recorded.'),
})

const schema = {
  summary: 'Reports what the caller did, one JSON object a line (application/x-ndjson), at most 1,000; all or nothing',
  tags: [tagOf(URL)],
  security: securityOf('login'),
  consumes: [LINES],
  body: line,
  response: { 200: receiptOf(result), default: problemResponse },
}

export function observations({ app, port, idempotency }: Desk): void {
  const gate = new Gate(MOST, MOST_PER_LOGIN)
  acceptLines(app)
  app.route({
    method: 'POST',
    url: URL,
    schema,
    config: { access: 'login', takesLines: true },
    bodyLimit: BODY_LIMIT,
    // The lines are validated one by one, where it is known which one it is.
    validatorCompiler: () => () => true,
    // Before the body is read: what waits here is held in memory.
    onRequest: async (request, reply) => {
      const leave = gate.enter(request.caller?.login ?? '')
      if (!leave) return sendProblem(reply, full())
      reply.raw.once('close', leave).once('finish', leave)
    },
    handler: async (request, reply) => {
      const body: unknown = request.body
      if (!(body instanceof Uint8Array)) return sendProblem(reply, problem('unsupported_media_type', `Send ${LINES}.`))
      const asked = { bytes: body, isSecret: false }
      return inOneTurn({ port, idempotency }, request, reply, asked, () => answer(body, request, reply, port))
    },
  })
}

/** Bytes as they are, for the routes that take them; elsewhere this is a type that nobody knows. */
function acceptLines(app: App): void {
  app.addContentTypeParser(LINES, { parseAs: 'buffer' }, (request, bytes, done) => {
    if (request.routeOptions.config.takesLines) done(null, bytes)
    else done(Object.assign(new Error('not here'), { statusCode: 415 }))
  })
}

async function answer(body: Uint8Array, request: FastifyRequest, reply: FastifyReply, port: Port): Promise<Answer> {
  const lines = linesOf(body)
  if (isBad(lines)) return spell(problemOfLine(lines))
  try {
    const batched = await recordLines(lines as Lines, request.caller!, personalOf(request), port.ledger)
    return tell(batched, lines.length, reply, port)
  } catch (error) {
    // Thrown, not answered: what is answered is kept for the next one with the same key.
    throw error instanceof StoreError && error.code === 'busy' ? busy() : error
  }
}

function busy(): Error {
  return Object.assign(new Error('the queue of the log is full'), { statusCode: 429 })
}

function full(): Problem {
  return problem(
    'too_many',
    'More is waiting to be written than is taken now; nothing of this was. Try again in 1 s.',
    {
      retryAfterSeconds: 1,
    },
  )
}

function linesOf(body: Uint8Array): readonly Line[] | BadLine {
  const values = parseLines(body)
  if (isBad(values)) return values
  const lines: Line[] = []
  for (const [index, value] of values.entries()) {
    if (accepts(value)) lines.push(lineOf(value as z.output<typeof line>))
    else return badLine(index + 1, line.safeParse(value).error)
  }
  return lines
}

function lineOf({ at, about, text, ...rest }: z.output<typeof line>): Line {
  const place = about && (about.kind === 'release' ? { release: about.id } : { grant: about.id })
  const command: Observe = { type: 'record observation', ...rest, ...place, claimedAt: Date.parse(at) }
  return { command, text }
}

function badLine(number: number, error: z.ZodError | undefined): BadLine {
  const [issue] = error?.issues ?? []
  const path = issue?.path.join('.')
  return { line: number, because: `${path ? `${path}: ` : ''}${issue?.message ?? 'invalid'}` }
}

function problemOfLine({ line: number, offset, because }: BadLine): Problem {
  const where = `line ${number}${offset === undefined ? '' : `, offset ${offset}`}`
  return problem('malformed', `${where}: ${because}; nothing of this request was recorded.`, {
    facts: { line: number, ...(offset !== undefined && { offset }) },
  })
}

function tell({ written, proof }: Batched, lines: number, reply: FastifyReply, port: Port): Answer {
  const [first] = written
  const last = { ...written.at(-1)!, proof }
  // One leaf says that the caller is not welcome: no line of theirs was looked at.
  if (!first!.leaf.event.type.startsWith('observation.')) return spell(problemOfDecision(last, port.ledger.policies))
  const refused = written.filter(({ decision }) => decision.outcome === 'refused')
  const told = {
    firstLeafIndex: first!.leafIndex,
    lines,
    refused: refused.map((one) => tellRefusal(one, first!, port)),
  }
  return { status: 200, text: reply.serializeInput(formatReceipt(last, told), '200') as string }
}

function tellRefusal(
  { leafIndex, decision: { reason = 'policy_refused', policy } }: Written,
  first: Written,
  port: Port,
) {
  const policies = [...(policy?.determining ?? [])]
  const [described] =
    reason === 'policy_refused' ? policies.flatMap((id) => port.ledger.policies.describePolicy(id) ?? []) : []
  return {
    ...{ line: leafIndex - first.leafIndex + 1, leafIndex, code: statusOf(reason).code },
    ...{ detail: described?.sentence ?? adviceOf(reason).sentence, policies },
  }
}
