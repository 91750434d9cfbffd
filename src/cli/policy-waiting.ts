/** Changes of the policies that wait for a second administrator. */

import { activations } from './contract-policy.ts'
import { formatWho } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, table } from './text.ts'

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const { activations: waiting } = await client.get('/api/v1/policies/activations', activations)
  const head = ['ASKED IN', 'FINGERPRINT', 'POLICIES', 'REFUSED', 'ALLOWED', 'UNTIL', 'ASKED BY']
  const rows = waiting.map(({ asked, fingerprint, digest, replay, expiresAt, by }) => [
    String(asked),
    fingerprint,
    digest.slice(7, 19),
    replay ? `+${replay.newlyRefused}` : '?',
    replay ? `+${replay.newlyAllowed}` : '?',
    formatInstant(expiresAt),
    formatWho(by),
  ])
  terminal.result({ activations: waiting }, () =>
    rows.length === 0 ? 'no policies wait for anybody' : table([head, ...rows], terminal.columns),
  )
  return 0
}
