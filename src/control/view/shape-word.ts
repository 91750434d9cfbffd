/** The words that all shapes share: instants, who, proof, the health of the log. */

import * as z from '../../bytes/schema.ts'

export const instant = z.iso.datetime({ precision: 3 })
export const leafIndex = z.int().min(0)

const principal = {
  id: z.string(),
  kind: z.enum(['person', 'job', 'agent', 'system']),
  /** A handle, or what a job is; the id when nobody knows better. */
  name: z.string(),
  /** A person's full name, or what part of Countersign it is. */
  label: z.string().optional(),
  /** The passkey lives in a file, not in hardware. */
  software: z.boolean().optional(),
}
export const who = z.strictObject({ ...principal, onBehalfOf: z.strictObject(principal).optional() })
export type Who = z.infer<typeof who>

/** Inclusion of a leaf in a tree of that size; hashes from leaf to root, base64. `checkpoint` is the signed note of that size. */
export const proof = z.strictObject({
  treeSize: z.int(),
  rootHash: z.string(),
  hashes: z.array(z.string()),
  checkpoint: z.string(),
})

export const logStatus = z.strictObject({
  origin: z.string(),
  treeSize: z.int(),
  rootHash: z.string(),
  checkpoint: z.string(),
  signedAt: instant,
  witnesses: z.array(
    z.strictObject({
      name: z.string(),
      key: z.string(),
      cosignedSize: z.int().optional(),
      cosignedAt: instant.optional(),
      lag: z.int(),
    }),
  ),
  /** The authority that stamps checkpoints with the time, where there is one; `trouble` when it is behind. */
  stamp: z
    .strictObject({
      authority: z.string(),
      treeSize: z.int().optional(),
      stampedAt: instant.optional(),
      trouble: z.string().optional(),
    })
    .optional(),
  healthy: z.boolean(),
  trouble: z.strictObject({ sentence: z.string(), leafIndex: leafIndex.optional(), since: instant }).optional(),
  lastScrubAt: instant.optional(),
  key: z.string(),
  startedAt: instant,
})
export type LogStatus = z.infer<typeof logStatus>
