/** The fields that events and commands are made of: closed shapes with bounds, shared by every room. */

import * as z from '../bytes/schema.ts'

const ID = '[0-9a-z]{10,40}'

function id<P extends string>(prefix: P) {
  return z.templateLiteral([`${prefix}:`, z.string().regex(new RegExp(`^${ID}$`))])
}

export const personId = id('person')
export const jobId = id('job')
export const systemId = z.templateLiteral(['system:', z.string().regex(/^[a-z][a-z0-9/._-]{0,150}$/i)])
export const principalId = z.union([personId, jobId, id('agent'), systemId])
export const loginId = id('login')
export const releaseId = id('release')
export const grantId = id('grant')
export const buildId = id('build')
export const alertId = id('alert')
export const freezeId = id('freeze')
export const breakglassId = id('breakglass')
export const delegationId = id('delegation')
export const inquiryId = id('inquiry')

export const digest = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)])
/** SHA-1 or SHA-256 object names of git. */
export const commitId = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
export const at = z.int().min(0).max(253402300799999)
export const leafIndex = z.int().min(0)
export const role = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/)
/** Names that people give to things: repositories `acme/shop`, environments, targets. ASCII only, so no two look alike. */
export const name = z.string().regex(/^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,138}[A-Za-z0-9])?$/)
/** Where a role counts: everywhere, or on one thing and what is in it. */
export const scope = z.union([
  z.literal('instance'),
  z.templateLiteral([z.enum(['environment', 'repository', 'target']), ':', name]),
])
/** Who keeps it: people here, a directory that speaks SCIM, an identity provider, or the invitation that it came with. */
export const source = z.enum(['direct', 'scim', 'idp', 'invite'])
export const ref = z.string().regex(/^refs\/[\x21-\x7e]{1,240}$/)
export const refPattern = z.string().regex(/^refs\/[\x21-\x7e]{1,240}$/)
export const zone = z
  .string()
  .regex(/^[A-Za-z0-9+_-]+(?:\/[A-Za-z0-9+_-]+){0,2}$/)
  .max(64)
export const base64 = z
  .string()
  .regex(/^[A-Za-z0-9+/]*={0,2}$/)
  .max(8192)
export const base64url = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .max(8192)
export const text = z.string().min(1).max(1024)
export const fingerprint = z.string().regex(/^(?:SHA256:[A-Za-z0-9+/]{43}|[0-9a-f]{40,64})$/)
/** An OpenSSH public key without its comment, which is often the name of a person or of their machine. */
export const sshPublicKey = z
  .string()
  .max(2048)
  .regex(/^[a-z0-9@.-]{1,64} [A-Za-z0-9+/]+={0,2}$/)
export const url = z.url({ protocol: /^https?$/ }).max(512)

export type Scope = z.infer<typeof scope>
export type Source = z.infer<typeof source>
export type Digest = z.infer<typeof digest>
export type PersonId = z.infer<typeof personId>
export type PrincipalId = z.infer<typeof principalId>
export type LoginId = z.infer<typeof loginId>
export type ReleaseId = z.infer<typeof releaseId>
export type GrantId = z.infer<typeof grantId>
