/** Judges a break-glass of somebody else: signed over the very words that are shown. */

import * as z from '../bytes/schema.ts'
import { REVIEW_TYPE } from '../domain/breakglass-statement.ts'
import { openPage } from './browser.ts'
import { checkBreakglass } from './breakglass-statement.ts'
import { breakglasses } from './contract-breakglass.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { signWithPasskey } from './passkey-file.ts'
import type { Terminal } from './terminal.ts'

export interface ReviewOptions extends ServerOptions {
  readonly breakglass: string
  readonly verdict: 'justified' | 'unjustified'
  readonly reason: string
  readonly softwarePasskey?: string
}

export async function run(options: ReviewOptions, terminal: Terminal): Promise<number> {
  const { breakglass, verdict, reason, softwarePasskey } = options
  const client = openClient(options, terminal)
  const { rpId, open } = await client.get('/api/v1/break-glass', breakglasses)
  const found = open.find((each) => each.breakglass === breakglass)
  if (!found)
    throw new Failure('notFound', 'no_such_breakglass', `no break-glass ${breakglass} waits to be judged`, {
      next: 'countersign break-glass list',
    })
  const { origin } = await client.pin()
  const expected = { origin, type: REVIEW_TYPE, breakglass, verdict } as const
  const { challenge, lines } = checkBreakglass(found[verdict].statement, expected)
  for (const line of lines) terminal.say(line)
  if (!softwarePasskey) {
    const page = `${client.server}/a/${encodeURIComponent(found.releaseFingerprint)}`
    openPage(page, terminal)
    throw new Failure('waiting', 'waiting', 'it is judged there, with your passkey', { next: `open ${page}` })
  }
  const assertion = signWithPasskey(softwarePasskey, rpId, challenge, client.server)
  const path = `/api/v1/break-glass/${encodeURIComponent(breakglass)}/reviews`
  const { leafIndex } = await client.post(path, { assertion, verdict, reason }, z.object({}))
  terminal.result({ breakglass, verdict, leafIndex }, () => `judged ${verdict}: ${breakglass}\nleaf: ${leafIndex}`)
  return 0
}
