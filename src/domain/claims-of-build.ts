/** What a job's provenance says, once its envelope verified with the key that the job bound to its login. */

import { base64 } from '../bytes/text.ts'
import { verifyProvenance } from '../evidence/attestation.ts'
import { isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { claims as shape, type BuildClaims } from './build.ts'

/** `jobKey`: the Ed25519 public key of the login, SPKI DER in base64. */
export async function claimBuild(
  envelope: Uint8Array | undefined,
  jobKey: string | undefined,
  at: number,
): Promise<BuildClaims | Refusal | undefined> {
  if (!jobKey) return undefined
  if (!envelope) return refuse('malformed', 'The provenance is missing.')
  const said = verifyProvenance(
    envelope,
    { keys: [{ keyId: 'job', publicKey: Buffer.from(base64.decode(jobKey)) }] },
    at,
  )
  if (isRefusal(said)) return said
  const { subjects, buildType, builderId: builder, resolvedDependencies } = said
  const commit = resolvedDependencies
    .map(({ digest }) => digest['gitCommit'] ?? digest['sha1'])
    .find((id) => id !== undefined)
  const claims = shape.safeParse({ commit, artifacts: subjects, builder, buildType })
  return claims.success
    ? claims.data
    : refuse('provenance_incomplete', 'The provenance must name one git commit, and artifacts by SHA-256.')
}
