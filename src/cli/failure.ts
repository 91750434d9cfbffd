/** How a command ends when it does not succeed: one exit code of a closed set, one sentence, and the act that fixes it. */

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  signIn: 4,
  unverified: 5,
  notFound: 6,
  waiting: 75,
  timedOut: 124,
  interrupted: 130,
} as const

export type ExitName = keyof typeof EXIT

export interface FailureDetail {
  /** The facts and the rule that decided, in one line. */
  readonly why?: string | undefined
  /** A command, or an act, that fixes it. */
  readonly next?: string | undefined
  /** The leaf that records the refusal, 0-based. */
  readonly leafIndex?: number | undefined
  /** For machines; people have the fix. */
  readonly docs?: string | undefined
}

/** Thrown by every command that cannot go on; `main` renders it and exits with its code. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exit: ExitName
  readonly code: string
  readonly detail: FailureDetail

  constructor(exit: ExitName, code: string, message: string, detail: FailureDetail = {}) {
    super(message)
    this.exit = exit
    this.code = code
    this.detail = detail
  }
}

/** The error document of `--json`: `{code, message, why?, next?, leafIndex?, docs?}`, the same codes as the HTTP API. */
export function formatDocument({ code, message, detail }: Failure): Record<string, unknown> {
  return { code, message, ...detail }
}

/** Short lines for people: what happened, why, what fixes it, and the leaf that says so. */
export function formatLines({ exit, message, detail }: Failure): string[] {
  const lines = [`${exit === 'refused' ? 'refused' : 'error'}: ${message}`]
  if (detail.why) lines.push(`why: ${detail.why}`)
  if (detail.next) lines.push(`fix: ${detail.next}`)
  if (detail.leafIndex !== undefined) lines.push(`leaf: ${detail.leafIndex}`)
  return lines
}

/** The failure in whatever was thrown. What is not a Failure is a fault of ours or of the machine: its message is kept. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new Failure('failed', 'failed', message)
}
