/** What checking a package says: named checks, each with what is wrong and why. */

/** Why a check failed; each is another story of what may have happened. */
export type Cause =
  | 'malformed'
  | 'absent'
  | 'altered'
  | 'added'
  | 'gap'
  | 'reordered'
  | 'truncated'
  | 'wrong_key'
  | 'not_in_log'
  | 'outside_period'
  | 'not_covering'
  | 'expired'

export type Problem = { readonly cause: Cause; readonly detail: string }

export type Check = {
  readonly name: string
  /** `skipped`: it rests on another check that failed. */
  readonly state: 'ok' | 'failed' | 'skipped'
  /** One sentence. */
  readonly detail: string
  readonly problems: readonly Problem[]
}

const MAX_PROBLEMS = 100

export function passed(name: string, detail: string): Check {
  return { name, state: 'ok', detail, problems: [] }
}

export function skipped(name: string, on: string): Check {
  return { name, state: 'skipped', detail: `not judged, since it rests on: ${on}`, problems: [] }
}

/** Failed when there is any problem, else passed. */
export function judged(name: string, detail: string, problems: readonly Problem[]): Check {
  const [first] = problems
  if (!first) return passed(name, detail)
  const more = problems.length > 1 ? `; and ${problems.length - 1} more` : ''
  return { name, state: 'failed', detail: first.detail + more, problems: problems.slice(0, MAX_PROBLEMS) }
}

/** The sentence of whatever was thrown. */
export function because(error: unknown): string {
  return error instanceof Error ? error.message : 'it cannot be read'
}
