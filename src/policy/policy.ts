/** Cedar: a question in, an answer with its reasons out. The same files and question always have the same answer. */

import type { DigestText } from '../bytes/digest.ts'
import { authorize } from './engine.ts'
import { load, type LoadedFiles, type LoadedPolicy, type PolicyFiles } from './load.ts'
import { remember } from './memory.ts'
import { mentionsOf } from './mention.ts'
import { problem, type PolicyProblem } from './problem.ts'
import { type Question, toCall } from './question.ts'
import { prepareSlices } from './slice.ts'

export type { PolicyFiles } from './load.ts'
export { formatProblem, type PolicyProblem } from './problem.ts'
export { type CedarValue, type Entity, type EntityUid, entityRef, type Question } from './question.ts'

/**
 * `determining` holds the sorted ids of the policies that decided: permits of a yes, forbids of a no; none when nothing
 * permits. Whatever could not be evaluated is in `errors`, and then the answer is no.
 */
export type Answer = {
  readonly isAllowed: boolean
  readonly determining: readonly string[]
  readonly errors: readonly string[]
}

/** What a policy says to the person it decides about: its `@refusal` (or `@reason`), and the way out in its `@fix`. */
export type PolicyDescription = { readonly sentence: string; readonly fix?: string }

export interface PolicySet {
  /** SHA-256 over the canonical JSON (RFC 8785) of file name -> text. */
  readonly digest: DigestText
  /** The `@id` of every policy, sorted. */
  readonly ids: readonly string[]
  /** The members that the schema lets the context of this action have; none for an action that it does not know. */
  contextOf(action: string): ReadonlySet<string>
  /** Never throws: a question that does not fit the schema is refused with an error. */
  ask(question: Question): Answer
  /** Undefined for an id that is not in the set. */
  describePolicy(id: string): PolicyDescription | undefined
}

/**
 * Loads a set of policies: one `*.cedarschema` and at least one `*.cedar`, 1 MiB together. Every policy needs a unique
 * `@id` and must pass Cedar's strict validation without a warning. Never throws; problems name file, line and remedy.
 */
export function loadPolicies(files: PolicyFiles): PolicySet | PolicyProblem[] {
  const loaded = load(files)
  if (Array.isArray(loaded)) return loaded
  const slices = prepareSlices(loaded)
  if (Array.isArray(slices)) return slices.map(({ message }) => problem('invalid', '', message))
  return policySet(loaded, slices)
}

const NOTHING: ReadonlySet<string> = new Set()

function policySet({ digest, schema, policies }: LoadedFiles, slices: ReadonlyMap<string, string>): PolicySet {
  const byId = new Map(policies.map((policy) => [policy.id, policy]))
  const unreadable = answer(false, [], ['the question has a value that no policy can read'])
  function think(question: Question): Answer {
    const slice = slices.get(question.action)
    return slice === undefined ? answer(false, [], ['the schema has no such action']) : ask(slice, digest, question)
  }
  return Object.freeze({
    digest,
    ids: Object.freeze([...byId.keys()]),
    contextOf: (action: string) => schema.contexts.get(action) ?? NOTHING,
    ask: remember(think, mentionsOf(policies, schema.text), unreadable),
    describePolicy(id: string) {
      const policy = byId.get(id)
      return policy && describe(policy)
    },
  })
}

function ask(policies: string, schema: string, question: Question): Answer {
  const { isAllowed, reasons, errors } = authorize(policies, schema, toCall(question))
  // Cedar skips a policy that fails to evaluate. A forbid that failed must not be a forbid that is absent.
  if (errors.length > 0) return answer(false, isAllowed ? [] : reasons, errors)
  return answer(isAllowed, reasons, [])
}

function answer(isAllowed: boolean, determining: readonly string[], errors: readonly string[]): Answer {
  return Object.freeze({
    isAllowed,
    determining: Object.freeze([...determining].sort()),
    errors: Object.freeze([...errors]),
  })
}

function describe({ id, annotations }: LoadedPolicy): PolicyDescription {
  const { refusal, reason, fix } = annotations
  return { sentence: refusal ?? reason ?? `Policy ${id} decided.`, ...(fix ? { fix } : {}) }
}
