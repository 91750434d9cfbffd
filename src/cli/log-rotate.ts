/** Gives the log a new signing key. The receipt is signed by the old one, so this machine can follow without trusting anybody. */

import * as z from '../bytes/schema.ts'
import { exact, instant } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant } from './text.ts'

export interface RotateOptions extends ServerOptions {
  /** In ms. */
  readonly overlap?: number
}

export async function run({ overlap, ...options }: RotateOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const { result, leafIndex } = await client.post(
    '/api/v1/log/rotation',
    { ...(overlap !== undefined && { overlapMs: overlap }) },
    z.object({ key: exact, overlapUntil: instant.optional() }),
  )
  client.repin(result.key)
  terminal.result({ ...result, leafIndex }, () =>
    [
      `the log signs with ${result.key} from here on`,
      `leaf: ${leafIndex}`,
      result.overlapUntil
        ? `the old key signs as well until ${formatInstant(result.overlapUntil)}`
        : 'the old key signs nothing any more',
      'command lines and doors follow by themselves; witnesses and mirrors take the new key beside the old one: --log, --log-key',
    ].join('\n'),
  )
  return 0
}
