/**
 * Many observations of one caller, decided in one turn and written together: each is a leaf of its own, and all of them are in
 * the log or none. They stand one behind the other under one time.
 */

import { randomUUID } from 'node:crypto'
import { decideObservations } from '../domain/decide.ts'
import { spell, write, type Caller, type Leaf, type Shared } from '../domain/leaf.ts'
import { callerOf } from '../domain/login.ts'
import type { Observe } from '../domain/observation.ts'
import { StoreError } from '../store/error.ts'
import { networksGiven } from './given.ts'
import type { Draft, Present } from './draft.ts'
import type { Ledger, Proof, Written } from './ledger.ts'
import { formatDisclosures, seal, type PersonalData } from './seal.ts'

export type Line = {
  readonly command: Observe
  /** What only a commitment says in the leaf. */
  readonly text?: string | undefined
}
export type Lines = readonly [Line, ...Line[]]

/** The proof is that of the last leaf, in the first tree that holds them all. */
export type Batched = { readonly written: readonly Written[]; readonly proof: Proof }

/**
 * Decides and writes. A caller who is not welcome is turned away in one leaf, whatever the number of lines. `personal` is what
 * is personal about the whole request, and is kept beside its first leaf. Rejects when the log cannot be written, and then
 * nothing was.
 */
export async function recordLines(
  lines: Lines,
  caller: Caller,
  personal: PersonalData,
  ledger: Ledger,
): Promise<Batched> {
  const trouble = ledger.state.log?.damaged.length ? undefined : ledger.log.trouble
  if (trouble) throw new StoreError('unwritable', `nothing is taken in now: ${trouble}`)
  const written = await ledger.recordAll((present) => draftLines(lines, caller, personal, present))
  const last = written.at(-1)!
  return { written, proof: await ledger.prove(last.leafIndex, last.head) }
}

const nothing: Leaf['evidence'] = Object.freeze([])

function draftLines(lines: Lines, caller: Caller, personal: PersonalData, present: Present): Draft[] {
  const { state, policies, at, size, origin } = present
  const login = state.logins.get(caller.login ?? '')
  const who = login ? callerOf(login) : caller
  const commands = lines.map(({ command }) => command) as [Observe, ...Observe[]]
  const shared: Shared = new Map()
  // One object for all lines, so that it is spelled once.
  const given = networksGiven(who, personal, state)
  return decideObservations(commands, { caller: who, given, at }, state, policies).map((decision, index) => {
    const { command, text } = lines[index]!
    const sealed = index === 0 || text !== undefined ? seal(index === 0 ? { ...personal, text } : { text }) : undefined
    const frame = { id: randomUUID(), at, sequence: size + index, caller: who, command }
    const circumstances = { ...frame, evidence: nothing, given, ...(sealed && { personal: sealed.personal }) }
    const leaf = write(circumstances, decision)
    const disclosures = sealed?.disclosures ?? []
    const kept = disclosures.length > 0 ? formatDisclosures(disclosures) : undefined
    return { leaf, decision, disclosures, bytes: spell(leaf, origin, shared), kept }
  })
}
