/** The statement of a release and who signed it, in a form that other tools read: in-toto, ready for a DSSE envelope. */

import * as z from '../../bytes/schema.ts'
import { base64, utf8 } from '../../bytes/text.ts'
import { textOf, type Release } from '../../domain/release.ts'
import type { State } from '../../domain/state.ts'
import { PAYLOAD_TYPE } from '../../domain/statement.ts'
import { instantOf } from './phrase.ts'
import { instant, leafIndex } from './shape-word.ts'
import type { Sight } from './sight.ts'

export const statementShape = z.strictObject({
  payloadType: z.string(),
  /** The statement, base64. What is signed is SHA-256 over its DSSE encoding. */
  payload: z.string(),
  statementDigest: z.string(),
  approvals: z.array(
    z.strictObject({
      by: z.string(),
      onBehalfOf: z.string().optional(),
      at: instant,
      leafIndex,
      /** What signed it: its kind, and the digest that it is fetched by; absent where it cannot be read any more. */
      evidence: z.strictObject({ kind: z.string(), digest: z.string() }).optional(),
    }),
  ),
})

export async function exportStatement(release: Release, sight: Sight): Promise<z.infer<typeof statementShape>> {
  const { statementDigest, approvals } = release
  const opened = await Promise.all(approvals.map((given) => sight.archive.open(given.leafIndex).catch(() => undefined)))
  return {
    payloadType: PAYLOAD_TYPE,
    payload: base64.encode(utf8.encode(textOf(release, sight.state as State))),
    statementDigest,
    approvals: approvals.map(({ by, onBehalfOf, at, leafIndex: index }, place) => {
      const [evidence] = opened[place]?.leaf.evidence ?? []
      return {
        by,
        ...(onBehalfOf && { onBehalfOf }),
        at: instantOf(at),
        leafIndex: index,
        ...(evidence && { evidence: { kind: evidence.kind, digest: evidence.digest } }),
      }
    }),
  }
}
