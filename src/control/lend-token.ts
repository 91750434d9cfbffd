/**
 * Tokens of our own OIDC issuer, each for one grant and one audience, with what the log knows of its release: whoever is shown one
 * can look up who wrote, built, approved and started what it is used for.
 */

import { signToken } from '../credential/token.ts'
import type { Grant } from '../domain/grant.ts'
import type { ReadonlyState } from '../domain/state.ts'
import type { Preset, Target } from '../domain/target.ts'
import type { Authorities } from './authority.ts'

export type TokenCredential = {
  readonly kind: 'oidc'
  readonly token: string
  readonly audience: string
  readonly host: string
  readonly port: number
  readonly serial: string
  readonly preset?: Preset
  readonly account?: string
  readonly variable?: string
  readonly certificate?: string
}

/** Clocks of those who verify it may be a little behind ours. */
const SKEW_SECONDS = 30

/** Throws when the target names nobody whom its tokens are for. */
export async function mintToken(
  grant: Grant,
  target: Target,
  state: ReadonlyState,
  authorities: Authorities,
): Promise<Omit<TokenCredential, 'host' | 'port'>> {
  const { audience, preset, account, variable, certificate } = target
  if (!audience) throw new Error(`target ${target.target} names no audience; define it again with one`)
  const { key, keyId } = await authorities.signing('oidc')
  return {
    kind: 'oidc',
    token: signToken(claimsOf(grant, audience, state), { key, keyId }),
    audience,
    serial: String(grant.leafIndex),
    ...(preset && { preset }),
    ...(account && { account }),
    ...(variable && { variable }),
    ...(certificate && { certificate }),
  }
}

/** What is the same for every release of a repository into a place, so that trust can be given to it once. */
export function subjectOf({ repository, environment }: { repository: string; environment: string }): string {
  return `repository:${repository}:environment:${environment}`
}

function claimsOf(grant: Grant, audience: string, state: ReadonlyState): Readonly<Record<string, unknown>> {
  const release = state.releases.get(grant.release)!
  const seconds = (at: number) => Math.floor(at / 1000)
  return {
    iss: state.log!.audience,
    sub: subjectOf(release),
    aud: audience,
    jti: grant.grant,
    iat: seconds(grant.issuedAt),
    nbf: seconds(grant.issuedAt) - SKEW_SECONDS,
    exp: seconds(grant.expiresAt),
    job: grant.holder,
    release: grant.release,
    repository: release.repository,
    environment: release.environment,
    commit: release.commit,
    artifact: release.artifact,
    approvals: release.approvals.length,
    approvers: release.approvals.map(({ by }) => by),
    target: grant.target,
    log: state.log!.origin,
    leaf_index: grant.leafIndex,
  }
}
