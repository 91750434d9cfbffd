/** Waiting for a release without asking again and again. Bounded: a caller waits a few times at once, all together some hundred. */

import type { Caller } from '../domain/leaf.ts'
import { stateOf, type ReleaseState } from '../domain/release.ts'
import type { State } from '../domain/state.ts'
import type { FastifyRequest } from './app.ts'
import type { Port } from './port.ts'
import { problem, type Problem } from './problem.ts'

const MAX_PER_LOGIN = 8
const MAX_TOGETHER = 1_000

export class Waiters {
  readonly #byLogin = new Map<string, number>()
  #together = 0

  enter(login: string): boolean {
    const own = this.#byLogin.get(login) ?? 0
    if (own >= MAX_PER_LOGIN || this.#together >= MAX_TOGETHER) return false
    this.#byLogin.set(login, own + 1)
    this.#together += 1
    return true
  }

  leave(login: string): void {
    const own = (this.#byLogin.get(login) ?? 1) - 1
    if (own === 0) this.#byLogin.delete(login)
    else this.#byLogin.set(login, own)
    this.#together -= 1
  }
}

export type Progress = { readonly state: ReleaseState; readonly given: number; readonly required: number }

type Wait = {
  readonly release: string
  readonly caller: Caller
  readonly timeoutMs: number
  readonly request: FastifyRequest
}

/** At once when nothing is waited for any more; else when an approval comes in, the state changes, or time is over. */
export async function waitForRelease(
  { release, caller, timeoutMs, request }: Wait,
  waiters: Waiters,
  port: Port,
): Promise<Progress | Problem> {
  const before = progressOf(release, port)
  if (before.state !== 'waiting' || timeoutMs === 0) return before
  const login = caller.login ?? caller.id
  if (!waiters.enter(login)) return problem('too_many', 'Too many wait at once.', { retryAfterSeconds: 5 })
  try {
    await changed(release, before, timeoutMs, request, port)
    return progressOf(release, port)
  } finally {
    waiters.leave(login)
  }
}

function progressOf(release: string, { ledger, clock }: Port): Progress {
  const state = ledger.state as State
  const found = state.releases.get(release)!
  return { state: stateOf(found, state, clock()), given: found.approvals.length, required: found.required }
}

const LOOK_MS = 1_000

function changed(
  release: string,
  before: Progress,
  timeoutMs: number,
  { raw }: FastifyRequest,
  port: Port,
): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      const now = progressOf(release, port)
      if (now.state !== before.state || now.given !== before.given) end()
    }
    // Time alone moves a release on too: it expires.
    const ticking = setInterval(look, LOOK_MS)
    const timer = setTimeout(end, timeoutMs)
    const unfollow = port.ledger.follow(look)
    function end(): void {
      clearInterval(ticking)
      clearTimeout(timer)
      unfollow()
      raw.socket.off('close', end)
      resolve()
    }
    raw.socket.once('close', end)
  })
}
