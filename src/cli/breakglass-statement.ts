/** What somebody signs who breaks the glass, or who judges it, recomputed from the statement's own bytes: nothing else is ever signed. */

import { parseCanonical } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { BREAK_TYPE, challengeText, REVIEW_TYPE } from '../domain/breakglass-statement.ts'
import { digestStatement, fingerprintOf } from '../domain/statement.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

const shape = z.object({
  predicateType: z.enum([BREAK_TYPE, REVIEW_TYPE]),
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })).length(1),
  predicate: z.object({
    origin: z.string(),
    release: z.string(),
    environment: z.string(),
    statement: z.object({ sha256: z.string() }),
    breakglass: z.string().optional(),
    verdict: z.string().optional(),
    by: z.string().optional(),
  }),
})

export interface Expected {
  readonly origin: string
  readonly type: typeof BREAK_TYPE | typeof REVIEW_TYPE
  readonly breakglass?: string
  readonly verdict?: string
  /** Its release: an id, or the fingerprint that approvers compare. */
  readonly release?: string
}

export interface Signable {
  readonly challenge: string
  readonly fingerprint: string
  /** Of its release, as approvers compare it. */
  readonly releasePrint: string
  readonly lines: readonly string[]
}

/** Throws a Failure `unverified` where the statement is not of what was asked for. */
export function checkBreakglass(statement: string, expected: Expected): Signable {
  const { predicateType, subject, predicate } = readStatement(statement)
  const { origin, release, environment, by, breakglass, verdict } = predicate
  const releasePrint = fingerprintOf(`sha256:${predicate.statement.sha256}`)
  require('type', expected.type, predicateType)
  require('origin', expected.origin, origin)
  require('break-glass', expected.breakglass, breakglass)
  require('verdict', expected.verdict, verdict)
  if (expected.release !== undefined && expected.release !== release) require('release', expected.release, releasePrint)
  const { name, digest } = subject[0]!
  const what = by === undefined ? 'release without its approvals' : `${verdict}: ${by} let go without its approvals`
  const lines = [
    `${what}: ${name} sha256:${digest.sha256}`,
    `to: ${environment}`,
    `release: ${releasePrint} (${release})`,
  ]
  return {
    challenge: challengeText(statement),
    fingerprint: fingerprintOf(digestStatement(statement)),
    releasePrint,
    lines: lines.map(printable),
  }
}

function readStatement(text: string): z.infer<typeof shape> {
  try {
    return shape.parse(parseCanonical(text))
  } catch {
    throw mismatch('the statement is not canonical JSON of the known form')
  }
}

function require(what: string, wanted: string | undefined, computed: string | undefined): void {
  if (wanted !== computed)
    throw mismatch(
      `the ${what} should be ${printable(wanted ?? 'none')}, and the statement says ${printable(computed ?? 'none')}`,
    )
}

function mismatch(message: string): Failure {
  return new Failure('unverified', 'statement_mismatch', message, { next: 'do not sign; tell the others' })
}
