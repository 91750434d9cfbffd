/** Unlinks a person from their account at an identity provider; logins that rest on it end. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface UnlinkOptions extends ServerOptions {
  readonly person: string
  readonly idp: string
}

export async function run(options: UnlinkOptions, terminal: Terminal): Promise<number> {
  const { person, idp } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/identities/${encodeURIComponent(idp)}`
  const { leafIndex } = await openClient(options, terminal).write('DELETE', path, undefined, z.unknown())
  terminal.result({ person, idp, leafIndex }, () => `${person} no longer signs in at ${idp}\nleaf: ${leafIndex}`)
  return 0
}
