/**
 * What the instance does by itself once a leaf is on disk: it fires the alerts that are due, ends grants when their time is
 * over, and takes credentials back. All of it starts from the state, so a crash only delays it.
 */

import { overdue as waitingLong } from '../domain/approval.ts'
import { overdue } from '../domain/breakglass.ts'
import type { Command } from '../domain/command.ts'
import { bySerial, type Grant } from '../domain/grant.ts'
import { overdue as oldSecrets } from '../domain/secret.ts'
import { handle, systemCaller, type Desk } from './handle.ts'
import { leafIndexOf, roleOf, type Lender } from './lend.ts'
import type { Noise } from './noise.ts'

const SWEEP_MS = 500
const RECONCILE_MS = 60_000
const SUMMARISE_MS = 60_000
const MAX_BACKOFF_MS = 60_000

export type Watch = AsyncDisposable & {
  /** Resolves when everything that is due right now was tried once. */
  readonly settle: () => Promise<void>
}

export type WatchOptions = {
  readonly desk: Desk
  readonly lender: Lender
  readonly noise: Noise
  readonly report: (problem: string) => void
}

export function startWatch({ desk, lender, noise, report }: WatchOptions): Watch {
  const retries = new Map<string, { at: number; count: number }>()
  let reconciledAt = 0
  let summarisedAt = desk.clock()
  let turn: Promise<void> = Promise.resolve()
  let isClosed = false

  async function sweep(): Promise<void> {
    if (isClosed) return
    await fireAlerts(desk)
    await expireGrants(desk)
    await noteOverdue(desk)
    await escalate(desk)
    await clearGrants()
    if (desk.clock() - summarisedAt >= SUMMARISE_MS) await summarise()
    if (desk.clock() - reconciledAt < RECONCILE_MS) return
    reconciledAt = desk.clock()
    await reconcile()
  }

  async function summarise(): Promise<void> {
    summarisedAt = desk.clock()
    const refused = noise.news()
    if (refused.length > 0) await record({ type: 'summarise noise', refused }, desk)
  }

  async function clearGrants(): Promise<void> {
    const now = desk.clock()
    const due = lentGrants(desk).filter(
      (grant) => grant.endedAt !== undefined && (retries.get(grant.grant)?.at ?? 0) <= now,
    )
    await Promise.all(due.map(clear))
  }

  async function clear(grant: Grant): Promise<void> {
    try {
      const { how, terminated } = await lender.withdraw(grant, desk.ledger.state, desk.clock())
      await record({ type: 'clear grant', grant: grant.grant, how, terminated }, desk)
      retries.delete(grant.grant)
    } catch (error) {
      const count = (retries.get(grant.grant)?.count ?? 0) + 1
      retries.set(grant.grant, { at: desk.clock() + Math.min(MAX_BACKOFF_MS, 500 * 2 ** count), count })
      report(`couldn't take back the credential of ${grant.grant} at ${grant.target}: ${(error as Error).message}`)
    }
  }

  async function reconcile(): Promise<void> {
    for (const target of desk.ledger.state.targets.values()) {
      try {
        for (const role of await lender.reconcile(target, isLeftover))
          report(`dropped the leaked role ${role} at ${target.target}`)
      } catch (error) {
        report(`couldn't look for leaked roles at ${target.target}: ${(error as Error).message}`)
      }
    }
  }

  /** Only what we know to have made: other instances may lend at the same server. */
  function isLeftover(role: string): boolean {
    const grant = bySerial(leafIndexOf(role), desk.ledger.state)
    return grant !== undefined && roleOf(grant) === role && !desk.ledger.state.lent.has(grant.grant)
  }

  function next(): Promise<void> {
    turn = turn.then(sweep).catch((error: Error) => report(`watch: ${error.message}`))
    return turn
  }

  const unfollow = desk.ledger.follow(({ leaf }) => {
    if (needsSweep.has(leaf.event.type) || desk.ledger.state.due.size > 0) setImmediate(next)
  })
  const timer = setInterval(next, SWEEP_MS)
  timer.unref()

  return {
    settle: next,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      unfollow()
      // First: a sweep that is queued by now finds nothing left to do on a log that closes.
      isClosed = true
      await turn
    },
  }
}

const needsSweep = new Set(['grant.ended', 'login.ended', 'principal.revoked', 'release.ended', 'approval.declined'])

/** Grants whose credential may still be out there. */
function lentGrants({ ledger: { state } }: Desk): Grant[] {
  return [...state.lent.keys()].flatMap((id) => state.grants.get(id) ?? [])
}

async function fireAlerts(desk: Desk): Promise<void> {
  for (const alert of [...desk.ledger.state.due.keys()])
    await record({ type: 'fire alert', alert: alert as `alert:${string}` }, desk)
}

async function expireGrants(desk: Desk): Promise<void> {
  const now = desk.clock()
  for (const { grant, expiresAt, endedAt } of lentGrants(desk))
    if (endedAt === undefined && expiresAt <= now) await record({ type: 'expire grant', grant, cause: 'expired' }, desk)
}

async function escalate(desk: Desk): Promise<void> {
  for (const { release } of waitingLong(desk.ledger.state, desk.clock()))
    await record({ type: 'escalate release', release }, desk)
}

async function noteOverdue(desk: Desk): Promise<void> {
  for (const { breakglass } of overdue(desk.ledger.state, desk.clock()))
    await record({ type: 'note overdue review', breakglass }, desk)
  for (const target of oldSecrets(desk.ledger.state, desk.clock()))
    await record({ type: 'note overdue secret', target }, desk)
}

async function record(command: Command, desk: Desk): Promise<void> {
  await handle({ command, caller: systemCaller('watch') }, desk)
}
