/** How evidence says no: a code for machines and a sentence for people. Hostile bytes are refused, never thrown at the caller. */

export type Refusal<C extends string = string> = {
  /** snake_case, from the closed union of the function that refused. */
  readonly refused: C
  /** One human sentence that names the fact. */
  readonly because: string
}

export function refuse<C extends string>(refused: C, because: string): Refusal<C> {
  return { refused, because }
}

export function isRefusal(outcome: object): outcome is Refusal {
  return 'refused' in outcome && 'because' in outcome
}

/** Runs a strict parser that throws on malformed input: its value, or undefined when it threw. */
export function attempt<T>(parser: () => T): T | undefined {
  try {
    return parser()
  } catch {
    return undefined
  }
}

/** What a value looks like inside a refusal: quoted, control characters escaped, at most 80 characters. */
export function quoted(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text
  return JSON.stringify(short).replace(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/gu, escapeUnit)
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
