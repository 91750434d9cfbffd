/** Erasures that wait for a second administrator. */

import { erasures } from './contract-erasure.ts'
import { formatWho } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, table } from './text.ts'

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const { erasures: waiting } = await openClient(options, terminal).get('/api/v1/erasures', erasures)
  const head = ['ASKED IN', 'FINGERPRINT', 'ABOUT', 'WHAT', 'UNTIL', 'ASKED BY']
  const rows = waiting.map(({ asked, fingerprint, who, fields, evidence, expiresAt, by }) => [
    String(asked),
    fingerprint,
    formatWho(who),
    `${fields ? fields.join(', ') : 'everything'}${evidence ? ', evidence' : ''}`,
    formatInstant(expiresAt),
    formatWho(by),
  ])
  terminal.result({ erasures: waiting }, () =>
    rows.length === 0 ? 'no erasure waits for anybody' : table([head, ...rows], terminal.columns),
  )
  return 0
}
