/** Invites a person. The link is a secret until it is used: it can be written to a private file instead of the screen. */

import { writeFileSync } from 'node:fs'
import * as z from '../bytes/schema.ts'
import { exact, instant, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { machineZone } from './people-enrol.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant } from './text.ts'

export interface InviteOptions extends ServerOptions {
  readonly handle: string
  readonly name: string
  readonly email: string
  readonly zone?: string
  readonly role?: readonly string[]
  readonly tokenOut?: string
}

const invited = z.object({ person: shown, enrolmentUrl: shown, enrolmentToken: exact, expiresAt: instant })

export async function run(options: InviteOptions, terminal: Terminal): Promise<number> {
  const { name, email, zone = machineZone(), role: roles = [], tokenOut } = options
  const handle = options.handle.replace(/^@/u, '')
  const client = openClient(options, terminal)
  const { result, leafIndex } = await client.post('/api/v1/people', { handle, name, email, zone, roles }, invited)
  const { person, enrolmentUrl, enrolmentToken, expiresAt } = result
  if (tokenOut) writeFileSync(tokenOut, `${enrolmentToken}\n`, { mode: 0o600 })
  const link = tokenOut ? { tokenFile: tokenOut } : { enrolmentUrl, enrolmentToken }
  terminal.result({ person, expiresAt, leafIndex, ...link }, () =>
    [
      `invited @${handle} (${person})`,
      tokenOut
        ? `enrolment token in ${tokenOut}`
        : `give them this link, which works once until ${formatInstant(expiresAt)}:\n  ${enrolmentUrl}`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}
