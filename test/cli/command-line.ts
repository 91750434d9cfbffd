/** The command line in a home of its own: within this process, or as the process that a person starts. */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { runCommandLine } from '../../src/cli/command-line.ts'
import { createSoftwarePasskey } from '../../src/credential/software-passkey.ts'
import type { FakeServer } from './fake-server.ts'

export const ROOT = resolve(import.meta.dirname, '../..')
export const LAUNCHER = join(ROOT, 'bin/countersign')

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly cwd?: string
  /** Called with what stderr holds so far, whenever it grows. */
  readonly onStderr?: (stderr: string, child: ReturnType<typeof spawn>) => void
}

export const TOKEN = `cs_${'a'.repeat(43)}`

export class Home implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
  readonly env: Record<string, string>

  constructor(server?: FakeServer) {
    this.env = {
      PATH: process.env['PATH']!,
      HOME: this.folder,
      XDG_STATE_HOME: join(this.folder, 'state'),
      GIT_CONFIG_SYSTEM: '/dev/null',
      GNUPGHOME: join(this.folder, 'gnupg'),
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(ROOT, 'node_modules/.cache/countersign-compile'),
      LC_ALL: 'C.UTF-8',
      ...(server && { COUNTERSIGN_SERVER: server.url }),
    }
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, text: string): string {
    mkdirSync(join(this.path(name), '..'), { recursive: true })
    writeFileSync(this.path(name), text)
    return this.path(name)
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  has(name: string): boolean {
    return existsSync(this.path(name))
  }

  /** Signed in by a token file, as far as the client can tell. */
  signedIn(): Record<string, string> {
    return { COUNTERSIGN_TOKEN_FILE: this.write('token', TOKEN) }
  }

  passkey(name = 'ana.passkey', rpId = 'localhost'): string {
    return this.write(name, JSON.stringify(createSoftwarePasskey(rpId)))
  }

  /** In this process: the same code as the program's, without the start of one. */
  async run(args: readonly string[], { env = {} }: Pick<RunOptions, 'env'> = {}): Promise<Ended> {
    const [stdout, stderr] = [new Page(), new Page()]
    const code = await runCommandLine(args, { env: { ...this.env, ...env }, stdout, stderr, stdin: {} })
    return { code, stdout: stdout.text, stderr: stderr.text }
  }

  /** By the launcher, as a process of its own. */
  async launch(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await this.execute(LAUNCHER, args, options)
  }

  async execute(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await execute(program, args, {
      ...options,
      env: { ...this.env, ...options.env },
      cwd: options.cwd ?? this.folder,
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

class Page {
  text = ''

  write(text: string): void {
    this.text += text
  }
}

/** A command that hangs must not outlive its test. */
const LIMIT_MS = 25_000

async function execute(
  program: string,
  args: readonly string[],
  { env, stdin = '', cwd, onStderr }: RunOptions,
): Promise<Ended> {
  const child = spawn(program, args, {
    env: env as NodeJS.ProcessEnv,
    cwd,
    stdio: 'pipe',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
    onStderr?.(stderr, child)
  })
  child.stdin.on('error', () => {})
  child.stdin.end(stdin)
  const code = await new Promise<number>((done, fail) =>
    child.once('error', fail).once('close', (exit) => done(exit ?? -1)),
  )
  return { code, stdout, stderr }
}
