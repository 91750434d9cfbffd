/** Shapes of releases and grants in the API's answers. */

import * as z from '../bytes/schema.ts'
import { preset, variable } from '../domain/target.ts'
import { exact, instant, leafIndex, shown, who } from './contract.ts'

export const releaseState = z.enum([
  'waiting',
  'approved',
  'deploying',
  'deployed',
  'failed',
  'refused',
  'expired',
  'voided',
])
export type ReleaseState = z.infer<typeof releaseState>

export const releaseSummary = z.object({
  release: shown,
  fingerprint: shown,
  name: shown,
  repository: shown,
  environment: shown,
  state: releaseState,
  artifact: shown,
  artifactName: shown,
  commit: shown,
  requestedBy: who,
  requestedAt: instant,
  expiresAt: instant,
  given: z.int(),
  required: z.int(),
  leafIndex,
  you: z.object({ canApprove: z.boolean(), because: shown, who: z.array(who).optional() }).optional(),
})
export type ReleaseSummary = z.infer<typeof releaseSummary>

const station = z.object({
  key: shown,
  title: shown,
  state: z.enum(['done', 'waiting', 'todo', 'broken']),
  headline: shown,
  lines: z.array(shown).default([]),
  leafIndex: leafIndex.optional(),
})
export type Station = z.infer<typeof station>

export const release = releaseSummary.extend({
  statement: exact,
  statementDigest: shown,
  challenge: z.base64url().max(128),
  rpId: shown,
  credentialIds: z.array(shown).default([]),
  stations: z.array(station).default([]),
  approvals: z
    .array(
      z.object({
        by: who,
        at: instant,
        leafIndex,
        userVerified: z.boolean().optional(),
        software: z.boolean().optional(),
      }),
    )
    .default([]),
  rules: z.array(z.object({ text: shown, ok: z.boolean(), detail: shown })).default([]),
  risks: z.array(z.object({ kind: shown, text: shown })).default([]),
  canApprove: z.array(who).default([]),
  effect: shown.optional(),
})
export type Release = z.infer<typeof release>

/** What a request for a release answers with. */
export const requested = z.object({
  release: shown,
  fingerprint: shown,
  statementDigest: shown,
  approvalUrl: shown,
  required: z.int(),
  canApprove: z.array(who).default([]),
  expiresAt: instant,
})
export type Requested = z.infer<typeof requested>

export const progress = z.object({ state: releaseState, given: z.int(), required: z.int() })
export type Progress = z.infer<typeof progress>

/** Text that goes into configuration files: a line break in it would write a second setting. */
const oneLine = z
  .string()
  .max(8_192)
  .regex(/^[^\p{Cc}]*$/u)
const word = oneLine.regex(/^[^\s"'\\#%]+$/u)
/** A line of a file, with or without the line break that ends it. */
const fileLine = z
  .string()
  .transform((text) => text.trim())
  .pipe(oneLine)
const port = z.int().min(1).max(65_535)
/** One or more certificates as PEM, and nothing beside them. */
const pem = z
  .string()
  .max(16_384)
  .regex(/^(?:-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n?)+$/)

export const sshCredential = z.object({
  kind: z.literal('ssh'),
  certificate: fileLine,
  serial: shown,
  host: word,
  port,
  user: word,
  hostKey: fileLine.optional(),
  hostAuthorities: z.array(fileLine).max(8).optional(),
})
export type SshCredential = z.infer<typeof sshCredential>

export const postgresCredential = z.object({
  kind: z.literal('postgres'),
  user: word,
  password: oneLine,
  host: word,
  port,
  database: word,
  serial: shown,
})
export type PostgresCredential = z.infer<typeof postgresCredential>

export const mysqlCredential = z.object({
  kind: z.literal('mysql'),
  user: word,
  password: word,
  host: word,
  port,
  database: word,
  serial: shown,
  variable: variable.optional(),
  certificate: pem.optional(),
})
export type MysqlCredential = z.infer<typeof mysqlCredential>

export const tokenCredential = z.object({
  kind: z.literal('oidc'),
  /** A compact JWS, as no shell and no configuration takes for anything else. */
  token: z
    .string()
    .max(8_192)
    .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/),
  audience: word,
  host: word,
  port,
  serial: z.string().regex(/^\d{1,15}$/),
  preset: preset.optional(),
  account: word.optional(),
  variable: variable.optional(),
  certificate: z.string().max(8_192).optional(),
})
export type TokenCredential = z.infer<typeof tokenCredential>

/** As an environment may hold it. */
export const secretCredential = z.object({
  kind: z.enum(['secret', 'github']),
  value: z.string().regex(/^[^\0]{1,16384}$/),
  variable,
  host: word,
  port,
  serial: shown,
})
export type SecretCredential = z.infer<typeof secretCredential>

export const x509Credential = z.object({
  kind: z.literal('x509'),
  chain: pem,
  host: word,
  port,
  serial: shown,
  certificate: pem.optional(),
})
export type X509Credential = z.infer<typeof x509Credential>

export const granted = z.object({
  grant: shown,
  expiresAt: instant,
  credential: z.discriminatedUnion('kind', [
    sshCredential,
    postgresCredential,
    mysqlCredential,
    tokenCredential,
    x509Credential,
    secretCredential,
  ]),
})
export type Granted = z.infer<typeof granted>
