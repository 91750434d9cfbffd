/** Forgetting a person: one administrator asks, another agrees; then it is carried out before the answer, and said in a second leaf. */

import * as z from '../bytes/schema.ts'
import { canonical, type Json } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { freshNonce } from '../control/fresh.ts'
import type { Recorded } from '../control/ledger.ts'
import * as shape from '../control/view/shape-word.ts'
import { challengeText } from '../domain/erasure-statement.ts'
import { textOf, type Waiting } from '../domain/erasure.ts'
import { fingerprintOf } from '../domain/statement.ts'
import { assertionResponse } from '../evidence/passkey.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { formatInstant, instant, nothing } from './field.ts'
import { findPerson } from './people.ts'
import type { Port } from './port.ts'
import { read } from './read.ts'

/** So long another administrator may take: a weekend. */
const WAIT_MS = 72 * 3_600_000

const fieldName = z.string().regex(/^[a-z][A-Za-z0-9]{0,31}$/)
const erased = z.object({
  person: z.string(),
  isDone: z.boolean().describe('False while it could not be carried out; it is tried again until it is.'),
  doneIn: z.int().optional().describe('The leaf that says what went.'),
  leaves: z.int(),
  disclosures: z.int(),
  evidence: z.int().describe('Keys and pushes that were erased.'),
  evidenceKept: z.int().describe('Keys and pushes that name the person and stay: they prove what others did, too.'),
})
const waiting = z.object({
  asked: z.int().describe('The leaf that asked, by which it is agreed to or declined.'),
  person: z.string(),
  fingerprint: z.string(),
  expiresAt: instant,
})
const listed = waiting.extend({
  who: shape.who,
  by: shape.who,
  askedAt: instant,
  fields: z.array(z.string()).optional().describe('Everything when absent.'),
  evidence: z.boolean(),
  statement: z.string().describe('What is signed: canonical JSON.'),
  statementDigest: z.string(),
  challenge: z.string(),
})

const byLeaf = z.object({ asked: z.coerce.number().int().min(0) })
const assertion = assertionResponse.describe('Over the challenge of the erasure.')

export function erasures(desk: Desk): void {
  const { port, idempotency } = desk
  asking(desk)
  read(desk, {
    url: '/api/v1/erasures',
    summary: 'Erasures that wait for a second administrator',
    isForPeople: true,
    answer: z.object({ rpId: z.string(), credentialIds: z.array(z.string()), erasures: z.array(listed) }),
    look: ({ caller }) => ({
      rpId: port.ledger.state.log!.rpId,
      credentialIds: [...(port.ledger.state.people.get(caller?.id ?? '')?.passkeys ?? [])],
      erasures: waitingOf(port).map((each) => describe(each, port)),
    }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/erasures/:asked/agreements',
    summary: 'Agrees to an erasure that another administrator asked for, and has it carried out',
    params: byLeaf,
    body: z.strictObject({ assertion }),
    result: erased,
    status: 201,
    ask: ({ params: { asked }, body, caller, personal }) => {
      const exhibits = [exhibitOf(body.assertion)]
      const request = { command: { type: 'agree to erasure', asked }, caller, exhibits, personal } as const
      return {
        perform: () => port.erasePerson(request),
        result: (recorded) => {
          // Earlier answers may hold names.
          idempotency.forgetAnswers()
          return outcomeOf(recorded, port)
        },
      }
    },
  })
  declining(desk)
}

function declining(desk: Desk): void {
  act(desk, {
    method: 'POST',
    url: '/api/v1/erasures/:asked/refusals',
    summary: 'Declines an erasure, or withdraws one’s own',
    params: byLeaf,
    body: z.strictObject({ assertion, reason: field.reason }),
    result: nothing,
    status: 201,
    ask: ({ params: { asked }, body: { assertion: signed, reason }, caller, personal }) => ({
      perform: {
        command: { type: 'decline erasure', asked },
        caller,
        exhibits: [exhibitOf(signed)],
        personal: { ...personal, reason },
      },
      result: () => ({}),
    }),
  })
}

function asking(desk: Desk): void {
  const { port, idempotency } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/people/:id/erasures',
    summary: 'Asks to erase what is personal about a person; where there is another administrator, they must agree',
    params: z.object({ id: z.string().min(1).max(80).describe('A person’s id, or their @handle.') }),
    body: z.strictObject({
      fields: z.array(fieldName).min(1).max(16).optional().describe('Such as ip; everything when absent.'),
      evidence: z.boolean().optional().describe('Also their keys, and pushes with their commits.'),
      reason: field.reason,
    }),
    result: erased,
    status: 201,
    waiting,
    ask: ({ params, body: { fields, evidence = false, reason }, caller, personal, at }) => {
      const person = findPerson(params.id, port)
      if (typeof person !== 'string') return person
      const order = { person, evidence, ...(fields && { fields: [...new Set(fields)].sort() }) }
      const command = { type: 'erase person', ...order, nonce: freshNonce(), expiresAt: at + WAIT_MS } as const
      return {
        perform: () => port.erasePerson({ command, caller, personal: { ...personal, reason } }),
        result: (recorded) => {
          if (recorded.decision.outcome === 'waiting') return waitingFor(recorded) as never
          idempotency.forgetAnswers()
          return outcomeOf(recorded, port)
        },
      }
    },
  })
}

function outcomeOf({ leafIndex, leaf: { event } }: Recorded, { ledger }: Port): z.input<typeof erased> {
  const person = event.type === 'erasure.ordered' ? event.person : ''
  const done = ledger.state.erasures.get(String(leafIndex))?.done
  if (!done) return { person, isDone: false, leaves: 0, disclosures: 0, evidence: 0, evidenceKept: 0 }
  const { leafIndex: doneIn, ...counts } = done
  return { person, isDone: true, doneIn, ...counts }
}

function waitingFor({ leafIndex, leaf: { event } }: Recorded): z.input<typeof waiting> | undefined {
  if (event.type !== 'erasure.asked') return undefined
  const { person, statementDigest, expiresAt } = event
  return { asked: leafIndex, person, fingerprint: fingerprintOf(statementDigest), expiresAt: formatInstant(expiresAt) }
}

function waitingOf({ ledger: { state }, clock }: Port): Waiting[] {
  return [...state.waitingErasures.values()].filter(({ expiresAt }) => expiresAt > clock())
}

function describe(each: Waiting, { ledger, views }: Port): z.input<typeof listed> {
  const { leafIndex: asked, person, fields, evidence, statementDigest } = each
  const statement = textOf(each, ledger.state)
  return {
    ...{ asked, person, fingerprint: fingerprintOf(statementDigest), expiresAt: formatInstant(each.expiresAt) },
    ...{ who: views.who(person), by: views.who(each.by), askedAt: formatInstant(each.askedAt), evidence },
    ...(fields && { fields }),
    ...{ statement, statementDigest, challenge: challengeText(statement) },
  }
}

function exhibitOf(response: z.output<typeof assertion>) {
  return { kind: 'passkey-assertion', bytes: utf8.encode(canonical(response as Json)) }
}
