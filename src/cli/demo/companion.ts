/** A program that runs beside the demo: what it says is kept in a file, and it ends when the demo ends, whatever happens. */

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface CompanionOptions {
  /** As messages call it: `the server`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Where both of its output streams go; an earlier content stays. */
  readonly logFile: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** How it is asked to end. Default SIGTERM. */
  readonly signal?: NodeJS.Signals
}

const TAIL_LINES = 12
const POLL_MS = 20
const GRACE_MS = 8_000

export class Companion implements AsyncDisposable {
  readonly name: string
  readonly logFile: string
  /** The exit code, 128 when a signal ended it; 127 when it could not be started. */
  readonly ended: Promise<number>
  readonly #child: ChildProcess
  readonly #signal: NodeJS.Signals
  #code: number | undefined

  constructor({ name, command, args, logFile, env, cwd, uid, gid, signal = 'SIGTERM' }: CompanionOptions) {
    this.name = name
    this.logFile = logFile
    this.#signal = signal
    // A file and not a pipe: nobody has to read it for the program to go on, and it outlives both.
    const log = openSync(logFile, 'a', 0o600)
    const identity = { ...(uid !== undefined && { uid }), ...(gid !== undefined && { gid }) }
    this.#child = spawn(command, [...args], {
      stdio: ['ignore', log, log],
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
      ...identity,
    })
    closeSync(log)
    // A demo that dies of an error of its own must not leave servers behind.
    const end = () => this.#child.kill(this.#signal)
    process.once('exit', end)
    this.ended = new Promise<number>((resolve) => {
      this.#child.once('error', () => resolve(127))
      this.#child.once('exit', (code) => resolve(code ?? 128))
    }).then((code) => {
      process.off('exit', end)
      return (this.#code = code)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get isRunning(): boolean {
    return this.#code === undefined
  }

  said(): string {
    return readFileSync(this.logFile, 'utf8')
  }

  /** The last lines it said. */
  tail(): string {
    return this.said().trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
  }

  /** The first match in what it said. Rejects with its last lines when it ends before, or the time is over. */
  async until(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const hasEnded = !this.isRunning
      const found = pattern.exec(this.said())
      if (found) return found
      if (hasEnded || Date.now() > deadline) throw this.failure(hasEnded ? `ended with ${this.#code}` : 'took too long')
      await sleep(POLL_MS)
    }
  }

  /** What went wrong, with what the program said last. */
  failure(what: string): Error {
    return new Error(`${this.name} ${what}; it said last (${basename(this.logFile)}):\n${this.tail()}`)
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return
    this.#child.kill(this.#signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await this.ended
    clearTimeout(timer)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

/** A port of the loopback interface that nobody listens on right now: `wanted`, or any. Rejects when `wanted` is taken. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(wanted, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
