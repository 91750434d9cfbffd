/** Wall-clock time where somebody lives: the hour and the day that their own clock shows. */

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const formats = new Map<string, Intl.DateTimeFormat>()
const MAX_FORMATS = 1_000

/** A zone that is not known here, or not any more, is taken for UTC: the log has it, and must be readable all the same. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  if (formats.size >= MAX_FORMATS) formats.clear()
  const format = createFormat(isZone(zone) ? zone : 'UTC')
  formats.set(zone, format)
  return format
}

function createFormat(timeZone: string): Intl.DateTimeFormat {
  const parts = {
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const
  return new Intl.DateTimeFormat('en-GB', { ...parts, timeZone })
}

type LocalTime = { readonly day: string; readonly hour: number; readonly weekday: number; readonly text: string }

/** The minute that was asked for last, in each zone: leaves come in the order of their time. */
const minutes = new Map<string, { readonly minute: number; readonly time: LocalTime }>()

/** Wall-clock time in an IANA zone, in UTC where there is none of that name; weekdays are 1 for Monday to 7. Never throws. */
export function localTime(at: number, zone: string): LocalTime {
  const minute = Math.floor(at / 60_000)
  const known = minutes.get(zone)
  if (known?.minute === minute) return known.time
  if (minutes.size >= MAX_FORMATS) minutes.clear()
  const time = formatTime(at, zone)
  minutes.set(zone, { minute, time })
  return time
}

function formatTime(at: number, zone: string): LocalTime {
  const format = formatOf(zone)
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const day = `${part['year']}-${part['month']}-${part['day']}`
  return {
    day,
    hour: Number(part['hour']),
    weekday: WEEKDAYS.indexOf(part['weekday']!) + 1,
    text: `${part['weekday']} ${day} ${part['hour']}:${part['minute']} ${format.resolvedOptions().timeZone === 'UTC' ? 'UTC' : zone}`,
  }
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone }).resolvedOptions().timeZone.length > 0
  } catch {
    return false
  }
}
