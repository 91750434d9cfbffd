/** What an administrator signs who agrees to other policies, recomputed from the statement's own bytes: nothing else is ever signed. */

import * as z from '../bytes/schema.ts'
import { challengeText } from '../domain/erasure-statement.ts'
import { PREDICATE_TYPE } from '../domain/policy-statement.ts'
import { digestStatement, fingerprintOf } from '../domain/statement.ts'
import { history, lineOf, type WaitingActivation } from './contract-policy.ts'
import { StatementCheck } from './statement-check.ts'
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

const check = new StatementCheck('do not sign; tell the others')

export interface Signable {
  readonly challenge: string
  readonly fingerprint: string
  /** The statement in lines for people, from its own bytes. */
  readonly lines: readonly string[]
}

/** Throws a Failure `unverified` when the server says one thing and would have another signed. */
export function checkActivation(activation: WaitingActivation, origin: string): Signable {
  const { statement } = activation
  const { subject, predicate } = check.read(statement, shape)
  const digest = `sha256:${subject[0]!.digest.sha256}`
  const fingerprint = fingerprintOf(digestStatement(statement))
  check.require('origin', origin, predicate.origin)
  check.require('policy set', activation.digest, digest)
  check.require('fingerprint', activation.fingerprint, fingerprint)
  check.require('history', lineOf(activation.replay), lineOf(predicate.replay))
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
