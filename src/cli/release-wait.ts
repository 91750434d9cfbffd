/** Waits for the decision on a release. */

import { release as releaseShape } from './contract-release.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'
import { closedFailure, waitForRelease } from './waiting.ts'

export interface ReleaseWaitOptions extends ServerOptions {
  readonly release: string
  readonly wait?: number
}

export async function run(options: ReleaseWaitOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const { release, fingerprint, expiresAt } = await client.get(
    `/api/v1/releases/${encodeURIComponent(normalized(options.release))}`,
    releaseShape,
  )
  // A little past the end of the request: its expiry is the server's to say.
  const until = options.wait === undefined ? Date.parse(expiresAt) + 5_000 : Date.now() + options.wait
  const decided = await waitForRelease(client, release, {
    until,
    tell: (now) => {
      if (terminal.format === 'jsonl') terminal.emit('progress', now, '')
      else terminal.say(`${fingerprint}: ${now.state}, ${now.given} of ${now.required} signatures`)
    },
  })
  const failure = decided.state === 'deployed' ? undefined : closedFailure(decided.state, fingerprint)
  if (failure) throw failure
  terminal.result({ release, fingerprint, ...decided }, () => `${fingerprint} is ${decided.state}`)
  return 0
}
