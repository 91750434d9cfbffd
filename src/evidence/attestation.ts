/**
 * Provenance of a build (in-toto Statement v1, SLSA provenance v1 in a DSSE envelope), verified: the holder of a trusted key
 * says that these artifacts were built from this source.
 */

import { canonical, parse, type Json } from '../bytes/json.ts'
import type { DigestText } from '../bytes/digest.ts'
import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { verifyEnvelope, type EnvelopeRefusal, type TrustedEnvelopeKey } from './envelope.ts'
import { attempt, isRefusal, refuse, type Refusal } from './refusal.ts'

export { formatEnvelope, pae, type TrustedEnvelopeKey } from './envelope.ts'

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1'

export type Artifact = { readonly name: string; readonly digest: DigestText }

/** Something the build used. `digest` maps algorithm names (`sha256`, `gitCommit`) to hexadecimal. */
export type Dependency = {
  readonly uri?: string | undefined
  readonly digest: { readonly [algorithm: string]: string }
}

export type Provenance = {
  /** What was built: at least one artifact, each with a SHA-256 digest. */
  readonly subjects: readonly Artifact[]
  readonly buildType: string
  readonly builderId: string
  readonly externalParameters: { readonly [name: string]: Json | undefined }
  readonly resolvedDependencies: readonly Dependency[]
  readonly invocationId?: string | undefined
  /** ms; the builder's own statement. */
  readonly startedAt?: number | undefined
  readonly finishedAt?: number | undefined
}

/** `keyId` names the trusted key that verified it. */
export type ProvenanceClaims = Provenance & { readonly keyId: string }

export type ProvenanceRefusal =
  | EnvelopeRefusal
  | Refusal<'malformed_statement' | 'unsupported_predicate' | 'weak_digest'>

const line = z.string().min(1).max(2048)
const digests = z.record(z.string().min(1).max(64), z.string().regex(/^[0-9a-f]{8,256}$/))
const open = z.record(z.string().max(256), z.json())
const resource = z.strictObject({
  name: line.optional(),
  uri: line.optional(),
  digest: digests.optional(),
  content: z.string().max(65_536).optional(),
  downloadLocation: line.optional(),
  mediaType: line.optional(),
  annotations: open.optional(),
})
const instant = z.iso.datetime({ offset: true })
const predicate = z.strictObject({
  buildDefinition: z.strictObject({
    buildType: line,
    externalParameters: open,
    internalParameters: open.optional(),
    resolvedDependencies: z.array(resource).max(4096).optional(),
  }),
  runDetails: z.strictObject({
    builder: z.strictObject({
      id: line,
      builderDependencies: z.array(resource).max(1024).optional(),
      version: z.record(line, z.string().max(256)).optional(),
    }),
    metadata: z
      .strictObject({ invocationId: line.optional(), startedOn: instant.optional(), finishedOn: instant.optional() })
      .optional(),
    byproducts: z.array(resource).max(1024).optional(),
  }),
})
const statement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z
    .array(resource.extend({ name: line, digest: digests }))
    .min(1)
    .max(1024),
  predicateType: line,
  predicate: open,
})

/**
 * Verifies provenance in a DSSE envelope (JSON bytes, at most 1 MiB) with the trusted keys valid at `at` (ms). Schemas are
 * closed; every subject needs a SHA-256. Which builder and which parameters are acceptable is policy. Never throws.
 */
export function verifyProvenance(
  envelope: Uint8Array,
  { keys }: { readonly keys: readonly TrustedEnvelopeKey[] },
  at: number,
): ProvenanceClaims | ProvenanceRefusal {
  const signed = verifyEnvelope(envelope, PAYLOAD_TYPE, keys, at)
  if (isRefusal(signed)) return signed
  const said = attempt(() => statement.parse(parse(utf8.decode(signed.payload))))
  if (!said) return refuse('malformed_statement', 'The attestation is not an in-toto Statement v1.')
  if (said.predicateType !== PREDICATE_TYPE) {
    return refuse('unsupported_predicate', 'The attestation is no SLSA provenance v1.')
  }
  const provenance = predicate.safeParse(said.predicate)
  if (!provenance.success)
    return refuse('malformed_statement', 'The attestation’s predicate is not SLSA provenance v1.')
  const subjects = said.subject.map(readSubject)
  if (subjects.includes(undefined)) return refuse('weak_digest', 'The attestation names an artifact without SHA-256.')
  return { ...translate(provenance.data), subjects: subjects as Artifact[], keyId: signed.keyId }
}

function readSubject({
  name,
  digest,
}: {
  name: string
  digest: { [algorithm: string]: string }
}): Artifact | undefined {
  const { sha256 } = digest
  return sha256?.length === 64 ? { name, digest: `sha256:${sha256}` } : undefined
}

function translate({ buildDefinition, runDetails }: z.infer<typeof predicate>): Omit<Provenance, 'subjects'> {
  const { invocationId, startedOn, finishedOn } = runDetails.metadata ?? {}
  return {
    buildType: buildDefinition.buildType,
    builderId: runDetails.builder.id,
    externalParameters: buildDefinition.externalParameters as Provenance['externalParameters'],
    resolvedDependencies: (buildDefinition.resolvedDependencies ?? []).map(({ uri, digest = {} }) => ({ uri, digest })),
    invocationId,
    startedAt: startedOn === undefined ? undefined : Date.parse(startedOn),
    finishedAt: finishedOn === undefined ? undefined : Date.parse(finishedOn),
  }
}

/** Canonical JSON bytes of the statement: the payload for `formatEnvelope`. */
export function formatStatement(provenance: Provenance): Uint8Array {
  const { subjects, buildType, builderId, externalParameters, resolvedDependencies, invocationId } = provenance
  const metadata = {
    invocationId,
    startedOn: formatInstant(provenance.startedAt),
    finishedOn: formatInstant(provenance.finishedAt),
  }
  return utf8.encode(
    canonical({
      _type: STATEMENT_TYPE,
      subject: subjects.map(({ name, digest }) => ({ name, digest: { sha256: digest.slice('sha256:'.length) } })),
      predicateType: PREDICATE_TYPE,
      predicate: {
        buildDefinition: { buildType, externalParameters, resolvedDependencies },
        runDetails: { builder: { id: builderId }, metadata },
      },
    }),
  )
}

function formatInstant(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
