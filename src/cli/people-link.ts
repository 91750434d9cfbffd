/** Links a person with their account at an identity provider. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface LinkOptions extends ServerOptions {
  readonly person: string
  readonly idp: string
  readonly subject: string
}

export async function run(options: LinkOptions, terminal: Terminal): Promise<number> {
  const { person, idp, subject } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/identities`
  const { leafIndex } = await openClient(options, terminal).post(path, { idp, subject }, z.unknown())
  terminal.result({ person, idp, leafIndex }, () => `${person} signs in at ${idp}\nleaf: ${leafIndex}`)
  return 0
}
