/** Revokes a person, and says what of theirs is still alive and for how long. */

import * as z from '../bytes/schema.ts'
import { shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatDuration, plural } from './text.ts'

export interface RevokeOptions extends ServerOptions {
  readonly person: string
  readonly reason: string
}

const revoked = z.object({
  loginsEnded: z.int(),
  grantsEnded: z.int(),
  stillLive: z.array(z.object({ serial: shown, secondsLeft: z.number(), what: shown })),
})

export async function run(options: RevokeOptions, terminal: Terminal): Promise<number> {
  const { person, reason } = options
  const path = `/api/v1/people/${encodeURIComponent(person)}/revocation`
  const { result, leafIndex } = await openClient(options, terminal).post(path, { reason }, revoked)
  const { loginsEnded, grantsEnded, stillLive } = result
  terminal.result({ person, ...result, leafIndex }, () =>
    [
      `revoked ${person}: ${plural(loginsEnded, 'login')} and ${plural(grantsEnded, 'grant')} ended; their next request is refused`,
      ...stillLive.map(
        ({ serial, secondsLeft, what }) => `still alive: ${what} ${serial}, for ${formatDuration(secondsLeft * 1_000)}`,
      ),
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}
