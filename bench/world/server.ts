/** A server in a process of its own, as it runs in production: whoever measures it does not share its event loop. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type Server = AsyncDisposable & {
  readonly port: number
  /** Processor time of all its threads so far, in ms; what others do on this machine does not show in it. NaN but on Linux. */
  cpuMs(): number
}

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** `countersign up` on a data directory. */
export async function serveInstance(directory: string): Promise<Server> {
  const port = await freePort()
  return await serve(port, [MAIN, 'up', '--dir', directory, '--port', String(port)])
}

/** A program of this folder, which is given `port` and `words` and prints a line once it listens. */
export async function serveProgram(file: string, ...words: readonly string[]): Promise<Server> {
  const port = await freePort()
  return await serve(port, [join(import.meta.dirname, file), String(port), ...words])
}

async function serve(port: number, words: readonly string[]): Promise<Server> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const started = once(createInterface({ input: child.stdout }), 'line')
  await Promise.race([started, ended.then(([code]) => Promise.reject(new Error(`the server ended with ${code}`)))])
  return {
    port,
    cpuMs: () => cpuMs(child.pid!),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** proc(5): utime and stime, behind the name in brackets, in ticks of 10 ms. */
function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return 10 * (Number(fields[11]) + Number(fields[12]))
  } catch {
    return Number.NaN
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
