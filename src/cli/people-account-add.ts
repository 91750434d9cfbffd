/** Says which account at a CI is a person's. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface AccountAddOptions extends ServerOptions {
  readonly person: string
  readonly issuer: string
  readonly account: string
}

export async function run(options: AccountAddOptions, terminal: Terminal): Promise<number> {
  const { person, issuer, account } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/accounts`
  const { leafIndex } = await openClient(options, terminal).post(path, { issuer, account }, z.unknown())
  terminal.result(
    { person, issuer, leafIndex },
    () => `runs that account ${account} starts at ${issuer} are ${person}’s\nleaf: ${leafIndex}`,
  )
  return 0
}
