/** Shapes of people and of what administrators set up. */

import { from, rules } from '../../domain/approval-rule.ts'
import * as z from '../../bytes/schema.ts'
import { claimNames } from '../../domain/issuer.ts'
import { kind } from '../../domain/target.ts'
import { DIALECTS } from '../../evidence/oidc-dialect.ts'
import { instant, leafIndex, who } from './shape-word.ts'

/** A role that somebody holds: `scope` is `instance`, or such as `environment:production`. */
export const binding = z.strictObject({
  binding: z.string(),
  role: z.string(),
  scope: z.string(),
  from: instant.optional(),
  until: instant.optional(),
  /** Through this group. */
  group: z.string().optional(),
  source: z.enum(['direct', 'scim', 'idp', 'invite']),
  isInForce: z.boolean(),
  leafIndex,
})

export const groups = z.strictObject({
  groups: z.array(
    z.strictObject({
      group: z.string(),
      source: z.enum(['direct', 'scim', 'idp', 'invite']),
      members: z.array(who),
      bindings: z.array(binding),
      leafIndex,
    }),
  ),
})

export const networks = z.strictObject({
  networks: z.array(z.strictObject({ network: z.string(), cidrs: z.array(z.string()), leafIndex })),
  /** Those that whoever asks is in. */
  here: z.array(z.string()),
})

export const person = z.strictObject({
  who,
  /** Those that count everywhere, at this moment. */
  roles: z.array(z.string()),
  /** All of them, wherever and whenever they count. */
  bindings: z.array(binding),
  groups: z.array(z.string()),
  zone: z.string(),
  /** Hours of the day in the person's own zone; days are 1 for Monday to 7. */
  hours: z.strictObject({ from: z.int(), to: z.int(), days: z.array(z.int()) }).optional(),
  enrolled: z.boolean(),
  revoked: z.boolean(),
  keys: z.array(
    z.strictObject({ fingerprint: z.string(), format: z.enum(['ssh', 'openpgp']), enrolledAt: instant, leafIndex }),
  ),
  passkeys: z.int(),
  leafIndex,
})
export type Person = z.infer<typeof person>
export const people = z.strictObject({ people: z.array(person) })

export const policySet = z.strictObject({
  digest: z.string(),
  activatedAt: instant,
  leafIndex,
  files: z.array(z.strictObject({ name: z.string(), text: z.string(), ids: z.array(z.string()) })),
})
export type PolicySetShape = z.infer<typeof policySet>

export const repository = z.strictObject({
  repository: z.string(),
  ciRepositoryId: z.string().optional(),
  ciOwnerId: z.string().optional(),
  ciIssuer: z.string().optional(),
  protectedRefs: z.array(z.string()),
  doorKey: z.string(),
  baseline: z.array(z.string()),
  leafIndex,
})
export const repositories = z.strictObject({ repositories: z.array(repository) })

export const environment = z.strictObject({
  environment: z.string(),
  approvals: z.int(),
  approverRole: z.string(),
  targets: z.array(z.string()),
  grantLifetimeSeconds: z.number(),
  requestLifetimeSeconds: z.number(),
  /** Absent: so many with the approver role. */
  rules: rules.optional(),
  escalation: z.strictObject({ afterSeconds: z.number(), to: from }).optional(),
  reviewWithinSeconds: z.number(),
  refs: z.array(z.string()),
  leafIndex,
})
export const environments = z.strictObject({ environments: z.array(environment) })

export const freezes = z.strictObject({
  freezes: z.array(
    z.strictObject({
      freeze: z.string(),
      environment: z.string(),
      by: who,
      from: instant,
      /** Absent: until it is ended. */
      until: instant.optional(),
      isNow: z.boolean(),
      leafIndex,
    }),
  ),
})

export const target = z.strictObject({
  target: z.string(),
  kind,
  address: z.string(),
  principals: z.array(z.string()).optional(),
  forceCommand: z.string().optional(),
  sourceAddress: z.string().optional(),
  database: z.string().optional(),
  parentRole: z.string().optional(),
  hostKey: z.string().optional(),
  audience: z.string().optional(),
  preset: z.string().optional(),
  account: z.string().optional(),
  variable: z.string().optional(),
  certificate: z.string().optional(),
  repository: z.string().optional(),
  permissions: z.record(z.string(), z.string()).optional(),
  rotateAfterDays: z.int().optional(),
  /** ssh: until when its host key is certified. */
  certifiedUntil: instant.optional(),
  /** Which version is kept, since when, and when it should be replaced. */
  secret: z.strictObject({ version: z.int(), keptAt: instant, dueAt: instant.optional(), leafIndex }).optional(),
  leafIndex,
})
export const targets = z.strictObject({ targets: z.array(target) })

export const issuer = z.strictObject({
  issuer: z.string(),
  kind: z.enum(DIALECTS),
  jwksUri: z.string().optional(),
  claims: claimNames.optional(),
  loginLifetimeMs: z.int().optional(),
  leafIndex,
})
export const issuers = z.strictObject({ issuers: z.array(issuer) })
