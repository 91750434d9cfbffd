/** What every way of signing in answers with. */

import * as z from '../bytes/schema.ts'
import { who } from '../control/view/shape.ts'
import { instant } from './field.ts'

/** A working day; what is delicate asks for a fresher one. */
export const PERSON_LOGIN_MS = 12 * 3_600_000

export const opened = z.object({
  login: z.string(),
  token: z.string().optional().describe('Shown once; absent where it was set as a cookie.'),
  expiresAt: instant,
  who: who,
  returnTo: z
    .string()
    .optional()
    .describe('Where the browser wanted to go, when it went to an identity provider first.'),
})
export type Opened = z.input<typeof opened>
