/** A second administrator's yes or no to other policies: signed here with a software passkey, or on the page that the browser opens. */

import { openPage } from './browser.ts'
import type { Client } from './client.ts'
import { activations } from './contract-policy.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { signWithPasskey } from './passkey-file.ts'
import { checkActivation } from './policy-statement.ts'
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

/** Shows what is signed, from its own bytes, and signs it. */
export async function signActivation(options: AnswerOptions, terminal: Terminal): Promise<Signed> {
  const client = openClient(options, terminal)
  const asked = parseIndex(options.leafIndex)
  const url = '/api/v1/policies/activations'
  const { rpId, activations: waiting } = await client.get(url, activations)
  const found = waiting.find((each) => each.asked === asked)
  if (!found)
    throw new Failure('notFound', 'no_such_activation', `no policies asked for in leaf ${asked} wait for anybody`, {
      next: 'countersign policy waiting',
    })
  const { challenge, fingerprint, lines } = checkActivation(found, (await client.pin()).origin)
  for (const line of lines) terminal.say(line)
  if (!options.softwarePasskey) {
    openPage(`${client.server}/people`, terminal)
    throw new Failure('waiting', 'waiting', `policies ${fingerprint} wait for your signature`, {
      next: `open ${client.server}/people`,
    })
  }
  const assertion = signWithPasskey(options.softwarePasskey, rpId, challenge, client.server)
  return { client, assertion, fingerprint, path: `${url}/${asked}` }
}
