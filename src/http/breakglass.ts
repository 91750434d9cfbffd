/** Going without the approvals that are missing, and judging it afterwards; both signed with a passkey over a statement of their own. */

import * as z from '../bytes/schema.ts'
import { canonical, type Json } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { freshId } from '../control/fresh.ts'
import * as shape from '../control/view/shape-word.ts'
import { challengeText } from '../domain/breakglass-statement.ts'
import { breakText, commands, reviewText, type Breakglass } from '../domain/breakglass.ts'
import * as f from '../domain/field.ts'
import type { Release } from '../domain/release.ts'
import { digestStatement, fingerprintOf } from '../domain/statement.ts'
import { assertionResponse } from '../evidence/passkey.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { formatInstant, instant, nothing } from './field.ts'
import type { Port } from './port.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'
import { byRelease, findRelease } from './releases.ts'

const { verdict } = commands['review break-glass'].shape
const assertion = assertionResponse.describe('Over the challenge of the statement that is shown.')

const signable = z.object({
  statement: z.string().describe('What is signed: canonical JSON.'),
  fingerprint: z.string(),
  challenge: z.string(),
})
const signer = { rpId: z.string(), credentialIds: z.array(z.string()) }
const listed = z.object({
  breakglass: z.string(),
  release: z.string(),
  releaseFingerprint: z.string(),
  environment: z.string(),
  by: shape.who,
  at: instant,
  given: z.int(),
  required: z.int(),
  isFrozen: z.boolean(),
  reviewBy: instant,
  isOverdue: z.boolean(),
  leafIndex: z.int(),
  justified: signable,
  unjustified: signable,
})

export function breakglasses(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/break-glass',
    summary: 'Every break-glass that nobody judged yet, with what is signed to judge it',
    isForPeople: true,
    answer: z.object({ ...signer, open: z.array(listed) }),
    look: ({ caller }) => ({ ...signerOf(caller?.id, port), open: openOf(port) }),
  })
  read(desk, {
    url: '/api/v1/releases/:id/break-glass',
    summary: 'What somebody signs who breaks the glass for this release',
    isForPeople: true,
    params: byRelease,
    answer: signable.extend({ ...signer, release: z.string(), environment: z.string() }),
    look: ({ params, caller }) => {
      const id = findRelease(params.id, port)
      if (typeof id !== 'string') return id
      const { state } = port.ledger
      const release = state.releases.get(id)!
      const { environment } = release
      return { ...describe(breakText(release, state)), ...signerOf(caller?.id, port), release: id, environment }
    },
  })
  breaking(desk)
  judging(desk)
}

function breaking(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/releases/:id/break-glass',
    summary:
      'Lets a release go without the approvals that are missing; everybody is alerted, and somebody else has to judge it',
    params: byRelease,
    body: z.strictObject({ assertion, reason: field.reason }),
    result: z.object({ breakglass: z.string(), reviewBy: instant }),
    status: 201,
    ask: ({ params, body, caller, personal }) => {
      const release = findRelease(params.id, port)
      if (typeof release !== 'string') return release
      const breakglass = freshId('breakglass') as z.infer<typeof f.breakglassId>
      return {
        perform: {
          command: { type: 'break glass', breakglass, release },
          caller,
          exhibits: [exhibitOf(body.assertion)],
          personal: { ...personal, reason: body.reason },
        },
        result: ({ leaf: { event } }) => ({
          breakglass,
          reviewBy: formatInstant(event.type === 'breakglass.used' ? event.reviewBy : 0),
        }),
      }
    },
  })
}

function judging(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/break-glass/:breakglass/reviews',
    summary: 'Judges a break-glass of somebody else',
    params: z.object({ breakglass: f.breakglassId }),
    body: z.strictObject({ assertion, verdict, reason: field.reason }),
    result: nothing,
    status: 201,
    ask: ({ params: { breakglass }, body, caller, personal }) => {
      if (!port.ledger.state.breakglasses.has(breakglass))
        return problem('not_found', 'There is no such break-glass, or it was judged already.')
      return {
        perform: {
          command: { type: 'review break-glass', breakglass, verdict: body.verdict },
          caller,
          exhibits: [exhibitOf(body.assertion)],
          personal: { ...personal, reason: body.reason },
        },
        result: () => ({}),
      }
    },
  })
}

function openOf({ ledger: { state }, views, clock }: Port): z.input<typeof listed>[] {
  const known = [...state.breakglasses.values()].flatMap((open) => {
    const release = state.releases.get(open.release)
    return release ? [{ open, release }] : []
  })
  return known.map(({ open, release }) => ({
    ...placeOf(open, release),
    by: views.who(open.by),
    at: formatInstant(open.at),
    reviewBy: formatInstant(open.reviewBy),
    isOverdue: open.reviewBy <= clock(),
    justified: describe(reviewText(open, release, 'justified', state)),
    unjustified: describe(reviewText(open, release, 'unjustified', state)),
  }))
}

function placeOf({ breakglass, environment, given, required, isFrozen, leafIndex }: Breakglass, release: Release) {
  const releaseFingerprint = fingerprintOf(release.statementDigest)
  return { breakglass, release: release.release, releaseFingerprint, environment, given, required, isFrozen, leafIndex }
}

function describe(statement: string): z.input<typeof signable> {
  return { statement, fingerprint: fingerprintOf(digestStatement(statement)), challenge: challengeText(statement) }
}

function signerOf(person: string | undefined, { ledger: { state } }: Port) {
  return { rpId: state.log!.rpId, credentialIds: [...(state.people.get(person ?? '')?.passkeys ?? [])] }
}

function exhibitOf(response: z.output<typeof assertion>) {
  return { kind: 'passkey-assertion', bytes: utf8.encode(canonical(response as Json)) }
}
