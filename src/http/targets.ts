/** What can be reached with a credential. How the server itself gets in is a file on its machine, and in no log. */

import { X509Certificate } from 'node:crypto'
import * as z from '../bytes/schema.ts'
import { networksGiven } from '../control/given.ts'
import { certifyHost } from '../control/host-certificate.ts'
import { keepSecret } from '../control/lend-secret.ts'
import { instantOf } from '../control/view/phrase.ts'
import * as shape from '../control/view/shape.ts'
import * as question from '../domain/question.ts'
import type { State } from '../domain/state.ts'
import type { SecretEvent } from '../domain/secret.ts'
import { commands } from '../domain/target.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { act, type Asked, type Desk } from './act.ts'
import { nothing } from './field.ts'
import type { Port } from './port.ts'
import { problem, problemOfRefusal, type Problem } from './problem.ts'
import { read } from './read.ts'

const { type: _, logins, ...fields } = commands['define target'].shape
const body = z.strictObject({
  ...fields,
  principals: logins.describe('Accounts that a job may log in as; for ssh.'),
  adminFile: z
    .string()
    .regex(/^\/[^\0]{1,1023}$/, 'an absolute path')
    .optional()
    .describe('A file of mode 0600 on the server, which holds the connection URL of an administrator.'),
})

export function targets(desk: Desk): void {
  const { port } = desk
  hostCertificates(desk)
  targetSecrets(desk)
  read(desk, {
    url: '/api/v1/targets',
    summary: 'Targets as they are defined now',
    answer: shape.targets,
    look: () => ({ targets: port.views.targets() }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/targets',
    summary: 'Defines a target, or changes it',
    body,
    result: nothing,
    status: 201,
    ask: async ({ body: { principals, adminFile, ...target }, caller, personal }) => {
      const unfit = judge(target) ?? (await judgeFile(adminFile, { caller, personal }, port))
      if (unfit) return unfit
      const command = { type: 'define target', ...target, ...(principals && { logins: principals }) } as const
      return {
        perform: { command, caller, personal },
        result: async () => {
          if (adminFile !== undefined) await port.access.remember(target.target, adminFile)
          return {}
        },
      }
    },
  })
}

/** As an environment may hold it: a NUL would end it early. */
const secret = z.strictObject({
  value: z
    .string()
    .regex(/^[^\0]{1,16384}$/)
    .describe('Kept encrypted; no answer ever shows it but to a job that holds a grant.'),
})

function targetSecrets(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/targets/:target/secret',
    summary: 'Sets the secret of a target, which replaces the one before',
    params: z.object({ target: commands['define target'].shape.target }),
    body: secret,
    result: z.object({ version: z.int() }),
    ask: ({ params: { target }, body: { value }, caller, personal }) => ({
      perform: { command: { type: 'keep secret', target }, caller, personal },
      result: async ({ leaf }) => {
        const { version } = leaf.event as SecretEvent
        await keepSecret(target, version, value, port.providers.secrets)
        return { version }
      },
    }),
  })
}

const DAY_MS = 24 * 3_600_000

const hostKey = z.strictObject({
  publicKey: z.string().min(1).max(2048).describe('Of the host: one OpenSSH line.'),
  lifetimeDays: z.int().min(1).max(366).default(90),
})

function hostCertificates(desk: Desk): void {
  const { port } = desk
  act(desk, {
    method: 'POST',
    url: '/api/v1/targets/:target/host-certificate',
    summary: 'Certifies the key of a host, under the name that its target is reached by',
    params: z.object({ target: commands['define target'].shape.target }),
    body: hostKey,
    result: z.object({ certificate: z.string(), validUntil: z.string() }),
    ask: ({ params: { target }, body: { publicKey: line, lifetimeDays }, caller, personal, at }) => {
      const key = parseSshPublicKey(line)
      if (isRefusal(key)) return problem('malformed', `body.publicKey: ${key.because}`)
      // What follows the key is often the name of a person or of their machine, and leaves are for ever.
      const publicKey = line
        .trim()
        .split(/[ \t]+/, 2)
        .join(' ')
      const validUntil = at + lifetimeDays * DAY_MS
      return {
        perform: { command: { type: 'certify host', target, publicKey, validUntil }, caller, personal },
        result: async (recorded) => ({
          certificate: await certifyHost(recorded, port.ledger.state, port.authorities),
          validUntil: instantOf(validUntil),
        }),
      }
    },
  })
}

type Target = Omit<z.output<typeof body>, 'principals' | 'adminFile'>

function judge(target: Target): Problem | undefined {
  const { kind, parentRole, hostKey, audience, account, certificate, variable, repository, permissions, database } =
    target
  if (kind === 'oidc' && audience === undefined)
    return problem('malformed', 'body.audience: a token is for somebody; name whom')
  if (kind === 'x509' && (account?.length ?? 0) > 64)
    return problem('malformed', 'body.account: a common name has at most 64 characters')
  if (kind === 'mysql' && database === undefined)
    return problem('malformed', 'body.database: name the database that a job works in')
  if (kind === 'secret' && variable === undefined)
    return problem('malformed', 'body.variable: name the variable under which a job finds the secret')
  if (kind === 'github' && (repository === undefined || Object.keys(permissions ?? {}).length === 0))
    return problem('malformed', 'body.permissions: name one repository, and what a job may do in it')
  if (certificate !== undefined && !isCertificate(certificate))
    return problem('malformed', 'body.certificate: is not one certificate as PEM')
  if ((kind === 'postgres' || kind === 'mysql') && parentRole === undefined)
    return problem('malformed', 'body.parentRole: a database role inherits what it may do from one')
  if (hostKey !== undefined && isRefusal(parseSshPublicKey(hostKey)))
    return problem('malformed', 'body.hostKey: is not an OpenSSH public key')
  return undefined
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).toString().trim() === text.trim()
  } catch {
    return false
  }
}

/** Only for whom the policies let define targets: to others, the answer would tell which files are there. */
async function judgeFile(
  adminFile: string | undefined,
  { caller, personal }: Pick<Asked<unknown, unknown>, 'caller' | 'personal'>,
  port: Port,
): Promise<Problem | undefined> {
  const { ledger, access, clock } = port
  const state = ledger.state as State
  const login = state.logins.get(caller.login ?? '')
  if (adminFile === undefined || !login || login.job) return undefined
  const who = question.callerEntity(login, state, clock(), networksGiven(caller, personal, state))
  const context = { loginAgeSeconds: Math.floor((clock() - login.provenAt) / 1000), isSelf: false }
  const { isAllowed } = question.ask(ledger.policies, who, 'defineTarget', [question.instance], context)
  const refusal = isAllowed ? await access.judge(adminFile) : undefined
  return refusal && problemOfRefusal(refusal, true)
}
