/** The policies in force, and putting others into their place. */

import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import * as shape from '../control/view/shape.ts'
import { formatProblem, loadPolicies } from '../policy/policy.ts'
import { act, type Desk } from './act.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

const MAX_FILES = 256

const body = z.strictObject({
  files: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,100}\.cedar(?:schema)?$/), z.string().max(1 << 20))
    .refine((files) => Object.keys(files).length <= MAX_FILES, `at most ${MAX_FILES} files`)
    .describe('File name to text: one .cedarschema and at least one .cedar.'),
})

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
    summary: 'Puts a set of policies into force; what was approved under the old ones is void',
    body,
    result: z.object({ digest: z.string() }),
    status: 201,
    ask: ({ body: { files }, caller, personal }) => {
      const bytes = utf8.encode(canonical(files))
      const loaded = loadPolicies(files)
      const isValid = !Array.isArray(loaded)
      const digest = isValid ? loaded.digest : digestOf(bytes)
      const ids = isValid ? [...loaded.ids] : []
      return {
        perform: {
          command: { type: 'activate policy', digest, ids },
          caller,
          exhibits: [{ kind: 'policies', bytes }],
          personal,
          ...(isValid && { policies: loaded }),
        },
        result: () => ({ digest }),
        facts: () => (isValid ? {} : { problems: loaded.slice(0, 32).map(formatProblem) }),
      }
    },
  })
}
