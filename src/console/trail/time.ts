/** Ranges of time as the trail's query spells them: `at:2026-11-23T10:00Z..2026-11-23T10:59Z`, whose ends are both in it. */

export type Range = { readonly from: number; readonly to: number }

const SECOND = 1_000
const MINUTE = 60_000

/** Milliseconds since the epoch; `to` is not in it. Long ranges are spelled in whole minutes or seconds, and never come out shorter. */
export function formatRange({ from, to }: Range): string {
  const unit = to - from > 6 * 60 * MINUTE ? MINUTE : to - from > MINUTE ? SECOND : 1
  const [first, end] = [Math.floor(from / unit) * unit, Math.ceil(to / unit) * unit]
  return `at:${spell(first, unit)}..${spell(Math.max(first, end - unit), unit)}`
}

function spell(at: number, unit: number): string {
  const text = new Date(at).toISOString()
  if (unit === 1) return text
  return `${text.slice(0, unit === MINUTE ? 16 : 19)}Z`
}

const RANGE = /^at:(\S+Z)\.\.(\S+Z)$/

/** Of a term that `formatRange` made. */
export function parseRange(term: string): Range | undefined {
  const [, first = '', last = ''] = RANGE.exec(term) ?? []
  const [from, start] = [Date.parse(first), Date.parse(last)]
  if (Number.isNaN(from) || Number.isNaN(start)) return undefined
  const unit = last.length === 17 ? MINUTE : last.length === 20 ? SECOND : 1
  return { from, to: start + unit }
}

/** For an input of a date and a time, in the reader's zone, to the second. */
export function formatLocal(at: number): string {
  const date = new Date(at)
  return new Date(at - date.getTimezoneOffset() * MINUTE).toISOString().slice(0, 19)
}

/** Undefined when it is none. */
export function parseLocal(text: string): number | undefined {
  const at = new Date(text).getTime()
  return Number.isNaN(at) ? undefined : at
}
