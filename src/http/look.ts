/** Who looks at the trail stands in the log before anything is shown; who may not, does too. */

import type { Look } from '../control/pen.ts'
import type { Page } from '../control/reading.ts'
import { isRefusal } from '../evidence/refusal.ts'
import type { FastifyRequest } from './app.ts'
import { mayRead, personalOf } from './caller.ts'
import type { Port } from './port.ts'
import { problem, problemOfRefusal, type Problem } from './problem.ts'
import { problemOfDecision } from './receipt.ts'

export type Looking = Look & { readonly page?: Page }

/** Undefined when the caller may see it and that is written down. Throws when it cannot be: then nothing is shown. */
export async function enter({ page = {}, ...look }: Looking, request: FastifyRequest, port: Port) {
  const caller = request.caller!
  const reader = { caller, personal: personalOf(request), isAllowed: mayRead(caller, port, request.ip) }
  const noted = await port.reading.see(look, page, reader)
  if (isRefusal(noted)) return problemOfRefusal(noted, true)
  return refusalOf(noted, port)
}

/** A leaf that is there: who asks for the next one must not make it by asking. */
export function seesLeaf(kind: 'leaf' | 'proof', leafIndex: number, { ledger }: Port): Looking | Problem {
  return leafIndex < ledger.publishedSize ? { kind, leaf: leafIndex } : beyond(leafIndex)
}

export function beyond(leafIndex: number): Problem {
  return problem('not_found', `The log ends before leaf ${leafIndex}.`)
}

export function refusalOf(recorded: Parameters<typeof problemOfDecision>[0], port: Port): Problem | undefined {
  return recorded.decision.outcome === 'refused' ? problemOfDecision(recorded, port.ledger.policies) : undefined
}
