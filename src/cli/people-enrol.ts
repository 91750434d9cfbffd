/** Enrols a person with a software passkey: the headless twin of the enrolment page. */

import * as z from '../bytes/schema.ts'
import { shown, who } from './contract.ts'
import { Failure } from './failure.ts'
import { strangerClient, type ServerOptions } from './login-file.ts'
import { registerPasskey } from './passkey-file.ts'
import { readSmall } from './state-file.ts'
import type { Terminal } from './terminal.ts'

export interface EnrolOptions extends ServerOptions {
  readonly tokenFile: string
  readonly softwarePasskey: string
  readonly handle?: string
  readonly name?: string
  readonly email?: string
  readonly zone?: string
}

const enrolment = z.object({ challenge: z.base64url().max(128), rpId: shown, isSetup: z.boolean() })
const enrolled = z.object({ person: shown, who })

export async function run(options: EnrolOptions, terminal: Terminal): Promise<number> {
  const client = strangerClient(options, terminal)
  const token = await readToken(options.tokenFile)
  const { challenge, rpId, isSetup } = await client.get(`/api/v1/enrolments/${encodeURIComponent(token)}`, enrolment)
  const about = isSetup ? aboutFirst(options) : {}
  const registration = registerPasskey(options.softwarePasskey, rpId, challenge, client.server)
  const receipt = await client.post('/api/v1/enrolments', { token, registration, software: true, ...about }, enrolled)
  const { person, who: principal } = receipt.result
  terminal.result({ person, who: principal, leafIndex: receipt.leafIndex }, () =>
    [
      `enrolled @${principal.name.replace(/^@/u, '')} with a software passkey (${options.softwarePasskey})`,
      `leaf: ${receipt.leafIndex}`,
    ].join('\n'),
  )
  return 0
}

/** The first person brings their own name: nobody invited them. */
function aboutFirst({ handle, name, email, zone = machineZone() }: EnrolOptions) {
  const given = { handle, name, email, zone }
  const missing = Object.entries(given).find(([, value]) => !value)?.[0]
  if (missing)
    throw new Failure('usage', 'missing_option', `at setup the first person needs --${missing}`, {
      next: 'give --handle, --name, --email and --zone',
    })
  return given
}

export function machineZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** A token from a file or, for `-`, from stdin. A whole enrolment link will do too. */
async function readToken(path: string): Promise<string> {
  const text = path === '-' ? await readStdin() : readSmall(path)
  if (text === undefined) throw new Failure('notFound', 'no_token_file', `there is no file ${path}`)
  const token = text.trim().replace(/^https?:\/\/\S*#/u, '')
  if (/^[A-Za-z0-9_-]{16,256}$/u.test(token)) return token
  throw new Failure('usage', 'bad_token_file', `${path} does not hold an enrolment token`)
}

async function readStdin(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > 4_096) break
  }
  return text
}
