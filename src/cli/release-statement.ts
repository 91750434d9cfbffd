/** The in-toto statement of a release, with who signed it: for other tools. */

import { base64, utf8 } from '../bytes/text.ts'
import * as z from '../bytes/schema.ts'
import { digestStatement, PAYLOAD_TYPE } from '../domain/statement.ts'
import { exact, instant, leafIndex, shown } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'

export interface ReleaseStatementOptions extends ServerOptions {
  readonly release: string
}

const answer = z.object({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: exact,
  statementDigest: shown,
  approvals: z.array(
    z.object({
      by: shown,
      onBehalfOf: shown.optional(),
      at: instant,
      leafIndex,
      evidence: z.object({ kind: shown, digest: shown }).optional(),
    }),
  ),
})

/** Throws a Failure `unverified` when the statement does not have the digest that the server says it has. */
export async function run(options: ReleaseStatementOptions, terminal: Terminal): Promise<number> {
  const path = `/api/v1/releases/${encodeURIComponent(normalized(options.release))}/statement`
  const found = await openClient(options, terminal).get(path, answer)
  const text = utf8.decode(base64.decode(found.payload))
  if (digestStatement(text) !== found.statementDigest)
    throw new Failure('unverified', 'statement_mismatch', 'the statement does not have the digest that the server says')
  terminal.result(found, () => text)
  return 0
}
