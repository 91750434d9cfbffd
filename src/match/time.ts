/**
 * Moments as people type them: `24h` (ago), `today`, `yesterday`, `now`, `2026-11-01`, `2026-11-01T10:00+01:00`, and any of the
 * dates with a zone behind it, `2026-11-01T10:00@Europe/Vienna`. Without a zone it is UTC.
 */

/** `from` is included, `to` is not: a date is its day, in its zone, and a minute its sixty seconds. Milliseconds since the epoch. */
export type Moment = { readonly from: number; readonly to: number }

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?(Z|[+-]\d\d:\d\d)?$/
const DAY = 86_400_000

/** Undefined when it is none. `now`: milliseconds since the epoch. */
export function parseMoment(text: string, now: number): Moment | undefined {
  const span = /^(\d{1,6})([smhdw])$/.exec(text)
  if (span) return instant(now - Number(span[1]) * UNITS[span[2]!]!)
  if (text === 'now') return instant(now)
  const [written, zone, ...more] = text.split('@')
  if (more.length > 0 || (zone !== undefined && !isZone(zone))) return undefined
  if (written === 'today' || written === 'yesterday') return dayAgo(written === 'today' ? 0 : 1, now, zone)
  return readDate(written!, zone)
}

function instant(at: number): Moment {
  return { from: at, to: at + 1 }
}

function dayAgo(days: number, now: number, zone: string | undefined): Moment {
  const local = new Date(now + offsetAt(now, zone))
  const start = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() - days)
  return { from: fromLocal(start, zone), to: fromLocal(start + DAY, zone) }
}

function readDate(text: string, zone: string | undefined): Moment | undefined {
  const found = DATE.exec(text)
  if (!found) return undefined
  const [year, month, day, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map((part) => Number(part ?? 0))
  const [ms, offset] = [found[7], found[8]]
  if (offset !== undefined && zone !== undefined) return undefined
  const local = Date.UTC(year!, month! - 1, day, hour, minute, second, Number((ms ?? '').padEnd(3, '0')))
  const isReal =
    new Date(local).getUTCDate() === day && month! >= 1 && month! <= 12 && hour < 24 && minute < 60 && second < 60
  if (!isReal) return undefined
  const width = found[4] === undefined ? DAY : found[6] === undefined ? 60_000 : ms === undefined ? 1_000 : 1
  const shift = offsetOf(offset)
  return shift === undefined
    ? { from: fromLocal(local, zone), to: fromLocal(local + width, zone) }
    : { from: local - shift, to: local + width - shift }
}

function offsetOf(text: string | undefined): number | undefined {
  if (text === undefined || text === 'Z') return text && 0
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(4))]
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).format(0)
    return true
  } catch {
    return false
  }
}

/** The moment at which clocks of the zone show this; the earlier one of two, the later side of a gap. */
function fromLocal(local: number, zone: string | undefined): number {
  const guess = local - offsetAt(local, zone)
  const earlier = local - offsetAt(guess - DAY / 8, zone)
  return earlier + offsetAt(earlier, zone) === local ? earlier : local - offsetAt(guess, zone)
}

function offsetAt(at: number, zone: string | undefined): number {
  if (zone === undefined) return 0
  const parts = new Intl.DateTimeFormat('en', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  }).formatToParts(at)
  const part = (type: string) => Number(parts.find((one) => one.type === type)!.value)
  const shown = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return shown - Math.floor(at / 1_000) * 1_000
}
