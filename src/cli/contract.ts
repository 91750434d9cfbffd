/** The shapes of the API's answers that more than one command reads. Text of others is made printable as it is parsed. */

import * as z from '../bytes/schema.ts'
import { printable } from './text.ts'

/** For showing: control characters are spelled out. */
export const shown = z.string().max(20_000).transform(printable)
/** For hashing, signing and sending back: exactly as it came. */
export const exact = z.string().max(1_000_000)
export const instant = z.string().max(40)
export const leafIndex = z.int().min(0)

export interface Who {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly label?: string | undefined
  readonly software?: boolean | undefined
  readonly onBehalfOf?: Who | undefined
}

export const who: z.ZodType<Who> = z.object({
  id: shown,
  kind: shown,
  name: shown,
  label: shown.optional(),
  software: z.boolean().optional(),
  get onBehalfOf() {
    return who.optional()
  },
})

export const proof = z.object({
  treeSize: z.int().min(1),
  rootHash: z.base64(),
  hashes: z.array(z.base64()).max(64),
  checkpoint: exact,
})
export type Proof = z.infer<typeof proof>

export const outcome = z.enum(['allowed', 'refused', 'waiting'])

export const receipt = z.object({
  outcome,
  leafIndex,
  type: shown,
  result: z.unknown(),
  reason: shown.optional(),
  policies: z.array(shown).default([]),
  leaf: exact,
  proof,
})
export type Receipt<R = unknown> = Omit<z.infer<typeof receipt>, 'result'> & { readonly result: R }

export const problem = z.object({
  title: shown.optional(),
  status: z.int().optional(),
  detail: shown.optional(),
  code: z.string().regex(/^[a-z0-9_]{1,64}$/u),
  next: shown.optional(),
  leafIndex: leafIndex.optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
  policies: z.array(shown).optional(),
  receipt: receipt.optional(),
  type: shown.optional(),
})
export type Problem = z.infer<typeof problem>

export const row = z.object({
  leafIndex,
  at: instant,
  type: shown,
  outcome: z.enum(['allowed', 'refused', 'waiting', 'recorded']),
  who,
  sentence: shown,
  resource: z.object({ kind: shown, id: shown, name: shown }).optional(),
  environment: shown.optional(),
  reason: shown.optional(),
  policies: z.array(shown).default([]),
})
export type Row = z.infer<typeof row>

export const discovery = z.object({
  origin: shown,
  logKey: exact,
  audience: exact,
  version: shown.optional(),
  witnesses: z.array(z.object({ name: shown, key: exact })).default([]),
})
export type Discovery = z.infer<typeof discovery>

/** What every way of signing in answers with. */
export const opened = z.object({
  login: shown,
  token: z.string().regex(/^cs_[A-Za-z0-9_-]{43}$/u),
  expiresAt: instant,
  who,
})
export type Opened = z.infer<typeof opened>

/** `@ana`, `gh:acme/shop run 7`, `release-bot for @dana`; a software passkey is always said. */
export function formatWho({ kind, name, software, onBehalfOf }: Who): string {
  const own = kind === 'person' && !name.startsWith('@') ? `@${name}` : name
  const label = software ? `${own} (software passkey)` : own
  return onBehalfOf ? `${label} for ${formatWho(onBehalfOf)}` : label
}
