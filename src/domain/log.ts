/** The log about itself: its birth, its keys, its starts, and every time that stored bytes did not match what was signed. */

import * as z from '../bytes/schema.ts'
import { recorded, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { State } from './state.ts'

export const events = {
  /** Leaf 0. Fixes the origin for ever and names the keys that sign from here on. */
  'log.created': z.strictObject({
    origin: f.name,
    logKey: z.string().max(256),
    sshCa: z.string().max(256),
  }),
  /** A start of the server: by which version, and at which addresses passkeys and CI tokens are taken from here on. */
  'log.opened': z.strictObject({
    version: z.string().max(64),
    treeSize: f.leafIndex,
    rpId: z.string().max(253),
    origins: z.array(f.url).max(8),
    audience: z.string().min(1).max(256),
  }),
  /** Until then the key before it signs as well, so that those who know only that one follow in peace. */
  'log.rotated': z.strictObject({ logKey: z.string().max(256), overlapUntil: f.at.optional() }),
  /** A time-stamping authority (RFC 3161) saw the checkpoint of that size; the stamp is the evidence of the leaf. */
  'log.stamped': z.strictObject({
    treeSize: f.leafIndex,
    stampedAt: f.at,
    /** Of the stamp, a TimeStampResp. */
    digest: f.digest,
    serialNumber: z.string().regex(/^(?:[0-9a-f]{2}){1,21}$/),
    /** Digest of the certificate that was trusted. */
    authority: f.digest,
  }),
  'log.damaged': z.strictObject({ leafIndex: f.leafIndex, file: z.string().max(256), problem: z.string().max(64) }),
  'log.repaired': z.strictObject({ leafIndexes: z.array(f.leafIndex).min(1).max(256), from: z.string().max(256) }),
  /** What nobody verified sent since the last summary, by why it was turned away: counted, or the log could be flooded. */
  'log.summarised': z.strictObject({
    refused: z
      .array(z.strictObject({ code: z.string().max(64), count: z.int().min(1) }))
      .min(1)
      .max(256),
  }),
  'log.refused': z.strictObject({ wanted: z.string().max(64) }),
}

export const commands = {
  'create log': events['log.created'].extend({ type: z.literal('create log') }),
  'open log': events['log.opened'].extend({ type: z.literal('open log') }),
  'rotate log key': events['log.rotated'].extend({ type: z.literal('rotate log key') }),
  /** What it rests on are the checkpoint, the stamp, and the certificates that were trusted. */
  'stamp log': z.strictObject({ type: z.literal('stamp log'), treeSize: f.leafIndex }),
  'report damage': events['log.damaged'].extend({ type: z.literal('report damage') }),
  'summarise noise': events['log.summarised'].extend({ type: z.literal('summarise noise') }),
  'repair log': events['log.repaired'].extend({ type: z.literal('repair log') }),
}

export type LogEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]

export type LogFacts = {
  origin: string
  logKey: string
  /** Keys before it, oldest first, each with the moment until which it signs as well. */
  formerKeys: { logKey: string; until: number; leafIndex: number }[]
  /** The newest checkpoint with a time stamp. */
  stamped?: { treeSize: number; at: number }
  sshCa: string
  rpId: string
  origins: readonly string[]
  audience: string
  /** Leaves that were found damaged and not repaired yet. */
  damaged: number[]
}

export type StampClaims = z.infer<(typeof events)['log.stamped']>

/** Only ever a later checkpoint than the one stamped before; undefined when it is none. */
export function stamp(
  { treeSize }: z.infer<(typeof commands)['stamp log']>,
  claims: StampClaims | undefined,
  { log }: State,
): Decision | undefined {
  if (!claims || claims.treeSize !== treeSize || treeSize <= (log?.stamped?.treeSize ?? 0)) return undefined
  return recorded({ type: 'log.stamped', ...claims })
}

export function apply(state: State, event: LogEvent, leafIndex: number): void {
  switch (event.type) {
    case 'log.created': {
      const { type: _, ...facts } = event
      state.log = { ...facts, rpId: '', origins: [], audience: '', damaged: [], formerKeys: [] }
      return
    }
    case 'log.opened': {
      const { rpId, origins, audience } = event
      if (state.log) Object.assign(state.log, { rpId, origins, audience })
      return
    }
    case 'log.rotated':
      if (!state.log) return
      state.log.formerKeys.push({ logKey: state.log.logKey, until: event.overlapUntil ?? 0, leafIndex })
      state.log.logKey = event.logKey
      return
    case 'log.stamped':
      if (state.log) state.log.stamped = { treeSize: event.treeSize, at: event.stampedAt }
      return
    case 'log.damaged':
      if (state.log && !state.log.damaged.includes(event.leafIndex)) state.log.damaged.push(event.leafIndex)
      return
    case 'log.repaired':
      if (state.log) state.log.damaged = state.log.damaged.filter((damaged) => !event.leafIndexes.includes(damaged))
      return
    case 'log.summarised':
    case 'log.refused':
  }
}
