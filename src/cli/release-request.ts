/** A job asks for a release and goes home; another job, or the same one later, goes on with `run --release`. */

import { EXIT } from './failure.ts'
import { openJob } from './job-login.ts'
import type { ServerOptions } from './login-file.ts'
import { askRelease, tellWaiting, type AskOptions } from './release-asking.ts'
import type { Terminal } from './terminal.ts'

export async function run(options: AskOptions & ServerOptions, terminal: Terminal): Promise<number> {
  const { client } = await openJob(options, terminal)
  const asked = await askRelease(client, options, terminal)
  if (asked.isWaiting) tellWaiting(asked, terminal)
  terminal.result(asked, () => asked.fingerprint)
  return asked.isWaiting ? EXIT.waiting : EXIT.ok
}
