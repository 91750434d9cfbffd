/** Checks one after the other: each line is ok, or a problem with its exact fix. */

import { checkGit, checkTools } from './doctor-machine.ts'
import {
  checkClock,
  checkHistory,
  checkLog,
  checkLogin,
  checkServer,
  checkTimestamps,
  checkWitnesses,
  type Patient,
} from './doctor-server.ts'
import { asFailure, EXIT, Failure } from './failure.ts'
import { openClient, strangerClient, type ServerOptions } from './login-file.ts'
import type { Paint, Terminal } from './terminal.ts'
import { plural, table } from './text.ts'

/** `unknown`: it could not be checked, because something before it failed. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'problem' | 'unknown'
  readonly detail: string
  readonly fix?: string | undefined
}

export type Check<T> = readonly [name: string, check: (patient: T) => Promise<string> | string]

const SERVER_CHECKS: readonly Check<Patient>[] = [
  ['server', checkServer],
  ['clock', checkClock],
  ['log', checkLog],
  ['history', checkHistory],
  ['witnesses', checkWitnesses],
  ['timestamps', checkTimestamps],
  ['login', checkLogin],
]
const MACHINE_CHECKS: readonly Check<Terminal>[] = [
  ['git', checkGit],
  ['tools', checkTools],
]

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const findings = [...(await checkAll(MACHINE_CHECKS, terminal)), ...(await checkServerSide(options, terminal))]
  const problems = findings.filter(({ state }) => state === 'problem')
  terminal.result({ ok: problems.length === 0, findings }, () =>
    table(
      findings.flatMap((each) => lines(each, terminal.paint)),
      1_000,
    ),
  )
  if (problems.length > 0) terminal.say(plural(problems.length, 'problem'))
  return problems.length === 0 ? EXIT.ok : EXIT.failed
}

async function checkServerSide(options: ServerOptions, terminal: Terminal): Promise<Finding[]> {
  try {
    const client = strangerClient(options, terminal)
    return await checkAll(SERVER_CHECKS, { client, signedIn: () => openClient(options, terminal) })
  } catch (thrown) {
    return [finding('server', thrown)]
  }
}

async function checkAll<T>(checks: readonly Check<T>[], patient: T): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [name, check] of checks) {
    if (findings.some(({ check: earlier, state }) => earlier === 'server' && state === 'problem')) {
      findings.push({ check: name, state: 'unknown', detail: 'the server was not reached' })
      continue
    }
    try {
      findings.push({ check: name, state: 'ok', detail: await check(patient) })
    } catch (thrown) {
      findings.push(finding(name, thrown))
    }
  }
  return findings
}

function finding(check: string, thrown: unknown): Finding {
  if (!(thrown instanceof Failure)) return { check, state: 'problem', detail: asFailure(thrown).message }
  const { message, detail } = thrown
  // "Run the doctor" is no advice from the doctor.
  const fix =
    detail.next === 'countersign doctor' ? 'check the address, and that the server runs: countersign up' : detail.next
  return { check, state: 'problem', detail: message, ...(fix && { fix }) }
}

function lines({ check, state, detail, fix }: Finding, paint: Paint): string[][] {
  const tone = state === 'ok' ? paint.good : state === 'problem' ? paint.bad : paint.dim
  return [[tone(state), check, detail], ...(fix ? [['', '', `fix: ${fix}`]] : [])]
}
