/** Shapes that several routes take or give. */

import * as z from '../bytes/schema.ts'
import { isZone } from '../domain/local-time.ts'
import * as f from '../domain/field.ts'

/** Instants as they are written outside: RFC 3339, UTC, with milliseconds. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString()
}

export { instant } from '../control/view/shape.ts'
export const futureInstant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))
export const zone = f.zone.refine(isZone, 'not a time zone of the IANA database')
export const handle = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, and . _ - in between')
export const personName = z.string().min(1).max(200)
export const email = z.email().max(254)
/** Why, in a person's own words: kept as personal data. */
export const reason = z.string().min(1).max(1000)
export const nothing = z.object({})
