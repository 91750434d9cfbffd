/** What the server said no to, as a failure of the command: same code, its sentence, its fix, its leaf. */

import { problem, type Problem } from './contract.ts'
import { Failure, type ExitName } from './failure.ts'
import { printable } from './text.ts'
import type { Answer } from './transport.ts'

export function asProblem({ status, body }: Answer, server: string): Failure {
  const parsed = problem.safeParse(body)
  if (!parsed.success)
    return new Failure(exitOf(status), `http_${status}`, `${server} answered ${status}`, fallback(status))
  const { code, detail, title, next, leafIndex, type, facts } = parsed.data
  return new Failure(
    exitOf(status, parsed.data.receipt !== undefined),
    code,
    sentenceOf(detail ?? title ?? `${server} answered ${status}`),
    {
      ...fallback(status),
      ...(why(parsed.data) && { why: why(parsed.data) }),
      ...(next && { next }),
      ...(!next && typeof facts?.['fix'] === 'string' && { next: printable(facts['fix']) }),
      ...(leafIndex !== undefined && { leafIndex }),
      ...(type?.startsWith('https://') && { docs: type }),
    },
  )
}

/** A refusal that is a leaf is a refusal, whatever stands in the way. */
function exitOf(status: number, isLeaf = false): ExitName {
  if (status === 401) return 'signIn'
  if (status === 403) return 'refused'
  if (status === 404) return 'notFound'
  return isLeaf ? 'refused' : 'failed'
}

function fallback(status: number) {
  if (status === 401) return { next: 'countersign login' }
  if (status === 429) return { next: 'wait a little and try again' }
  return {}
}

/** Within a line that starts with `refused:`, a sentence needs no full stop. */
function sentenceOf(text: string): string {
  return text.replace(/\.$/u, '')
}

/** `rule unsigned-commits · commit 4be0c11 · signer dana`: the rule that decided, and the facts it saw. */
function why({ policies = [], facts = {} }: Problem): string | undefined {
  const { fix: _fix, rule, ...rest } = facts
  const rules = typeof rule === 'string' ? [rule] : policies
  const parts = [
    ...(rules.length > 0 ? [`rule ${printable(rules.join(', '))}`] : []),
    ...Object.entries(rest).map(describe),
  ]
  return parts.length > 0 ? parts.join(' · ') : undefined
}

function describe([name, value]: [string, unknown]): string {
  return `${printable(name)} ${printable(typeof value === 'string' ? value : JSON.stringify(value))}`
}
