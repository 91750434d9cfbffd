/** Runs another program in our place: same streams, signals handed on, its exit code ours. */

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Environment } from './terminal.ts'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** The exit code: the program's own, 128 + n when signal n ended it, 127 when it was not found, 126 when it cannot be run. */
export async function runChild(command: readonly string[], env: Environment): Promise<number> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, { stdio: 'inherit', env: env as NodeJS.ProcessEnv })
  const forward = (signal: NodeJS.Signals) => {
    // A terminal sends Ctrl-C to the whole group; a second one from us would make a program give up its own clean-up.
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  try {
    return await new Promise<number>((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? 127 : 126))
      child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
    })
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}
