/** What an administrator signs who agrees to other policies, recomputed from the statement's own bytes: nothing else is ever signed. */

import { parseCanonical } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { challengeText } from '../domain/erasure-statement.ts'
import { PREDICATE_TYPE } from '../domain/policy-statement.ts'
import { digestStatement, fingerprintOf } from '../domain/statement.ts'
import { history, lineOf, type WaitingActivation } from './contract-policy.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

const sha256 = z.object({ sha256: z.string() })
const shape = z.object({
  predicateType: z.literal(PREDICATE_TYPE),
  subject: z.array(z.object({ digest: sha256 })).length(1),
  predicate: z.object({
    origin: z.string(),
    asker: z.string(),
    before: sha256,
    expiresAt: z.string(),
    replay: history.optional(),
  }),
})

export interface Signable {
  readonly challenge: string
  readonly fingerprint: string
  /** The statement in lines for people, from its own bytes. */
  readonly lines: readonly string[]
}

/** Throws a Failure `unverified` when the server says one thing and would have another signed. */
export function checkActivation(activation: WaitingActivation, origin: string): Signable {
  const { statement } = activation
  const { subject, predicate } = readStatement(statement)
  const digest = `sha256:${subject[0]!.digest.sha256}`
  const fingerprint = fingerprintOf(digestStatement(statement))
  require('origin', origin, predicate.origin)
  require('policy set', activation.digest, digest)
  require('fingerprint', activation.fingerprint, fingerprint)
  require('history', lineOf(activation.replay), lineOf(predicate.replay))
  const lines = [
    `policies: ${digest}`,
    `instead of: sha256:${predicate.before.sha256}`,
    lineOf(predicate.replay),
    ...(predicate.replay ? [`changes: ${predicate.replay.changesDigest}`] : []),
    `asked by: ${activation.by.name} (${predicate.asker}), until ${predicate.expiresAt}`,
    `fingerprint: ${fingerprint}`,
  ]
  return { challenge: challengeText(statement), fingerprint, lines: lines.map(printable) }
}

function readStatement(text: string): z.infer<typeof shape> {
  try {
    return shape.parse(parseCanonical(text))
  } catch {
    throw mismatch('the statement is not canonical JSON of the known form')
  }
}

function require(what: string, shown: string, computed: string): void {
  if (shown !== computed)
    throw mismatch(`the ${what} is ${printable(shown)} outside the statement and ${printable(computed)} by it`)
}

function mismatch(message: string): Failure {
  return new Failure('unverified', 'statement_mismatch', message, { next: 'do not sign; tell the others' })
}
