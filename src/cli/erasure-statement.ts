/** What an administrator signs who agrees to an erasure, recomputed from the statement's own bytes: nothing else is ever signed. */

import * as z from '../bytes/schema.ts'
import { challengeText, PREDICATE_TYPE } from '../domain/erasure-statement.ts'
import { digestStatement, fingerprintOf } from '../domain/statement.ts'
import type { WaitingErasure } from './contract-erasure.ts'
import { StatementCheck } from './statement-check.ts'
import { printable } from './text.ts'

const shape = z.object({
  predicateType: z.literal(PREDICATE_TYPE),
  subject: z.array(z.object({ name: z.string() })).length(1),
  predicate: z.object({
    origin: z.string(),
    asker: z.string(),
    evidence: z.boolean(),
    expiresAt: z.string(),
    fields: z.array(z.string()).optional(),
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
export function checkErasure(erasure: WaitingErasure, origin: string): Signable {
  const { statement } = erasure
  const { subject, predicate } = check.read(statement, shape)
  const fingerprint = fingerprintOf(digestStatement(statement))
  const person = subject[0]!.name
  check.require('origin', origin, predicate.origin)
  check.require('person', erasure.person, person)
  check.require('fingerprint', erasure.fingerprint, fingerprint)
  const lines = [
    `erase: ${predicate.fields ? predicate.fields.join(', ') : 'everything personal'}${predicate.evidence ? ', keys and pushes included' : ''}`,
    `about: ${erasure.who.name} (${person})`,
    `asked by: ${erasure.by.name} (${predicate.asker}), until ${predicate.expiresAt}`,
    `fingerprint: ${fingerprint}`,
  ]
  return { challenge: challengeText(statement), fingerprint, lines: lines.map(printable) }
}
