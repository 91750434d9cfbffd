/**
 * Cases: questions whose answer is known before the policies are asked. A case is a file in `ALLOW/` or `DENY/`, and its name is
 * the sentence that it proves:
 *
 *     DENY/author-approves-own-release.json
 *     {"question":{"principal":{"type":"Person","id":"ana"},"action":"approve",…},"expectDetermining":["author-cannot-approve"]}
 */

import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import type { PolicySet } from './policy.ts'
import type { Question } from './question.ts'

export type Case = {
  /** `DENY/author-approves-own-release`. */
  readonly name: string
  readonly isAllowed: boolean
  readonly question: Question
  /** Ids of the policies that must have decided, all of them; any will do where it is absent. */
  readonly expectDetermining?: readonly string[]
}

/** `because` is undefined when the answer is as expected. */
export type CaseVerdict = {
  readonly name: string
  readonly determining: readonly string[]
  readonly because: string | undefined
}

export const KINDS = ['ALLOW', 'DENY'] as const
export type Kind = (typeof KINDS)[number]

const uid = z.strictObject({ type: z.string().max(64), id: z.string().max(256) })
const attributes = z.record(z.string().max(64), z.json())
const shape = z.strictObject({
  question: z.strictObject({
    principal: uid,
    action: z.string().max(64),
    resource: uid,
    context: attributes,
    entities: z.array(z.strictObject({ uid, attrs: attributes, parents: z.array(uid).max(256) })).max(1_024),
  }),
  expectDetermining: z.array(z.string().max(128)).max(64).optional(),
})

/** Throws a SyntaxError that says what is wrong with the file and where. */
export function parseCase(kind: Kind, name: string, text: string): Case {
  const found = shape.safeParse(parse(text))
  if (!found.success) {
    const [issue] = found.error.issues
    throw new SyntaxError(`${issue?.path.join('.') || 'the case'}: ${issue?.message ?? 'invalid'}`)
  }
  const { question, expectDetermining } = found.data
  return {
    name: `${kind}/${name}`,
    isAllowed: kind === 'ALLOW',
    question: question as Question,
    ...(expectDetermining && { expectDetermining }),
  }
}

/** Asks the policies, and says in one sentence what is not as the case says. A question that does not fit the schema passes no case. */
export function judgeCase({ name, isAllowed, question, expectDetermining }: Case, policies: PolicySet): CaseVerdict {
  const { determining, errors, ...answer } = policies.ask(question)
  const verdict = (because?: string): CaseVerdict => ({ name, determining, because })
  const decided = determining.length > 0 ? determining.join(', ') : 'no policy'
  if (errors.length > 0) return verdict(`the question cannot be asked: ${errors.join('; ')}`)
  if (answer.isAllowed !== isAllowed) return verdict(`${answer.isAllowed ? 'allowed' : 'refused'} by ${decided}`)
  const expected = expectDetermining?.toSorted()
  if (!expected || expected.join('\n') === determining.join('\n')) return verdict()
  return verdict(`decided by ${decided}, expected ${expected.join(', ') || 'no policy'}`)
}

/** Ids of policies that no case depends on: what they say could change, and no case would notice. */
export function uncovered(verdicts: readonly CaseVerdict[], policies: PolicySet): string[] {
  const covered = new Set(verdicts.flatMap(({ determining }) => determining))
  return policies.ids.filter((id) => !covered.has(id))
}
