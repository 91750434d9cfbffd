/** Changes of the policies that wait for a second administrator, and what that one says to them. */

import * as z from '../bytes/schema.ts'
import { canonical, parse, type Json } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import type { Exhibit } from '../control/handle.ts'
import * as shape from '../control/view/shape-word.ts'
import { challengeText } from '../domain/erasure-statement.ts'
import { textOf, type Waiting } from '../domain/policy.ts'
import { fingerprintOf } from '../domain/statement.ts'
import { assertionResponse } from '../evidence/passkey.ts'
import { loadPolicies, type PolicyFiles, type PolicySet } from '../policy/policy.ts'
import { act, type Desk } from './act.ts'
import { formatInstant, instant, nothing, reason } from './field.ts'
import type { Port } from './port.ts'
import { read } from './read.ts'

export const history = z
  .object({
    before: z.string().describe('The set that was in force.'),
    from: z.int(),
    treeSize: z.int(),
    rootHash: z.string(),
    newlyRefused: z.int(),
    newlyAllowed: z.int(),
    unchanged: z.int(),
    unknown: z.int().describe('Decisions that cannot be asked again.'),
    changesDigest: z.string().describe('Of the list that `countersign policy replay` shows.'),
  })
  .describe('What real history would have been under the set.')

export const waiting = z.object({
  asked: z.int().describe('The leaf that asked, by which it is agreed to or declined.'),
  digest: z.string(),
  fingerprint: z.string(),
  expiresAt: instant,
  replay: history.optional(),
})
const listed = waiting.extend({
  by: shape.who,
  askedAt: instant,
  ids: z.array(z.string()),
  statement: z.string().describe('What is signed: canonical JSON.'),
  statementDigest: z.string(),
  challenge: z.string(),
})

const params = z.object({ asked: z.coerce.number().int().min(0) })
const assertion = assertionResponse.describe('Over the challenge of the change.')
const url = '/api/v1/policies/activations'

export function activations(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url,
    summary: 'Changes of the policies that wait for a second administrator',
    isForPeople: true,
    answer: z.object({ rpId: z.string(), credentialIds: z.array(z.string()), activations: z.array(listed) }),
    look: ({ caller }) => ({
      rpId: port.ledger.state.log!.rpId,
      credentialIds: [...(port.ledger.state.people.get(caller?.id ?? '')?.passkeys ?? [])],
      activations: waitingOf(port).map((each) => describe(each, port)),
    }),
  })
  act(desk, {
    method: 'POST',
    url: `${url}/:asked/agreements`,
    summary: 'Agrees to policies that another administrator asked for, and puts them into force',
    params,
    body: z.strictObject({ assertion }),
    result: z.object({ digest: z.string() }),
    status: 201,
    ask: async ({ params: { asked }, body, caller, personal }) => {
      const { files, policies } = await setOf(asked, port)
      const exhibits = [exhibitOf(body.assertion), ...files]
      const command = { type: 'agree to policy', asked } as const
      return {
        perform: { command, caller, exhibits, personal, ...(policies && { policies }) },
        result: () => ({ digest: policies?.digest ?? '' }),
      }
    },
  })
  act(desk, {
    method: 'POST',
    url: `${url}/:asked/refusals`,
    summary: 'Declines a change of the policies, or withdraws one’s own',
    params,
    body: z.strictObject({ assertion, reason }),
    result: nothing,
    status: 201,
    ask: ({ params: { asked }, body: { assertion: signed, reason: why }, caller, personal }) => ({
      perform: {
        command: { type: 'decline policy', asked },
        caller,
        exhibits: [exhibitOf(signed)],
        personal: { ...personal, reason: why },
      },
      result: () => ({}),
    }),
  })
}

type Loaded = { readonly files: readonly Exhibit[]; readonly policies: PolicySet | undefined }

/** The set that was asked for, as it was kept then; nothing when none waits, or it is not there any more. */
async function setOf(asked: number, { ledger, evidence }: Port): Promise<Loaded> {
  const digest = ledger.state.waitingPolicies.get(String(asked))?.digest
  const bytes = digest && (await evidence.get(digest))
  if (!bytes) return { files: [], policies: undefined }
  const loaded = loadPolicies(parse(utf8.decode(bytes)) as PolicyFiles)
  return { files: [{ kind: 'policies', bytes }], policies: Array.isArray(loaded) ? undefined : loaded }
}

function waitingOf({ ledger: { state }, clock }: Port): Waiting[] {
  return [...state.waitingPolicies.values()].filter(({ expiresAt }) => expiresAt > clock())
}

function describe(each: Waiting, { ledger, views }: Port): z.input<typeof listed> {
  const statement = textOf(each, ledger.state)
  const { statementDigest } = each
  return {
    ...describeShortly(each, each.leafIndex),
    ...{ by: views.who(each.by), askedAt: formatInstant(each.askedAt), ids: [...each.ids] },
    ...{ statement, statementDigest, challenge: challengeText(statement) },
  }
}

/** What whoever asked is told. */
export function describeShortly(
  { digest, statementDigest, expiresAt, replay }: Omit<Waiting, 'leafIndex' | 'askedAt'>,
  asked: number,
): z.input<typeof waiting> {
  const fingerprint = fingerprintOf(statementDigest)
  return { asked, digest, fingerprint, expiresAt: formatInstant(expiresAt), ...(replay && { replay }) }
}

function exhibitOf(response: z.output<typeof assertion>): Exhibit {
  return { kind: 'passkey-assertion', bytes: utf8.encode(canonical(response as Json)) }
}
