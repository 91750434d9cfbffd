/** `countersign run`: one job's passage. Ask, wait, borrow, run the program, give back, report; whatever happens in between. */

import * as z from '../bytes/schema.ts'
import { runChild } from './child.ts'
import type { Client } from './client.ts'
import { shown } from './contract.ts'
import { Failure } from './failure.ts'
import { closeJob, forgetJobLogin, openJob } from './job-login.ts'
import { keepSignedIn } from './job-renewal.ts'
import { takeLoan } from './loan.ts'
import type { ServerOptions } from './login-file.ts'
import { Reporter } from './observing.ts'
import { askRelease, tellWaiting, type Asked, type AskOptions } from './release-asking.ts'
import type { Environment, Terminal } from './terminal.ts'
import { closedFailure, waitForRelease } from './waiting.ts'

export interface RunOptions extends ServerOptions, AskOptions {
  readonly cmd: readonly string[]
  readonly target?: readonly string[]
  /** Milliseconds; false with `--no-wait`. */
  readonly wait?: number | boolean
}

/** The exit code of the program, or ours when it never ran. */
export async function run(options: RunOptions, terminal: Terminal): Promise<number> {
  const interruption = listenForInterruption()
  const job = await openJob(options, terminal)
  try {
    using _ = keepSignedIn(job, terminal)
    const asked = await askRelease(job.client, options, terminal)
    if (asked.isWaiting) await waitFor(asked, job.client, options, interruption.signal, terminal)
    const targets = options.target ?? (await targetsOf(job.client, options.env))
    // From here on only this process holds the job's login: the program it runs gets credentials, and not the right to ask.
    forgetJobLogin(terminal.env, job.login.server)
    return await carryOut(job.client, asked, targets, options.cmd, interruption, terminal)
  } finally {
    await closeJob(job, terminal)
    interruption.stop()
  }
}

async function waitFor(
  asked: Asked,
  client: Client,
  { wait }: RunOptions,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<void> {
  const { release, fingerprint, approvalUrl, expiresAt } = asked
  tellWaiting(asked, terminal)
  if (wait === false)
    throw new Failure('waiting', 'waiting', `release ${fingerprint} waits for approval`, {
      next: `countersign run --release ${fingerprint} …, once signed at ${approvalUrl}`,
    })
  const until = typeof wait === 'number' ? Date.now() + wait : Date.parse(expiresAt) + 5_000
  const tell = ({ given, required }: { readonly given: number; readonly required: number }) =>
    terminal.say(`${given} of ${required} signatures`)
  const { state } = await waitForRelease(client, release, { until, signal, tell })
  const failure = closedFailure(state, fingerprint)
  if (failure) throw failure
}

const environments = z.object({ environments: z.array(z.object({ environment: shown, targets: z.array(shown) })) })

async function targetsOf(client: Client, name: string): Promise<readonly string[]> {
  try {
    const found = (await client.get('/api/v1/environments', environments)).environments.find(
      ({ environment }) => environment === name,
    )
    return found?.targets ?? []
  } catch (failure) {
    if (!(failure instanceof Failure) || failure.exit === 'unverified') throw failure
    throw new Failure('usage', 'targets_unknown', `the targets of ${name} cannot be listed by this job`, {
      next: 'name them: --target TARGET',
    })
  }
}

async function carryOut(
  client: Client,
  { release, fingerprint }: Asked,
  targets: readonly string[],
  command: readonly string[],
  interruption: Interruption,
  terminal: Terminal,
): Promise<number> {
  let exitCode: number | undefined
  let startedAt = 0
  try {
    await using loan = await takeLoan(client, release, targets, terminal)
    if (interruption.signal.aborted) throw interrupted()
    interruption.stop()
    const lent = { ...loan.variables, COUNTERSIGN_RELEASE: release, COUNTERSIGN_FINGERPRINT: fingerprint }
    startedAt = Date.now()
    exitCode = await runChild(command, childEnvironment(terminal.env, lent))
    if (exitCode === 127) terminal.say(`error: ${command[0]} was not found`)
    return exitCode
  } finally {
    // A program that never started deployed nothing: its release stays open until it expires.
    if (exitCode !== undefined) {
      await observeRun(client, { release, exitCode, startedAt }, terminal)
      await report(client, release, exitCode, terminal)
    }
  }
}

/** What proves this job to us is ours to use and not the program's. */
function childEnvironment(env: Environment, lent: Environment): Environment {
  const { COUNTERSIGN_ID_TOKEN: _token, COUNTERSIGN_ID_TOKEN_FILE: _file, COUNTERSIGN_JOB_DIR: _folder, ...rest } = env
  return { ...rest, ...lent }
}

type Ran = { readonly release: string; readonly exitCode: number; readonly startedAt: number }

/** How long the program had what was lent, and how it ended. Its words are its own: they may hold secrets. */
async function observeRun(client: Client, { release, exitCode, startedAt }: Ran, terminal: Terminal): Promise<void> {
  const reporter = new Reporter(client, terminal)
  try {
    await reporter.add({
      kind: 'command.run',
      at: new Date(startedAt).toISOString(),
      about: { kind: 'release', id: release },
      status: exitCode === 0 ? 'succeeded' : 'failed',
      durationMs: Math.max(0, Date.now() - startedAt),
      facts: { exitCode: Math.min(exitCode, 255) },
    })
    await reporter.send()
  } catch (failure) {
    terminal.warn(`what the program did could not be reported: ${(failure as Error).message}`)
  }
}

async function report(client: Client, release: string, exitCode: number, terminal: Terminal): Promise<void> {
  try {
    const { leafIndex } = await client.post(
      `/api/v1/releases/${encodeURIComponent(release)}/outcome`,
      { exitCode: Math.min(exitCode, 255) },
      z.unknown(),
    )
    terminal.say(`${exitCode === 0 ? 'deployed' : `failed with exit code ${exitCode}`} · leaf ${leafIndex}`)
  } catch (failure) {
    terminal.warn(`the outcome could not be reported: ${(failure as Error).message}`)
  }
}

interface Interruption {
  readonly signal: AbortSignal
  stop(): void
}

/** Until the program runs, an interruption ends the wait, and the login with it. */
function listenForInterruption(): Interruption {
  const controller = new AbortController()
  const onSignal = () => controller.abort(interrupted())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  return {
    signal: controller.signal,
    stop: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
    },
  }
}

function interrupted(): Failure {
  return new Failure('interrupted', 'interrupted', 'interrupted')
}
