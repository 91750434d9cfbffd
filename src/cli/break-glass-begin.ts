/** Lets a release go without the approvals that are missing: signed, alerted, and to be judged by somebody else. */

import * as z from '../bytes/schema.ts'
import { BREAK_TYPE } from '../domain/breakglass-statement.ts'
import { openPage } from './browser.ts'
import { checkBreakglass } from './breakglass-statement.ts'
import { breakable } from './contract-breakglass.ts'
import { instant, shown } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { signWithPasskey } from './passkey-file.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'

export interface BreakGlassOptions extends ServerOptions {
  readonly release: string
  readonly reason: string
  readonly softwarePasskey?: string
}

export async function run(options: BreakGlassOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const release = normalized(options.release)
  const path = `/api/v1/releases/${encodeURIComponent(release)}/break-glass`
  const found = await client.get(path, breakable)
  const { origin } = await client.pin()
  const { challenge, releasePrint, lines } = checkBreakglass(found.statement, { origin, type: BREAK_TYPE, release })
  for (const line of lines) terminal.say(line)
  if (!options.softwarePasskey) {
    const page = `${client.server}/a/${releasePrint}`
    openPage(page, terminal)
    throw new Failure('waiting', 'waiting', 'the glass is broken there, with your passkey', { next: `open ${page}` })
  }
  const assertion = signWithPasskey(options.softwarePasskey, found.rpId, challenge, client.server)
  const answer = await client.post(
    path,
    { assertion, reason: options.reason },
    z.object({ breakglass: shown, reviewBy: instant }),
  )
  const { result, leafIndex } = answer
  terminal.result({ ...result, release: found.release, leafIndex }, () =>
    [
      `${release} goes without its approvals; everybody is alerted`,
      `somebody else judges it until ${result.reviewBy}: countersign break-glass review ${result.breakglass}`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}
