/** An ssh-agent of our own, when the machine has one: the keys of a run then never stay on disk. */

import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const START_MS = 3_000

export interface SshAgent extends AsyncDisposable {
  readonly socket: string
  /** Loads the key in the file, and the certificate beside it (`-cert.pub`), for so many seconds. */
  add(keyFile: string, lifetimeSeconds: number): Promise<void>
}

/** Undefined when there is no ssh-agent to start, or it does not start. */
export async function startAgent(folder: string): Promise<SshAgent | undefined> {
  const socket = join(folder, 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => agent.once('error', () => resolve()).once('close', () => resolve()))
  if (!(await hasStarted(agent, socket))) {
    agent.kill()
    return undefined
  }
  return {
    socket,
    add: async (keyFile, lifetimeSeconds) => {
      const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' }
      await promisify(execFile)('ssh-add', ['-q', '-t', String(lifetimeSeconds), keyFile], { env, timeout: 10_000 })
    },
    [Symbol.asyncDispose]: async () => {
      agent.kill()
      await ended
    },
  }
}

async function hasStarted(agent: ChildProcess, socket: string): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < START_MS && agent.pid !== undefined && agent.exitCode === null; waitedMs += 10) {
    if (existsSync(socket)) return true
    await sleep(10)
  }
  return false
}
