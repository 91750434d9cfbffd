/** Makes a person's commits verifiable: a key, its registration under their name, and git told to use it. Safe to repeat. */

import * as z from '../bytes/schema.ts'
import type { Client } from './client.ts'
import { shown, who } from './contract.ts'
import { Failure } from './failure.ts'
import { git, tryGit } from './git.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { openpgpSigningKey } from './openpgp-signing-key.ts'
import { sshSigningKey, type SigningKey, type SshKeyOptions } from './ssh-signing-key.ts'
import type { Terminal } from './terminal.ts'

export interface GitSetupOptions extends ServerOptions, SshKeyOptions {
  readonly openpgp?: string
  readonly email?: readonly string[]
  readonly local?: boolean
}

export async function run(options: GitSetupOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const emails = options.email ?? (await emailsOf(terminal))
  const format = options.openpgp ? 'openpgp' : 'ssh'
  const key = options.openpgp
    ? openpgpSigningKey(options.openpgp, terminal)
    : await sshSigningKey(options, emails[0]!, terminal)
  const registered = await register(client, format, key, emails, options.email !== undefined)
  const scope = options.local ? '--local' : '--global'
  const changes = await configure(scope, format, key, terminal)
  terminal.result(
    { key: key.userSigningKey, isNew: key.isNew, emails, ...registered, scope: scope.slice(2), changes },
    () =>
      [
        `${key.isNew ? 'made' : 'using'} ${key.userSigningKey}`,
        registered.leafIndex === undefined
          ? `registered already`
          : `registered ${registered.fingerprint} for ${emails.join(', ')} · leaf ${registered.leafIndex}`,
        ...Object.entries(changes).map(([name, value]) => `git config ${scope} ${name} ${value}`),
        Object.keys(changes).length === 0 ? 'git was configured already' : 'every commit from here on is signed',
      ].join('\n'),
  )
  return 0
}

async function emailsOf({ env }: Terminal): Promise<readonly string[]> {
  const { stdout } = await tryGit({ env }, 'config', '--get-all', 'user.email')
  const emails = [...new Set(stdout.split('\n').filter(Boolean))]
  if (emails.length > 0) return emails
  throw new Failure('usage', 'no_email', 'git does not know your address', {
    next: 'git config --global user.email you@example.com, or pass --email',
  })
}

interface Registered {
  readonly fingerprint?: string
  readonly leafIndex?: number
}

/** Registers the key, unless it is this person's already. Named addresses are always sent: they may be new ones. */
async function register(
  client: Client,
  format: string,
  key: SigningKey,
  emails: readonly string[],
  isNamed: boolean,
): Promise<Registered> {
  if (!isNamed && !key.isNew && (await isRegistered(client, key))) return {}
  const { result, leafIndex } = await client.post(
    '/api/v1/keys',
    { format, publicKey: key.publicKey, emails },
    z.object({ key: shown }),
  )
  return { fingerprint: result.key, leafIndex }
}

const people = z.object({ people: z.array(z.object({ who, keys: z.array(z.object({ fingerprint: shown })) })) })

/** Not everybody may see the list of people; then nobody knows, and registering once more does no harm. */
async function isRegistered(client: Client, { fingerprint }: SigningKey): Promise<boolean> {
  try {
    const me = await client.get('/api/v1/logins/current', z.object({ who }))
    const mine = (await client.get('/api/v1/people', people)).people.find((person) => person.who.id === me.who.id)
    return mine?.keys.some((key) => key.fingerprint.endsWith(fingerprint)) ?? false
  } catch (failure) {
    if (failure instanceof Failure && ['refused', 'notFound'].includes(failure.exit)) return false
    throw failure
  }
}

/** The settings that had to be changed. */
async function configure(
  scope: string,
  format: string,
  { userSigningKey }: SigningKey,
  { env }: Terminal,
): Promise<Record<string, string>> {
  const wanted = { 'gpg.format': format, 'user.signingkey': userSigningKey, 'commit.gpgsign': 'true' }
  const changes: Record<string, string> = {}
  for (const [name, value] of Object.entries(wanted)) {
    const { stdout: current } = await tryGit({ env }, 'config', scope, '--get', name)
    if (current === value) continue
    await git({ env }, 'config', scope, name, value)
    changes[name] = value
  }
  return changes
}
