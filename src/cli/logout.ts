/** Ends the login of this machine, or the one that attest and run share in a job. */

import * as z from '../bytes/schema.ts'
import { Failure } from './failure.ts'
import { forgetJobLogin, jobClient, readJobLogin } from './job-login.ts'
import { forgetLogin, openClient, type ServerOptions } from './login-file.ts'
import { resolveServer } from './setting.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const { env } = terminal
  const server = resolveServer(options.server, env)
  const job = readJobLogin(env, server)
  const client = job ? jobClient(server, terminal, job) : openClient(options, terminal)
  const leafIndex = await end(client).finally(() => (job ? forgetJobLogin(env, server) : forgetLogin(env, server)))
  terminal.result({ server, ...(leafIndex !== undefined && { leafIndex }) }, () =>
    leafIndex === undefined
      ? `the login to ${server} had ended already`
      : `signed out of ${server}\nleaf: ${leafIndex}`,
  )
  return 0
}

/** The leaf; undefined when the server does not know the login any more. */
async function end(client: ReturnType<typeof openClient>): Promise<number | undefined> {
  try {
    return (await client.write('DELETE', '/api/v1/logins/current', undefined, z.unknown())).leafIndex
  } catch (failure) {
    if (failure instanceof Failure && failure.exit === 'signIn') return undefined
    throw failure
  }
}
