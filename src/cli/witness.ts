/** `countersign witness`: cosigns the checkpoints of logs it was told about, and keeps a copy of them if asked to. Runs until it is stopped. */

import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { witnessServer } from '../http/witness.ts'
import type { KnownLog } from '../control/witness.ts'
import { StoreError } from '../store/error.ts'
import { openKeys, type KeyKind } from '../store/keys.ts'
import { openMirror } from '../store/mirror.ts'
import { logDirectory, openWitness } from '../store/witness.ts'
import {
  COSIGNATURE,
  ed25519Signer,
  formatKey,
  isKeyName,
  mlDsaSigner,
  NOTE_SIGNATURE,
  parseKey,
  type Signer,
  type VerifierKey,
} from '../tlog/key.ts'
import { EXIT, Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export interface WitnessOptions {
  /** Where its key and what it cosigned are kept. */
  readonly dir: string
  /** `127.0.0.1:7070`; port 0 takes a free one. */
  readonly listen: string
  /** Verifier keys of the logs, each named after its origin; several of one origin are all believed. */
  readonly log: readonly string[]
  /** Keep a verified copy of the logs, too. */
  readonly mirror?: boolean
  /** The name in its own key (else `<host name>/witness`); fixed by the verifiers that know it. */
  readonly name?: string
  /** The URL by which logs reach it, when that is not where it listens. */
  readonly url?: string
  /** Of the key that is made at the first start; Ed25519 unless said. */
  readonly keyType?: KeyKind
  /** Ends it, as a signal to the process does. */
  readonly signal?: AbortSignal
}

/** Says its verifier key and address, then serves until SIGINT or SIGTERM; resolves with 0. */
export async function run(options: WitnessOptions, terminal: Terminal): Promise<number> {
  const { host, port } = parseListen(options.listen)
  const keys = options.log.map(parseLogKey)
  const name = options.name ?? `${hostname()}/witness`
  if (!isKeyName(name))
    throw new Failure('usage', 'bad_name', `"${printable(name)}" cannot name a key`, {
      next: '--name without spaces or +',
    })
  try {
    using store = await openWitness(
      options.dir,
      keys.map((key) => key.name),
    )
    const keyring = await openKeys({ directory: join(options.dir, 'keys') })
    const signer = cosigner(name, (await keyring.open('witness', options.keyType)).privateKey)
    const logs = await knownLogs(keys, options)
    const server = witnessServer({
      logs,
      store,
      signer,
      clock: Date.now,
      baseUrls: () => baseUrls(server, options.url),
    })
    await listen(server, host, port)
    announce(terminal, formatKey(signer.key), baseUrls(server, options.url)[0]!, logs, options)
    await ended(options.signal)
    server.closeAllConnections()
    server.close()
    return EXIT.ok
  } catch (error) {
    if (error instanceof StoreError) throw new Failure('failed', error.code, error.message)
    throw error
  }
}

/** By whatever kind of key there is. */
function cosigner(name: string, privateKey: KeyObject): Signer {
  const isMlDsa = privateKey.asymmetricKeyType === 'ml-dsa-44'
  return isMlDsa ? mlDsaSigner(name, privateKey) : ed25519Signer(name, COSIGNATURE, privateKey)
}

function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host !== undefined && Number(port) < 65_536) return { host, port: Number(port) }
  throw new Failure('usage', 'bad_address', `"${printable(text)}" is not an address to listen on`, {
    next: '--listen 127.0.0.1:7070',
  })
}

function parseLogKey(text: string): VerifierKey {
  try {
    const key = parseKey(text)
    if (key.type === NOTE_SIGNATURE) return key
  } catch {
    // Said below.
  }
  throw new Failure('usage', 'bad_key', `"${printable(text.slice(0, 80))}" is not the verifier key of a log`, {
    next: 'take logKey from /.well-known/countersign of the server',
  })
}

async function knownLogs(
  keys: readonly VerifierKey[],
  { dir, mirror }: WitnessOptions,
): Promise<Map<string, KnownLog>> {
  const logs = new Map<string, KnownLog>()
  for (const [origin, ofLog] of Map.groupBy(keys, ({ name }) => name)) {
    const copy = mirror ? { mirror: await openMirror(join(logDirectory(dir, origin), 'mirror'), origin) } : {}
    logs.set(origin, { origin, keys: ofLog, ...copy })
  }
  return logs
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Failure('failed', 'cannot_listen', `cannot listen on ${host}:${port}: ${(error as Error).message}`)
  }
}

/** Where it listens; on loopback under every name of loopback. */
function baseUrls(server: Server, url: string | undefined): string[] {
  const { address, family, port } = server.address() as AddressInfo
  const names = ['127.0.0.1', '::1'].includes(address) ? [address, 'localhost'] : [address]
  const own = names.map((name) => `http://${family === 'IPv6' && name !== 'localhost' ? `[${name}]` : name}:${port}`)
  return url === undefined ? own : [url.replace(/\/+$/, ''), ...own]
}

function announce(
  terminal: Terminal,
  key: string,
  url: string,
  logs: ReadonlyMap<string, KnownLog>,
  { mirror = false }: WitnessOptions,
): void {
  const origins = [...logs.keys()]
  const witness = [key, url, ...(mirror ? ['mirror'] : [])].join(' ')
  terminal.result({ key, url, origins, mirror, witness }, () =>
    [
      `${terminal.paint.good('witness')} of ${origins.map(printable).join(', ')}${mirror ? ', with a copy of every leaf' : ''}`,
      `  key   ${key}`,
      `  url   ${url}`,
      `  next  countersign up --witness '${witness}'`,
    ].join('\n'),
  )
}

function ended(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => resolve()
    if (signal?.aborted) return end()
    signal?.addEventListener('abort', end, { once: true })
    process.once('SIGINT', end).once('SIGTERM', end)
  })
}
