/** `countersign up`: one process, one directory, no other service. Runs until it is stopped. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Host, type HostOptions } from '../control/host.ts'
import { PolicyReplays } from '../control/policy-replay-thread.ts'
import type { Config, Port } from '../http/port.ts'
import { createServer } from '../http/server.ts'
import { Failure } from './failure.ts'
import { openFailure, setupUrlOf } from './init.ts'
import { instanceOptions, type InstanceFlags } from './instance-option.ts'
import { timestampPolicy, type TimestampFlags } from './timestamp-option.ts'
import { parseWitnesses, quorumOf } from './witness-option.ts'
import type { Terminal } from './terminal.ts'

const CONSOLE = resolve(import.meta.dirname, '../../dist/console')
const VERIFY_PAGE = resolve(import.meta.dirname, '../../dist/verify.html')

export interface UpFlags extends InstanceFlags, TimestampFlags {
  readonly host?: string
  readonly witness?: readonly string[]
  readonly witnessQuorum?: number
  readonly requireWitnesses?: boolean
  readonly trustedProxy?: readonly string[]
  readonly compressSealed?: boolean
}

export async function run(flags: UpFlags, terminal: Terminal): Promise<number> {
  const options = await instanceOptions(flags)
  const witnesses = parseWitnesses(flags.witness ?? [])
  const quorum = quorumOf(flags, witnesses.length)
  const report = (sentence: string) => terminal.say(sentence)
  const compressSealed = flags.compressSealed ?? false
  const timestamps = await timestampPolicy(flags)
  const told = { ...options, compressSealed, witnesses, quorum, timestamps, report }
  const host = await openHost(told, terminal)
  await using stack = new AsyncDisposableStack()
  stack.use(host)
  const config = {
    publicUrl: options.publicUrl,
    version: options.version,
    consoleDirectory: CONSOLE,
    verifyPage: VERIFY_PAGE,
    ...(flags.trustedProxy && { trustedProxies: flags.trustedProxy }),
  }
  const server = await createServer(portOf(host, config, report))
  stack.defer(() => server.close())
  const place = { host: flags.host ?? '127.0.0.1', port: options.port }
  await server.listen(place).catch((error: unknown) => {
    throw listenFailure(error as NodeJS.ErrnoException, place)
  })
  await announce(host, terminal)
  await stopped()
  terminal.say('stopping: what was acknowledged is on the disk')
  return 0
}

/** Folding a long log whose shelf is gone takes its time. */
async function openHost(options: HostOptions, terminal: Terminal): Promise<Host> {
  using progress = terminal.progress('leaves')
  const onProgress = (done: number, total: number) => progress.update(done, total)
  return await Host.open({ ...options, onProgress }).catch((error: unknown) => {
    throw openFailure(error)
  })
}

/** What the HTTP floor sees of a running host. */
function portOf(host: Host, config: Config, report: (sentence: string) => void): Port {
  const { ledger, evidence, clock, noise, challenges, doorRequests, proofs, issuerKeys, lender, access, authorities } =
    host.instance
  return {
    ...{
      ledger,
      evidence,
      clock,
      noise,
      challenges,
      doorRequests,
      proofs,
      issuerKeys,
      lender,
      access,
      authorities,
      config,
      report,
    },
    providers: host.instance.providers,
    views: host.views,
    exports: host.exports,
    policyReplays: new PolicyReplays(host.instance.options.directory),
    reading: host.reading,
    logStatus: () => host.logStatus(),
    quorum: host.quorum,
    repairLog: (request) => host.repairLog(request),
    erasePerson: (request) => host.erasePerson(request),
    rotateLogKey: (request, overlapMs) => host.instance.rotateLogKey(request, overlapMs),
  }
}

async function announce({ instance }: Host, terminal: Terminal): Promise<void> {
  const { log, options, logKey } = instance
  const setupUrl = await setupUrlOf(instance)
  const started = {
    url: options.publicUrl,
    origin: log.origin,
    logKey,
    treeSize: log.size,
    directory: options.directory,
    ...(setupUrl && { setupUrl }),
  }
  terminal.emit(
    'started',
    started,
    [
      `log        ${log.origin}, ${log.size} leaves, in ${options.directory}`,
      `console    ${options.publicUrl}`,
      ...(setupUrl ? [`first      open ${setupUrl} to make the first administrator`] : []),
      ...(existsSync(join(CONSOLE, 'index.html')) ? [] : ['console    is not built: npm run build:console']),
      'stop       Ctrl-C',
    ].join('\n'),
  )
}

/** Two signals are the same wish; a third party's kill needs no handler, since nothing is lost by it. */
function stopped(): Promise<void> {
  const { promise, resolve: stop } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop())
  return promise
}

function listenFailure(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): unknown {
  if (error.code !== 'EADDRINUSE') return error
  return new Failure('failed', 'port_taken', `something else listens on ${host}:${port}`, {
    next: `countersign up --port ${port + 1}`,
  })
}
