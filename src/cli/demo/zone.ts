/** Where people of the demo live, so that right now it is working time for them, or the middle of their night or weekend. */

import { localTime } from '../../domain/local-time.ts'

const CITIES = [
  'Pacific/Auckland',
  'Australia/Sydney',
  'Asia/Tokyo',
  'Asia/Shanghai',
  'Asia/Dhaka',
  'Asia/Kolkata',
  'Asia/Dubai',
  'Africa/Nairobi',
  'Europe/Berlin',
  'Europe/London',
  'Atlantic/Azores',
  'America/Sao_Paulo',
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'Pacific/Honolulu',
] as const

export interface Zones {
  /** One where people are at work; anywhere, when it is weekend everywhere. */
  readonly working: string
  /** Whether it really is working time there. */
  readonly isWorking: boolean
  /** One where nobody is. */
  readonly away: string
}

const NOON = 12
const DEEP_NIGHT = 2

/** For office hours from 8 to 18, Monday to Friday, with hours to spare on both sides. */
export function chooseZones(at: number): Zones {
  const places = CITIES.map((zone) => ({ zone, ...localTime(at, zone) }))
  const isWeekday = ({ weekday }: { weekday: number }) => weekday <= 5
  const working = closest(
    places.filter((place) => isWeekday(place) && place.hour >= 9 && place.hour <= 16),
    NOON,
  )
  const away = closest(
    places.filter(({ hour }) => hour >= 20 || hour <= 6),
    DEEP_NIGHT,
  )
  return { working: working ?? 'UTC', isWorking: working !== undefined, away: away ?? closest(places, DEEP_NIGHT)! }
}

/** The one whose clock is nearest to an hour, around midnight too. */
function closest(
  places: readonly { readonly zone: string; readonly hour: number }[],
  hour: number,
): string | undefined {
  const distance = (of: number) => Math.min(Math.abs(of - hour), 24 - Math.abs(of - hour))
  return places.toSorted((one, other) => distance(one.hour) - distance(other.hour))[0]?.zone
}
