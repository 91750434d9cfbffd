/** One request of a directory, and how it asks the ledger for something. */

import type { Json } from '../bytes/json.ts'
import type { Directory } from '../control/directory.ts'
import { handle } from '../control/handle.ts'
import type { PersonalData } from '../control/seal.ts'
import type { Command } from '../domain/command.ts'
import type { Given } from '../domain/leaf.ts'
import { adviceOf } from '../domain/reason.ts'
import { callerOf, type Client } from '../domain/scim.ts'
import { isRefusal } from '../evidence/refusal.ts'
import type { Port } from './port.ts'
import { ScimError, type Query, type Resource } from './scim-message.ts'

export type Session = {
  readonly client: Client
  readonly port: Port
  readonly personal: PersonalData
  readonly id: string
  readonly query: Query
  readonly body: unknown
  readonly base: string
}
export type Said = { readonly status: number; readonly body?: Json; readonly resource?: Resource }
export type Route = (
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  answer: (session: Session) => Said | ScimError | Promise<Said | ScimError>,
  /** The resource as it is, for whoever asks only if it is of some version. */
  present?: (session: Session) => Resource | ScimError,
) => void

/** Asks the ledger in the directory's name. Undefined when it was done. */
export async function tell(
  command: Command,
  { client, port, personal }: Session,
  more: { readonly personal?: PersonalData; readonly given?: (directory: Directory) => Given } = {},
): Promise<ScimError | undefined> {
  const caller = { id: callerOf(client.client), kind: 'system' } as const
  const { given } = more
  const asked = { command, caller, personal: { ...personal, ...more.personal }, ...(given && { given }) }
  const recorded = await handle(asked, port)
  if (isRefusal(recorded)) return new ScimError(403, recorded.because)
  const { outcome, reason = 'policy_refused' } = recorded.decision
  if (outcome !== 'refused') return undefined
  const { sentence } = adviceOf(reason)
  if (reason.endsWith('_taken')) return new ScimError(409, sentence, 'uniqueness')
  return new ScimError(reason.startsWith('no_such_') ? 404 : 403, sentence)
}
