/** Puts a folder of policies into force, after the very check that the server makes. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { loadChecked } from './policy-check.ts'
import type { Terminal } from './terminal.ts'

export interface PolicyApplyOptions extends ServerOptions {
  readonly folder: string
}

export async function run(options: PolicyApplyOptions, terminal: Terminal): Promise<number> {
  const { files } = loadChecked(options.folder, terminal)
  const { result, leafIndex } = await openClient(options, terminal).post(
    '/api/v1/policies',
    { files },
    z.object({ digest: shown }),
  )
  terminal.result({ ...result, leafIndex }, () => `in force: ${result.digest}\nleaf: ${leafIndex}`)
  return 0
}
