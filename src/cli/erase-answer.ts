/** A second administrator's yes or no to an erasure: signed here with a software passkey, or on the page that the browser opens. */

import { openPage } from './browser.ts'
import { erasures } from './contract-erasure.ts'
import { checkErasure } from './erasure-statement.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Client } from './client.ts'
import { signWithPasskey } from './passkey-file.ts'
import type { Terminal } from './terminal.ts'
import { parseIndex } from './text.ts'

export interface AnswerOptions extends ServerOptions {
  /** The leaf that asked for it. */
  readonly leafIndex: string
  readonly softwarePasskey?: string
}

export interface Signed {
  readonly client: Client
  readonly assertion: unknown
  readonly fingerprint: string
  /** Where the answer goes, but for its last word. */
  readonly path: string
}

/** Shows what is signed, from its own bytes, and signs it. A Failure `waiting` when that is for the browser. */
export async function signErasure(options: AnswerOptions, terminal: Terminal): Promise<Signed> {
  const client = openClient(options, terminal)
  const { leafIndex, softwarePasskey } = options
  const asked = parseIndex(leafIndex)
  const { rpId, erasures: waiting } = await client.get('/api/v1/erasures', erasures)
  const found = waiting.find((each) => each.asked === asked)
  if (!found)
    throw new Failure('notFound', 'no_such_erasure', `no erasure asked for in leaf ${asked} waits for anybody`, {
      next: 'countersign erasures',
    })
  const { challenge, fingerprint, lines } = checkErasure(found, (await client.pin()).origin)
  for (const line of lines) terminal.say(line)
  if (!softwarePasskey) {
    openPage(`${client.server}/people`, terminal)
    throw new Failure('waiting', 'waiting', `erasure ${fingerprint} waits for your signature`, {
      next: `open ${client.server}/people`,
    })
  }
  const assertion = signWithPasskey(softwarePasskey, rpId, challenge, client.server)
  return { client, assertion, fingerprint, path: `/api/v1/erasures/${asked}` }
}
