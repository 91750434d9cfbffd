/** What a job built, as the provenance says that it signed with the key of its login. */

import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { canonical } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { freshId } from '../control/fresh.ts'
import type { BuildEvent } from '../domain/build.ts'
import { act, type Desk } from './act.ts'

const envelope = z
  .strictObject({
    payloadType: z.string().max(256),
    payload: z
      .string()
      .max(1 << 20)
      .describe('Base64 of an in-toto statement with SLSA provenance v1.'),
    signatures: z
      .array(z.strictObject({ keyid: z.string().max(256).optional(), sig: z.string().max(1024) }))
      .min(1)
      .max(8),
  })
  .describe('DSSE v1.')

const built = z.object({
  build: z.string(),
  artifacts: z.array(z.object({ name: z.string(), digest: z.string() })),
})

export function builds(desk: Desk): void {
  act(desk, {
    method: 'POST',
    url: '/api/v1/builds',
    summary: 'Attests what this job built; for jobs',
    body: z.strictObject({ envelope }),
    result: built,
    status: 201,
    ask: ({ body, caller, personal }) => {
      const bytes = utf8.encode(canonical(body.envelope))
      const build = freshId('build')
      return {
        perform: {
          command: { type: 'attest build', build, provenance: digestOf(bytes) },
          caller,
          exhibits: [{ kind: 'provenance', bytes }],
          personal,
        },
        result: ({ leaf }) => {
          const { artifacts } = leaf.event as Extract<BuildEvent, { type: 'build.attested' }>
          return { build, artifacts }
        },
      }
    },
  })
}
