/** Where a demo plays: one directory, the programs that run beside it, and their end. Nothing of it outlives the stage. */

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { Failure } from '../failure.ts'
import { Companion, type CompanionOptions } from './companion.ts'

export const LAUNCHER = resolve(import.meta.dirname, '../../../bin/countersign')

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

  private constructor(directory: string, isKept: boolean) {
    this.directory = directory
    this.isKept = isKept
    if (!isKept) this.#ends.defer(() => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
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
    this.#ends.defer(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
    return path
  }

  /** A folder with a short name, for programs whose sockets must have short paths. Removed at the end. */
  shortFolder(): string {
    const path = mkdtempSync(join(tmpdir(), 'cs-'))
    this.#ends.defer(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
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
    const logFile = this.path('log', `${logName}.log`)
    return this.adopt(new Companion({ ...options, logFile, env: { ...this.env, ...env } }))
  }

  /** Ends it with the stage. What was adopted last ends first. */
  adopt<T extends AsyncDisposable>(owned: T): T {
    return this.#ends.use(owned)
  }

  defer(end: () => void | Promise<void>): void {
    this.#ends.defer(end)
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
    const child = spawn(command, [...args], {
      cwd,
      env: { ...this.env, ...env },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
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

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ends.disposeAsync()
  }
}

export function fall(companion: Companion, code: number): Error {
  return companion.failure(`ended by itself with ${code}`)
}
