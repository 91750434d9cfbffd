/** A break-glass as the server tells it. */

import * as z from '../bytes/schema.ts'
import { exact, instant, leafIndex, shown, who } from './contract.ts'

const signable = z.object({ statement: exact })

export const breakable = signable.extend({ rpId: exact, release: shown, environment: shown })

const open = z.object({
  breakglass: shown,
  release: shown,
  releaseFingerprint: shown,
  environment: shown,
  by: who,
  at: instant,
  given: z.int(),
  required: z.int(),
  reviewBy: instant,
  isOverdue: z.boolean(),
  leafIndex,
  justified: signable,
  unjustified: signable,
})

export const breakglasses = z.object({ rpId: exact, open: z.array(open) })
