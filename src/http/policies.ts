/** The policies in force, and putting others into their place. */

import * as z from '../bytes/schema.ts'
import { digestOf, type DigestText } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { freshNonce } from '../control/fresh.ts'
import * as shape from '../control/view/shape.ts'
import { formatProblem, loadPolicies, type PolicyFiles } from '../policy/policy.ts'
import { StoreError } from '../store/error.ts'
import { act, type Desk } from './act.ts'
import { describeShortly, history, waiting } from './activations.ts'
import { mayActivate } from './caller.ts'
import type { Port } from './port.ts'
import { problem, Problem } from './problem.ts'
import { read } from './read.ts'

const MAX_FILES = 256

const body = z.strictObject({
  files: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,100}\.cedar(?:schema)?$/), z.string().max(1 << 20))
    .refine((files) => Object.keys(files).length <= MAX_FILES, `at most ${MAX_FILES} files`)
    .describe('File name to text: one .cedarschema and at least one .cedar.'),
  sinceDays: z
    .int()
    .min(0)
    .max(36_500)
    .default(90)
    .describe(
      'So many days of history are asked again, and what would have changed is bound into the leaf; 0 for none.',
    ),
})

/** So long another administrator may take: a weekend. */
const WAIT_MS = 72 * 3_600_000
const DAY_MS = 24 * 3_600_000

export function policies(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/policies',
    summary: 'The policies in force, with their text',
    answer: shape.policySet,
    look: async () => (await port.views.policies()) ?? problem('not_found', 'No policies are in force yet.'),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/policies',
    summary:
      'Puts a set of policies into force, or asks another administrator to; what was approved under the old ones is void',
    body,
    result: z.object({ digest: z.string(), replay: history.optional() }),
    waiting,
    status: 201,
    ask: async ({ body: { files, sinceDays }, caller, personal, at, request: { ip } }) => {
      const bytes = utf8.encode(canonical(files))
      const loaded = loadPolicies(files)
      const isValid = !Array.isArray(loaded)
      const digest = isValid ? loaded.digest : digestOf(bytes)
      const ids = isValid ? [...loaded.ids] : []
      const isAsked = isValid && sinceDays > 0 && mayActivate(caller, port, ip)
      const replay = isAsked ? await replayFacts(files, at - sinceDays * DAY_MS, port) : undefined
      if (replay instanceof Problem) return replay
      const step = { digest, ids, ...(replay && { replay }), nonce: freshNonce(), expiresAt: at + WAIT_MS }
      return {
        perform: {
          command: { type: 'activate policy', ...step },
          caller,
          exhibits: [{ kind: 'policies', bytes }],
          personal,
          ...(isValid && { policies: loaded }),
        },
        result: ({ leaf: { event }, leafIndex }) =>
          event.type === 'policy.asked'
            ? (describeShortly(event, leafIndex) as never)
            : { digest, ...(replay && { replay }) },
        facts: () => (isValid ? {} : { problems: loaded.slice(0, 32).map(formatProblem) }),
      }
    },
  })
}

/** What goes into the leaf of what history would have been. */
async function replayFacts(files: PolicyFiles, sinceAt: number, { policyReplays }: Port) {
  try {
    const { changes: _, unknownLeaves: __, digest: ___, before, ...facts } = await policyReplays.ask(files, { sinceAt })
    return { ...facts, before: before as DigestText }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return problem('busy', `History could not be asked: ${error.message}.`, { next: 'ask again, or for fewer days' })
  }
}
