/**
 * The one flow: what a request rests on is stored and verified outside the writer, then decided, written and answered.
 * A caller whose evidence does not verify is nobody, and gets no leaf: it is counted.
 */

import { digestOf } from '../bytes/digest.ts'
import type { Command } from '../domain/command.ts'
import { goesOn } from '../domain/decide.ts'
import { claimsOf, exhibitsOf } from '../domain/claims.ts'
import type { Caller, Given } from '../domain/leaf.ts'
import { isRefusal, type Refusal } from '../evidence/refusal.ts'
import type { PolicySet } from '../policy/policy.ts'
import { StoreError } from '../store/error.ts'
import type { EvidenceStore } from '../store/evidence.ts'
import type { Directory } from './directory.ts'
import { networksGiven } from './given.ts'
import type { Ledger, Recorded } from './ledger.ts'
import { seal, type PersonalData } from './seal.ts'

export type Exhibit = { readonly kind: string; readonly bytes: Uint8Array }

export type Request = {
  readonly command: Command
  readonly caller: Caller
  readonly exhibits?: readonly Exhibit[]
  readonly personal?: PersonalData
  readonly given?: (directory: Directory) => Given
  /** The set to decide by, when it is the request that brings it. */
  readonly policies?: PolicySet
}

export type Desk = { readonly ledger: Ledger; readonly evidence: EvidenceStore; readonly clock: () => number }

/** Answers with what was recorded, or with a refusal that left no trace but a count. Rejects when the log cannot be written. */
export async function handle(request: Request, { ledger, evidence, clock }: Desk): Promise<Recorded | Refusal> {
  const { command, caller, exhibits = [], personal = {}, given = () => ({}), policies } = request
  // The log may still have room it took in advance, but not for long: what gives anybody anything stops first.
  // A damaged log is another matter: the rules refuse on it, in leaves.
  const trouble = ledger.state.log?.damaged.length ? undefined : ledger.log.trouble
  if (trouble && !goesOn(command.type))
    throw new StoreError('unwritable', `nothing privileged is decided now: ${trouble}`)
  // Not before the log's own time: a clock that went back would make expired tokens good again.
  const verifiedAt = Math.max(clock(), ledger.state.at)
  const references = exhibits.map(({ kind, bytes }) => ({ kind, digest: digestOf(bytes) }))
  const claims = await claimsOf(
    command,
    exhibitsOf(
      references,
      exhibits.map(({ bytes }) => bytes),
    ),
    ledger.state,
    caller.login,
    verifiedAt,
  )
  if (claims !== undefined && isRefusal(claims)) return claims
  // Evidence is on disk before the leaf that names it: a crash in between leaves a blob that nobody mentions.
  await Promise.all(exhibits.map(({ bytes }) => evidence.put(bytes)))
  // Whoever signs in is not known yet, and is a person.
  const who = command.type === 'open login' ? ({ kind: 'person' } as const) : caller
  const facts = (directory: Directory) => ({
    ...given(directory),
    ...networksGiven(who, personal, ledger.state),
    ...(exhibits.length > 0 && { verifiedAt }),
  })
  const submission = { command, caller, claims, evidence: references, given: facts, sealed: seal(personal) }
  const written = await ledger.record(submission, policies)
  return { ...written, proof: await ledger.prove(written.leafIndex, written.head) }
}

export const systemCaller = (part: string): Caller => ({ id: `system:${part}`, kind: 'system' })
