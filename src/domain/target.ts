/** What can be reached with a credential: a host, a database, a cloud, an API. How Countersign itself gets in is not in the log. */

import * as z from '../bytes/schema.ts'
import { allowed, refused, type Decision } from './decision.ts'
import * as f from './field.ts'
import type { Answered } from './question.ts'
import type { State } from './state.ts'

const address = z.string().regex(/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\]):\d{1,5}$/)
const unixName = z.string().regex(/^[a-z_][a-z0-9_-]{0,62}$/)

/**
 * `oidc` is whatever trusts tokens of our issuer: clouds, clusters, vaults, APIs. `x509` is whatever trusts certificates of our
 * authority. `github` is one repository there, `secret` whatever takes nothing but a secret that stays the same.
 */
export const kind = z.enum(['ssh', 'postgres', 'mysql', 'oidc', 'x509', 'github', 'secret'])
export type Kind = z.infer<typeof kind>

/** How the tools of its place look for a token. */
export const preset = z.enum(['aws', 'google', 'azure', 'vault', 'kubernetes'])
export type Preset = z.infer<typeof preset>

/** A secret is handed over under a name that ends like one, so that it is never one that decides what a program loads. */
export const variable = z.string().regex(/^[A-Z][A-Z0-9_]{0,62}(?:TOKEN|KEY|SECRET|PASSWORD|CREDENTIALS?|PAT|URL|DSN)$/)

export const events = {
  'target.defined': z.strictObject({
    target: f.name,
    kind,
    address,
    logins: z.array(unixName).max(16).optional(),
    forceCommand: f.text.optional(),
    sourceAddress: z.string().max(512).optional(),
    hostKey: z.string().max(1024).optional(),
    database: unixName.optional(),
    parentRole: unixName.optional(),
    /** oidc: for whom its tokens are, and nobody else. */
    audience: z
      .string()
      .regex(/^[\x21-\x7e]{1,512}$/)
      .optional(),
    preset: preset.optional(),
    /** oidc: whom a job becomes there: a role, a service account, `tenant/client`. */
    account: z
      .string()
      .regex(/^[\x21-\x7e]{1,512}$/)
      .optional(),
    /** What a job of it finds the token under, in its environment. */
    variable: variable.optional(),
    /** The certificate authority of the place itself, as PEM. */
    certificate: z.string().max(8192).optional(),
    /** github: the one repository, and what may be done in it. */
    repository: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[A-Za-z0-9._-]{1,100}$/)
      .optional(),
    permissions: z
      .record(z.string().regex(/^[a-z_]{1,64}$/), z.enum(['read', 'write', 'admin']))
      .refine((named) => Object.keys(named).length <= 32, 'at most 32')
      .optional(),
    /** secret: how old it may be. */
    rotateAfterDays: z.int().min(1).max(3650).optional(),
  }),
  /** A host that shows this key from now on is it; the serial of its certificate is the leaf index. */
  'target.certified': z.strictObject({ target: f.name, publicKey: f.sshPublicKey, validUntil: f.at }),
}

export const commands = {
  'define target': events['target.defined'].extend({ type: z.literal('define target') }),
  'certify host': events['target.certified'].extend({ type: z.literal('certify host') }),
}

export type TargetEvent = {
  [T in keyof typeof events]: { readonly type: T } & z.infer<(typeof events)[T]>
}[keyof typeof events]
export type Target = z.infer<(typeof events)['target.defined']> & {
  /** Whether it shows a certificate of ours, and until when. */
  readonly certified?: { readonly until: number; readonly leafIndex: number }
  readonly leafIndex: number
}

export function apply(state: State, event: TargetEvent, leafIndex: number): void {
  const before = state.targets.get(event.target)
  if (event.type === 'target.certified') {
    if (before) state.targets.set(event.target, { ...before, certified: { until: event.validUntil, leafIndex } })
    return
  }
  const { type: _, ...target } = event
  const certified = before && hostOf(before) === hostOf(event) ? before.certified : undefined
  state.targets.set(target.target, { ...target, ...(certified && { certified }), leafIndex })
}

/** A host is certified under the name that it is reached by. */
export function certify(
  { type: _, ...certified }: z.infer<(typeof commands)['certify host']>,
  { policy, isAllowed }: Answered,
  { targets }: State,
): Decision {
  const refusal = { type: 'principal.refused' as const, wanted: 'certify host' }
  if (!isAllowed) return refused(refusal, 'policy_refused', policy)
  if (targets.get(certified.target)?.kind !== 'ssh') return refused(refusal, 'no_such_target', policy)
  return allowed({ type: 'target.certified', ...certified }, policy)
}

export function hostOf({ address: place }: Pick<Target, 'address'>): string {
  return place.slice(0, place.lastIndexOf(':')).replace(/^\[|\]$/g, '')
}
