/** What can be reached with a credential: a host over SSH, a database. How Countersign itself gets in is not in the log. */

import * as z from '../bytes/schema.ts'
import * as f from './field.ts'
import type { State } from './state.ts'

const address = z.string().regex(/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\]):\d{1,5}$/)
const unixName = z.string().regex(/^[a-z_][a-z0-9_-]{0,62}$/)

export const events = {
  'target.defined': z.strictObject({
    target: f.name,
    kind: z.enum(['ssh', 'postgres']),
    address,
    logins: z.array(unixName).max(16).optional(),
    forceCommand: f.text.optional(),
    sourceAddress: z.string().max(512).optional(),
    hostKey: z.string().max(1024).optional(),
    database: unixName.optional(),
    parentRole: unixName.optional(),
  }),
}

export const commands = { 'define target': events['target.defined'].extend({ type: z.literal('define target') }) }

export type TargetEvent = { readonly type: 'target.defined' } & z.infer<(typeof events)['target.defined']>
export type Target = z.infer<(typeof events)['target.defined']> & { readonly leafIndex: number }

export function apply(state: State, { type: _, ...target }: TargetEvent, leafIndex: number): void {
  state.targets.set(target.target, { ...target, leafIndex })
}
