/**
 * Keeps a host's list of revoked SSH keys as fresh as the server's, so that a certificate taken back is refused at once. A
 * list that can no longer be kept fresh is removed: sshd then refuses everybody, which is the safe side to fail on.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRefusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import { Failure } from './failure.ts'
import type { ServerOptions } from './login-file.ts'
import { resolveServer } from './setting.ts'
import type { Terminal } from './terminal.ts'
import { plural } from './text.ts'

export interface FollowOptions extends ServerOptions {
  readonly revokedKeys: string
}

const PERIOD_MS = 1_000
const ANSWER_MS = 5_000
const STALE_MS = 60_000
const MAX_LIST_BYTES = 16 * 1024 * 1024
/** Hosts' sshd runs as root and others read the list: it holds public keys. */
const MODE = 0o644

/** Runs until it is interrupted. */
export async function run({ revokedKeys: file, ...options }: FollowOptions, terminal: Terminal): Promise<number> {
  const server = resolveServer(options.server, terminal.env)
  const interruption = new AbortController()
  const { signal } = interruption
  const stop = () => interruption.abort()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, stop)
  try {
    await follow({ file, fetchList: () => fetchList(server, signal), signal, say: (text) => terminal.say(text) })
    return 0
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop)
  }
}

export interface Following {
  readonly file: string
  /** One OpenSSH public key a line. Rejects when the server cannot be asked, or answers with anything else. */
  readonly fetchList: () => Promise<string>
  readonly signal: AbortSignal
  readonly say: (text: string) => void
  readonly now?: () => number
  readonly periodMs?: number
}

/** Writes the list whenever it changed; removes it when the last good answer is 60 s old. Resolves once `signal` aborts. */
export async function follow(following: Following): Promise<void> {
  const { file, fetchList: ask, signal, say, now = () => performance.now(), periodMs = PERIOD_MS } = following
  let written: string | undefined
  let goodAt = now()
  let trouble: string | undefined
  while (!signal.aborted) {
    try {
      const list = await ask()
      goodAt = now()
      if (list !== written) replace(file, list)
      if (list !== written) say(`${file}: ${plural(countOf(list), 'revoked key')}`)
      if (trouble) say('the server answers again')
      ;[written, trouble] = [list, undefined]
    } catch (error) {
      if (signal.aborted) return
      const said = (error as Error).message
      if (said !== trouble) say(`the list of revoked keys could not be refreshed: ${said}`)
      trouble = said
      if (now() - goodAt >= STALE_MS && close(file))
        say(`${file} was removed, so that sshd lets nobody in until the server answers`)
      if (now() - goodAt >= STALE_MS) written = undefined
    }
    await sleep(periodMs, undefined, { signal }).catch(() => {})
  }
}

/** Checked before it is used: sshd would refuse everybody over a line that it cannot read, and skip nobody over a lost one. */
async function fetchList(server: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${server}/.well-known/countersign/revoked-keys`, {
    redirect: 'error',
    headers: { accept: 'text/plain' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  })
  if (response.status !== 200) throw new Error(`${server} answered ${response.status}`)
  return parseList(await readBounded(response), server)
}

/** The text, when each of its lines is an SSH public key and the last one is whole. Throws otherwise. */
export function parseList(text: string, server: string): string {
  const isWhole = text === '' || text.endsWith('\n')
  const isList = text.split('\n').every((line) => line === '' || !isRefusal(parseSshPublicKey(line)))
  if (isWhole && isList) return text
  throw new Failure('failed', 'not_countersign', `${server} answered with something that is not a list of SSH keys`)
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_LIST_BYTES) throw new Error(`the list is larger than ${MAX_LIST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function countOf(list: string): number {
  return list.split('\n').filter(Boolean).length
}

/** sshd reads the file at every login, so it must never see half of it. */
function replace(file: string, list: string): void {
  const partial = `${file}.new`
  const handle = openSync(partial, 'w', MODE)
  try {
    writeSync(handle, list)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(partial, file)
}

/** Whether there was a list to remove. */
function close(file: string): boolean {
  try {
    rmSync(file)
    return true
  } catch {
    return false
  }
}
