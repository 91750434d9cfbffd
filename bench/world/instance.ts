/** A real instance in a directory, with its first administrator signed in: the ledger, the policies and the disk are those of production. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import type { Claims } from '../../src/domain/claims.ts'
import type { Command } from '../../src/domain/command.ts'
import type { Caller } from '../../src/domain/leaf.ts'
import { freshBearer, freshId, freshNonce } from '../../src/control/fresh.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { Instance } from '../../src/control/instance.ts'
import type { Written } from '../../src/control/ledger.ts'

export function openInstance(directory: string): Promise<Instance> {
  return Instance.open({
    directory,
    publicUrl: 'http://localhost:7443',
    origin: 'bench.localhost',
    policyDirectory: join(import.meta.dirname, '../../policies'),
    version: 'bench',
  })
}

/** One command past authentication: what its evidence says is given. Throws when the answer is a refusal. */
export async function record(
  { ledger }: Instance,
  caller: Caller,
  command: Command,
  claims?: Claims,
): Promise<Written> {
  const recorded = await ledger.record({ command, caller, claims, evidence: [], given: () => ({}), sealed: undefined })
  if (recorded.decision.outcome === 'refused') throw new Error(`${command.type}: ${recorded.decision.reason}`)
  return recorded
}

/** What the instance says of itself: decided by no policy. */
export const trivial: Command = { type: 'summarise noise', refused: [{ code: 'bad_token', count: 1 }] }
export const noise: Caller = systemCaller('noise')

type SignedIn = { readonly caller: Caller; readonly token: string }

export async function enrolAdministrator(instance: Instance): Promise<SignedIn> {
  const setup = (await readFile(instance.setupFile, 'utf8')).trim()
  return await enrol(instance, digestOf(utf8.encode(setup)), 'administrator')
}

export async function enrolDeveloper(instance: Instance, administrator: Caller): Promise<SignedIn> {
  const { digest: inviteDigest } = freshBearer()
  const invited = { person: freshId('person') as `person:${string}`, inviteDigest, roles: ['developer'] }
  await record(instance, administrator, { type: 'invite person', ...invited, expiresAt: instance.clock() + 60_000 })
  return await enrol(instance, inviteDigest, 'developer')
}

/** Takes up an invitation and signs in, as a passkey of that name would. */
async function enrol(instance: Instance, inviteDigest: `sha256:${string}`, credentialId: string): Promise<SignedIn> {
  const { person } = instance.ledger.state.invitations.get(inviteDigest)!
  const publicKey = { kty: 'OKP', crv: 'Ed25519', x: 'AA' } as const
  const take: Command = { type: 'enrol person', inviteDigest, challenge: freshNonce(), isSoftware: true }
  await record(instance, systemCaller('enrolment'), take, { credentialId, publicKey })
  const { token, digest } = freshBearer()
  const login = freshId('login') as `login:${string}`
  const lifetime = { bearerDigest: digest, expiresAt: instance.clock() + 3_600_000 }
  const who: Caller = { id: person as `person:${string}`, kind: 'person' }
  const open: Command = { type: 'open login', login, ...lifetime, challenge: freshNonce() }
  await record(instance, who, open, { credentialId, isUserVerified: true })
  return { caller: { ...who, login }, token }
}
