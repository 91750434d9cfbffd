/** The CI of the demo: an issuer of tokens in a process of its own, and one job that it runs. */

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import * as z from '../../bytes/schema.ts'
import { ownProgram } from './own-program.ts'
import type { Companion } from './companion.ts'
import { mustHold } from './eventually.ts'
import type { Stage } from './stage.ts'
import type { Tale } from './tale.ts'

const PROGRAM = ownProgram('ci-issuer')
const START_MS = 15_000

/** What the CI knows about a run, in GitHub's claims. */
export type Claims = Readonly<Record<string, string>>

export class CiIssuer {
  readonly url: string
  readonly #secret: string

  private constructor(url: string, secret: string) {
    this.url = url
    this.#secret = secret
  }

  static async start(stage: Stage): Promise<CiIssuer> {
    const secret = randomBytes(24).toString('base64url')
    const secretFile = `${stage.folder('ci')}/control-secret`
    writeFileSync(secretFile, `${secret}\n`, { mode: 0o600 })
    const args = [PROGRAM, secretFile]
    const companion = stage.start({ name: 'the CI’s issuer', command: process.execPath, args, logName: 'ci-issuer' })
    const [, url = ''] = await companion.until(/listening on (\S+)/u, START_MS)
    return new CiIssuer(url, secret)
  }

  /** Starts a run and fetches its token for `audience`, as a runner does for its job. */
  async token(claims: Claims, audience: string): Promise<string> {
    const run = z.object({ requestUrl: z.string(), requestToken: z.string() })
    const { requestUrl, requestToken } = run.parse(
      await ask(`${this.url}/runs`, this.#secret, { method: 'POST', body: JSON.stringify({ claims }) }),
    )
    const url = new URL(requestUrl)
    url.searchParams.set('audience', audience)
    return z.object({ value: z.string() }).parse(await ask(url.href, requestToken, {})).value
  }
}

async function ask(url: string, secret: string, init: RequestInit): Promise<unknown> {
  const headers = { authorization: `Bearer ${secret}` }
  const response = await fetch(url, { ...init, headers, redirect: 'error', signal: AbortSignal.timeout(5_000) })
  mustHold(response.ok, `the CI's issuer answered ${response.status}`)
  return await response.json()
}

/** A running job, whose output is told line by line as `ci   | …`. */
export class Job {
  readonly #companion: Companion
  readonly #tale: Tale
  #told = 0

  constructor(companion: Companion, tale: Tale) {
    this.#companion = companion
    this.#tale = tale
  }

  /** Tells what the job says until it says `pattern`. Rejects when it ends before, or takes longer. */
  async until(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    try {
      return await this.#companion.until(pattern, timeoutMs)
    } finally {
      this.#tell()
    }
  }

  /** Its exit code, once it ended by itself. */
  async end(timeoutMs: number): Promise<number> {
    const timer = setTimeout(() => void this.#companion.stop(), timeoutMs)
    const code = await this.#companion.ended
    clearTimeout(timer)
    this.#tell()
    return code
  }

  /** Everything it said. */
  said(): string {
    return readFileSync(this.#companion.logFile, 'utf8')
  }

  #tell(): void {
    const lines = this.said().split('\n')
    for (const line of lines.slice(this.#told, -1)) this.#tale.say(`ci | ${line}`)
    this.#told = Math.max(this.#told, lines.length - 1)
  }
}
