/** Takes back what was said of a person's accounts at a CI. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface AccountRemoveOptions extends ServerOptions {
  readonly person: string
  readonly issuer: string
}

export async function run(options: AccountRemoveOptions, terminal: Terminal): Promise<number> {
  const { person, issuer } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/accounts/${encodeURIComponent(issuer)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ person, issuer, leafIndex }, () => `${person} has no account at ${issuer}\nleaf: ${leafIndex}`)
  return 0
}
