/** What the server says of its own log; only the signed checkpoint in it can be believed without asking further. */

import * as z from '../bytes/schema.ts'
import { exact, instant, leafIndex, shown } from './contract.ts'

export const logStatus = z.object({
  origin: shown,
  treeSize: z.int(),
  rootHash: exact,
  checkpoint: exact,
  signedAt: instant.optional(),
  witnesses: z
    .array(
      z.object({
        name: shown,
        cosignedSize: z.int().nullish(),
        cosignedAt: instant.nullish(),
        lag: z.number().nullish(),
      }),
    )
    .default([]),
  stamp: z
    .object({ authority: shown, treeSize: z.int().nullish(), stampedAt: instant.nullish(), trouble: shown.nullish() })
    .nullish(),
  healthy: z.boolean(),
  trouble: z.object({ sentence: shown, leafIndex: leafIndex.nullish() }).nullish(),
})
