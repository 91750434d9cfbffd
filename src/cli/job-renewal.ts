/** While a job waits and works, it stays signed in: with fresh tokens of its run, long before the login would end. */

import { sign } from 'node:crypto'
import { sha256 } from '../bytes/digest.ts'
import * as z from '../bytes/schema.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { canAskAgain, obtainToken, readClaims } from './ci-token.ts'
import { Failure } from './failure.ts'
import type { Job } from './job-login.ts'
import type { Terminal } from './terminal.ts'

const AGAIN_MS = 30_000
const MIN_PAUSE_MS = 1_000
const renewed = z.object({ expiresAt: z.iso.datetime() })

/** Until it is disposed. What fails is told once and tried again; a login that cannot be renewed ends by itself. */
export function keepSignedIn(job: Job, terminal: Terminal): Disposable {
  let [timer, isOver, wasTold]: [NodeJS.Timeout | undefined, boolean, boolean] = [undefined, false, false]
  const plan = (pauseMs: number) => {
    timer = setTimeout(() => void attempt(), Math.max(pauseMs, MIN_PAUSE_MS))
    // A job that has nothing left to do ends, signed in or not.
    timer.unref()
  }
  const attempt = async () => {
    try {
      const expiresAt = await renew(job, terminal)
      wasTold = false
      if (!isOver) plan(pauseBefore(expiresAt))
    } catch (failure) {
      if (isOver) return
      if (!wasTold) terminal.warn(`the job login could not be renewed: ${(failure as Error).message}`)
      wasTold = true
      if (mayPass(failure)) plan(AGAIN_MS)
    }
  }
  if (canAskAgain(terminal.env)) plan(pauseBefore(job.login.expiresAt))
  return {
    [Symbol.dispose]() {
      isOver = true
      clearTimeout(timer)
    },
  }
}

/** Two thirds of what is left: time enough to try again. */
function pauseBefore(expiresAt: string): number {
  return Math.min(((Date.parse(expiresAt) - Date.now()) * 2) / 3, 2 ** 31 - 1)
}

/** What a server or a CI answers for a while; a no stays one. */
function mayPass(failure: unknown): boolean {
  return !(failure instanceof Failure) || ['failed', 'interrupted'].includes(failure.exit)
}

/** One renewal; the instant until which the login is good from here on. */
async function renew({ client, login, key }: Job, { env }: Pick<Terminal, 'env'>): Promise<string> {
  const { audience } = await client.discover()
  const token = await obtainToken(env, audience)
  if (readClaims(token)['jti'] === login.claims['jti'])
    throw new Failure('signIn', 'token_reused', 'this CI gave the same OIDC token again', {
      next: 'trust the issuer with a longer --login-lifetime',
    })
  const body = { token, proof: base64.encode(sign(null, sha256(utf8.encode(token)), key)) }
  const { result } = await client.post('/api/v1/logins/current/renewals', body, renewed)
  return result.expiresAt
}
