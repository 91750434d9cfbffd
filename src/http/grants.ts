/** Credentials for one job and one target, made after their grant is in the log and shown once. */

import * as z from '../bytes/schema.ts'
import { freshId } from '../control/fresh.ts'
import { handle, systemCaller } from '../control/handle.ts'
import type { Recorded } from '../control/ledger.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { adviceOf } from '../domain/reason.ts'
import { preset } from '../domain/target.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import { act, type Asked, type Asking, type Desk } from './act.ts'
import { formatInstant, instant, nothing } from './field.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'
import { read } from './read.ts'

const body = z.strictObject({
  release: f.releaseId,
  target: f.name,
  publicKey: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe('For ssh and x509: one OpenSSH line; the private key stays with the job.'),
})

const credential = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ssh'),
    certificate: z.string(),
    serial: z.string(),
    host: z.string(),
    port: z.int(),
    user: z.string(),
    hostKey: z.string().optional(),
    hostAuthorities: z.array(z.string()).optional(),
  }),
  z.object({
    kind: z.literal('postgres'),
    user: z.string(),
    password: z.string(),
    host: z.string(),
    port: z.int(),
    database: z.string(),
    serial: z.string(),
  }),
  z.object({
    kind: z.literal('mysql'),
    user: z.string(),
    password: z.string(),
    host: z.string(),
    port: z.int(),
    database: z.string(),
    serial: z.string(),
    variable: z.string().optional(),
    certificate: z.string().optional(),
  }),
  z.object({
    kind: z.literal('oidc'),
    token: z.string(),
    audience: z.string(),
    host: z.string(),
    port: z.int(),
    serial: z.string(),
    preset: preset.optional(),
    account: z.string().optional(),
    variable: z.string().optional(),
    certificate: z.string().optional(),
  }),
  z.object({
    kind: z.enum(['secret', 'github']),
    value: z.string(),
    variable: z.string(),
    host: z.string(),
    port: z.int(),
    serial: z.string(),
  }),
  z.object({
    kind: z.literal('x509'),
    chain: z.string(),
    host: z.string(),
    port: z.int(),
    serial: z.string(),
    certificate: z.string().optional(),
  }),
])
const granted = z.object({ grant: z.string(), expiresAt: instant, credential })

export function grants(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/grants',
    summary: 'Asks for the credential of a target; for the job of an approved release',
    body,
    result: granted,
    waiting: nothing,
    status: 201,
    isSecret: true,
    ask: (asked) => ask(asked, port),
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/grants/:id',
    summary: 'Gives a credential back, or takes it away',
    params: z.object({ id: f.grantId }),
    result: nothing,
    ask: ({ params: { id }, caller, personal }) => ({
      perform: { command: { type: 'end grant', grant: id }, caller, personal },
      result: () => ({}),
    }),
  })
  read(desk, {
    url: '/api/v1/grants',
    summary: 'Credentials that were lent',
    query: z.object({ active: z.enum(['true', 'false']).default('false') }),
    answer: shape.grants,
    look: async ({ query }) => ({ grants: await port.views.grants(query.active === 'true') }),
  })
}

type Granted = z.input<typeof granted>

function ask(
  { body: sent, caller, personal }: Asked<z.output<typeof body>, unknown>,
  port: Port,
): Asking<Granted> | Problem {
  const { release, target, publicKey } = sent
  const unfit = judgeKey(target, publicKey, port)
  if (unfit) return unfit
  const grant = freshId('grant')
  const line = publicKey && withoutComment(publicKey)
  const command = { type: 'request grant', grant, release, target, ...(line && { publicKey: line }) } as const
  return {
    perform: { command, caller, personal },
    // A receipt that says "wait" has no credential in it.
    result: (recorded) => (recorded.decision.outcome === 'waiting' ? ({} as Granted) : mint(grant, recorded, port)),
  }
}

/** What follows the key is often the name of a person or of their machine, and leaves are for ever. */
function withoutComment(line: string): string {
  return line
    .trim()
    .split(/[ \t]+/, 2)
    .join(' ')
}

function judgeKey(target: string, publicKey: string | undefined, { ledger }: Port): Problem | undefined {
  const path = { facts: { path: 'body.publicKey' } }
  const key = publicKey === undefined ? undefined : parseSshPublicKey(publicKey)
  if (key && isRefusal(key)) return problem('malformed', `body.publicKey: ${key.because}`, path)
  const kind = ledger.state.targets.get(target)?.kind
  if (!key && (kind === 'ssh' || kind === 'x509'))
    return problem('malformed', 'body.publicKey: a certificate is made for a key; name it', path)
  if (kind === 'x509' && key?.type.startsWith('sk-'))
    return problem('malformed', 'body.publicKey: keys of this kind do not sign in TLS', path)
  return undefined
}

async function giveUp(grant: `grant:${string}`, port: Port): Promise<void> {
  const command = { type: 'expire grant', grant, cause: 'mint_failed' } as const
  await handle({ command, caller: systemCaller('lender') }, port)
}

/** The grant is on disk by now. If the target fails, the grant ends: a permission without a credential would only mislead. */
async function mint(
  grant: `grant:${string}`,
  { leafIndex, proof: _ }: Recorded,
  port: Port,
): Promise<Granted | Problem> {
  const { ledger, lender, quorum } = port
  const issued = ledger.state.grants.get(grant)!
  if (quorum?.isRequired && !(await quorum.covers(leafIndex))) {
    await giveUp(grant, port)
    const sentence = 'Too few witnesses have cosigned this grant in time, so no credential was made.'
    return problem('witnesses_behind', sentence, {
      leafIndex,
      next: 'Ask again once the witnesses follow; countersign status says when.',
    })
  }
  try {
    const made = await lender.mint(issued, ledger.state)
    return { grant, expiresAt: formatInstant(issued.expiresAt), credential: made }
  } catch (error) {
    port.report(`couldn't make the credential of ${grant} at ${issued.target}: ${(error as Error).message}`)
    await giveUp(grant, port)
    return problem('mint_failed', adviceOf('mint_failed').sentence, {
      leafIndex,
      next: 'An administrator looks at the target and its admin file; then ask again.',
    })
  }
}
