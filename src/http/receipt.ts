/** What was decided, with the proof that it stands in the log: the answer to everything that was asked of the ledger. */

import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import type { Recorded } from '../control/ledger.ts'
import { adviceOf } from '../domain/reason.ts'
import type { PolicySet } from '../policy/policy.ts'
import * as shape from '../control/view/shape.ts'
import { Problem, statusOf } from './problem.ts'

const receiptFields = {
  outcome: z.enum(['allowed', 'refused', 'waiting']),
  leafIndex: z.int(),
  type: z.string().describe('The event, such as `approval.given`.'),
  reason: z.string().optional(),
  policies: z.array(z.string()),
  leaf: z.string().describe('The exact text whose bytes were hashed.'),
  proof: shape.proof,
}

/** The shape of a receipt that says `result` besides its proof. */
export function receiptOf<R extends z.ZodType>(result: R) {
  return z.object({ ...receiptFields, result })
}

export type Receipt<R = unknown> = z.infer<ReturnType<typeof receiptOf<z.ZodType<R>>>>

export function formatReceipt<R>({ leaf, leafIndex, bytes, decision, proof }: Recorded, result: R): Receipt<R> {
  const { outcome, reason, policy } = decision
  return {
    // What the instance records on a caller's behalf was allowed, seen from there.
    outcome: outcome === 'recorded' ? 'allowed' : outcome,
    leafIndex,
    type: leaf.event.type,
    ...(reason && { reason: adviceOf(reason).sentence }),
    policies: [...(policy?.determining ?? [])],
    leaf: utf8.decode(bytes),
    proof: { ...proof, hashes: [...proof.hashes] },
    result,
  }
}

/** A refusal that is a leaf: the policy's own sentence where a policy decided, the rule's otherwise. */
export function problemOfDecision(recorded: Recorded, policies: PolicySet, facts?: Record<string, unknown>): Problem {
  const reason = recorded.decision.reason ?? 'policy_refused'
  const determining = [...(recorded.decision.policy?.determining ?? [])]
  const [described] = reason === 'policy_refused' ? determining.flatMap((id) => policies.describePolicy(id) ?? []) : []
  const advice = adviceOf(reason)
  const next = described?.fix ?? ('next' in advice ? advice.next : undefined)
  const { status, code } = statusOf(reason)
  return new Problem(code, described?.sentence ?? advice.sentence, {
    status,
    ...(next && { next }),
    leafIndex: recorded.leafIndex,
    ...(facts && { facts }),
    policies: determining,
    receipt: formatReceipt(recorded, {}),
  })
}
