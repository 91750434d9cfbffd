/** Where a demo plays: one directory, the programs that run beside it, and their end. Nothing of it outlives the stage. */

import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { Failure } from '../failure.ts'
import { Companion, type CompanionOptions } from './companion.ts'

export const LAUNCHER = resolve(import.meta.dirname, '../../../bin/countersign')

/** Programs that were just killed may still be writing. */
const REMOVAL = { recursive: true, force: true, maxRetries: 8, retryDelay: 100 } as const
const PROGRAM_MS = 60_000
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/** How a program ended that ran to its end. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly input?: string
  readonly timeoutMs?: number
}

export type Starting = Omit<CompanionOptions, 'logFile'> & {
  /** Of the file in `log/` that keeps what it says. */
  readonly logName: string
}

export class Stage implements AsyncDisposable {
  readonly directory: string
  readonly isKept: boolean
  readonly #ends = new AsyncDisposableStack()
  readonly #companions: Companion[] = []
  readonly #folders: string[] = []
  /** When the process ends by an error of its own, without closing the stage. */
  readonly #removeAtExit = () => this.#folders.forEach((path) => rmSync(path, REMOVAL))
  readonly #closing = new AbortController()
  readonly #running = new Set<ChildProcess>()

  private constructor(directory: string, isKept: boolean) {
    this.directory = directory
    this.isKept = isKept
    process.once('exit', this.#removeAtExit)
    this.#ends.defer(() => void process.off('exit', this.#removeAtExit))
    if (!isKept) this.#removeAtEnd(directory)
  }

  /** On the named directory, which must be empty or absent and is kept; else on a temporary one. */
  static open(named: string | undefined): Stage {
    if (named === undefined) return new Stage(mkdtempSync(join(tmpdir(), 'countersign-demo-')), false).#furnish()
    const directory = resolve(named)
    if (existsSync(directory) && readdirSync(directory).length > 0) {
      throw new Failure('usage', 'directory_taken', `${directory} is not empty`, {
        next: 'name an empty or new directory',
      })
    }
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return new Stage(directory, true).#furnish()
  }

  #removeAtEnd(path: string): void {
    this.#folders.push(path)
    this.#ends.defer(() => rm(path, REMOVAL))
  }

  #furnish(): this {
    chmodSync(this.directory, 0o700)
    this.folder('log')
    symlinkSync(LAUNCHER, join(this.folder('bin'), 'countersign'))
    return this
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names)
  }

  /** A folder of the stage, made now when it is missing. */
  folder(...names: readonly string[]): string {
    const path = this.path(...names)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  /** A folder that other accounts can reach: outside the stage when we are root, for whom it is private. Removed at the end. */
  sharedFolder(name: string): string {
    if (process.getuid?.() !== 0) return this.folder(name)
    const path = mkdtempSync(join(tmpdir(), `countersign-${name}-`))
    this.#removeAtEnd(path)
    return path
  }

  /** A folder with a short name, for programs whose sockets must have short paths. Removed at the end. */
  shortFolder(): string {
    const path = mkdtempSync(join(tmpdir(), 'cs-'))
    this.#removeAtEnd(path)
    return path
  }

  /** What every program here gets: nothing of whoever started the demo but where programs are. */
  get env(): Record<string, string> {
    const { PATH = '', TMPDIR, NODE_COMPILE_CACHE = this.path('compile') } = process.env
    return {
      PATH: [this.path('bin'), PATH].join(delimiter),
      ...(TMPDIR && { TMPDIR }),
      NODE_COMPILE_CACHE,
      LC_ALL: 'C.UTF-8',
      NO_COLOR: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
    }
  }

  /** Starts a program that runs until the stage closes; everybody who waits hears of it when it ends before. */
  start(options: Starting): Companion {
    const companion = this.startBrief(options)
    this.#companions.push(companion)
    return companion
  }

  /** Starts a program that may end by itself. */
  startBrief({ env, logName, ...options }: Starting): Companion {
    this.#requireOpen()
    const logFile = this.path('log', `${logName}.log`)
    return this.adopt(new Companion({ ...options, logFile, env: { ...this.env, ...env } }))
  }

  /** Ends it with the stage. What was adopted last ends first. */
  adopt<T extends AsyncDisposable>(owned: T): T {
    if (this.#ends.disposed) void owned[Symbol.asyncDispose]()
    this.#requireOpen()
    return this.#ends.use(owned)
  }

  /** A story goes on for a moment after it was interrupted: nothing may start then that nobody would end. */
  #requireOpen(): void {
    if (this.#ends.disposed) throw new Error('the demo is over')
  }

  defer(end: () => void | Promise<void>): void {
    this.#ends.defer(end)
  }

  /** Aborted when the stage closes. */
  get signal(): AbortSignal {
    return this.#closing.signal
  }

  /** The first program beside us that ended by itself. */
  get fallen(): Companion | undefined {
    return this.#companions.find(({ isRunning }) => !isRunning)
  }

  /** What to say of the first one of them that ends by itself, once it does. */
  async firstFall(): Promise<Error> {
    return await Promise.race(this.#companions.map(async (companion) => fall(companion, await companion.ended)))
  }

  /** Runs a program to its end, whatever that is. Rejects when it cannot be started or takes too long. */
  async run(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
    const { env, cwd = this.directory, input, timeoutMs = PROGRAM_MS } = options
    this.#requireOpen()
    const child = spawn(command, [...args], {
      cwd,
      env: { ...this.env, ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    this.#running.add(child)
    const said = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (said[name].length < MAX_OUTPUT_BYTES) said[name] += text
      })
    }
    child.stdin.on('error', () => {}).end(input)
    return await new Promise<Ended>((resolveEnd, reject) => {
      child.once('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)))
      child.once('close', (code) => {
        this.#running.delete(child)
        if (code !== null) resolveEnd({ code, ...said })
        else
          reject(
            new Error(
              `${command} ${args.slice(0, 3).join(' ')} took longer than ${timeoutMs / 1000} s\n${said.stderr}`,
            ),
          )
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    for (const child of this.#running) child.kill('SIGKILL')
    await this.#ends.disposeAsync()
  }
}

export function fall(companion: Companion, code: number): Error {
  return companion.failure(`ended by itself with ${code}`)
}
