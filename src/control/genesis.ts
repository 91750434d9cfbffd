/** The first leaves of a log: its birth, the policies in force, and an invitation for its first administrator. */

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canonical } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { formatProblem, loadPolicies, type PolicyFiles, type PolicySet } from '../policy/policy.ts'
import { freshBearer, freshId } from './fresh.ts'
import { handle, systemCaller, type Desk, type Request } from './handle.ts'

const SETUP_LIFETIME_MS = 7 * 24 * 3_600_000
const MAX_POLICY_BYTES = 1 << 20

export type Birth = {
  readonly origin: string
  readonly logKey: string
  readonly sshCa: string
  readonly policyDirectory: string
  /** Where the one-time setup token is kept until it is used. */
  readonly setupFile: string
}

export async function begin({ origin, logKey, sshCa, policyDirectory, setupFile }: Birth, desk: Desk): Promise<void> {
  await record({ command: { type: 'create log', origin, logKey, sshCa }, caller: systemCaller('log') }, desk)

  const files = await readPolicies(policyDirectory)
  const policies = loadOrThrow(files)
  const exhibits = [{ kind: 'policies', bytes: utf8.encode(canonical(files)) }]
  const { digest, ids } = policies
  await record(
    { command: { type: 'activate policy', digest, ids: [...ids] }, caller: systemCaller('log'), exhibits, policies },
    desk,
  )

  // The token is on disk before the invitation is in the log: a crash in between leaves a token that opens nothing.
  const { token, digest: inviteDigest } = freshBearer('setup_')
  await writeFile(setupFile, `${token}\n`, { mode: 0o600, flush: true })
  const invitation = {
    person: freshId('person'),
    inviteDigest,
    expiresAt: desk.clock() + SETUP_LIFETIME_MS,
    roles: ['admin'],
  }
  await record({ command: { type: 'invite person', ...invitation }, caller: systemCaller('setup') }, desk)
}

async function record(request: Request, desk: Desk): Promise<void> {
  const recorded = await handle(request, desk)
  if (isRefusal(recorded)) throw new Error(recorded.because)
  if (recorded.decision.outcome === 'refused')
    throw new Error(`the log could not be begun: ${recorded.decision.reason}`)
}

/** The schema and policies of a directory, by file name; its folders of cases are not part of the set. */
export async function readPolicies(directory: string): Promise<PolicyFiles> {
  const names = (await readdir(directory)).filter((name) => /\.cedar(?:schema)?$/.test(name)).sort()
  const files: Record<string, string> = {}
  let size = 0
  for (const name of names) {
    const text = await readFile(join(directory, name), 'utf8')
    size += text.length
    if (size > MAX_POLICY_BYTES)
      throw new Error(`the policies in ${directory} are larger than ${MAX_POLICY_BYTES} bytes`)
    files[name] = text
  }
  return files
}

export function loadOrThrow(files: PolicyFiles): PolicySet {
  const loaded = loadPolicies(files)
  if (Array.isArray(loaded)) throw new Error(`the policy set is not valid:\n${loaded.map(formatProblem).join('\n')}`)
  return loaded
}
