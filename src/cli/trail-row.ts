/** A leaf of the log as one line for people. Colour repeats the outcome; it never says it alone. */

import { formatWho, type Row } from './contract.ts'
import type { Paint } from './terminal.ts'
import { formatInstant } from './text.ts'

export const HEAD = ['LEAF', 'AT', 'OUTCOME', 'TYPE', 'WHO AND WHAT']

export function cells({ leafIndex, at, outcome, type, who, sentence, reason }: Row, paint: Paint): string[] {
  const why = reason ? ` (${reason})` : ''
  return [
    String(leafIndex),
    formatInstant(at),
    paintOutcome(outcome, paint),
    type,
    `${formatWho(who)} ${sentence}${why}`,
  ]
}

export function paintOutcome(outcome: Row['outcome'], paint: Paint): string {
  if (outcome === 'allowed') return paint.good(outcome)
  if (outcome === 'refused') return paint.bad(outcome)
  return outcome === 'waiting' ? paint.amber(outcome) : paint.dim(outcome)
}

/** The same line without a table around it, for a stream. */
export function streamed(row: Row, paint: Paint): string {
  const [index, at, outcome, type, text] = cells(row, paint)
  return `${index!.padStart(7)}  ${at}  ${outcome}  ${type}  ${text}`
}
