/** The identity providers that people sign in at. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

const answerShape = z.object({ idps: z.array(z.object({ idp: shown, issuer: shown })) })

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const answer = await openClient(options, terminal).get('/api/v1/idps', answerShape)
  const rows = answer.idps.map(({ idp, issuer }) => [idp, issuer])
  terminal.result(answer, () => table([['NAME', 'ISSUER'], ...rows], terminal.columns))
  return 0
}
