/** What administrators set up, as it stands now, each with the leaf that says so. */

import { parse } from '../../bytes/json.ts'
import * as z from '../../bytes/schema.ts'
import { utf8 } from '../../bytes/text.ts'
import { REVIEW_WITHIN_MS } from '../../domain/breakglass.ts'
import type { Environment } from '../../domain/environment.ts'
import { dueAtOf, type Secret } from '../../domain/secret.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import type { Target } from '../../domain/target.ts'
import { instantOf } from './phrase.ts'
import type { environment, issuer, PolicySetShape, repository, target } from './shape.ts'
import type { Sight } from './sight.ts'

export function listRepositories({ repositories }: ReadonlyState): z.infer<typeof repository>[] {
  return [...repositories.values()].map(({ heads: _, ...registered }) => registered)
}

export function listEnvironments({ environments }: ReadonlyState): z.infer<typeof environment>[] {
  return [...environments.values()].map(describeEnvironment)
}

function describeEnvironment({
  grantLifetimeMs,
  requestLifetimeMs,
  reviewWithinMs = REVIEW_WITHIN_MS,
  escalation,
  ...rest
}: Environment): z.infer<typeof environment> {
  return {
    ...rest,
    grantLifetimeSeconds: grantLifetimeMs / 1000,
    requestLifetimeSeconds: requestLifetimeMs / 1000,
    reviewWithinSeconds: reviewWithinMs / 1000,
    ...(escalation && { escalation: { afterSeconds: escalation.afterMs / 1000, to: escalation.to } }),
  }
}

export function listTargets({ targets, secrets }: ReadonlyState): z.infer<typeof target>[] {
  return [...targets.values()].map((one) => describeTarget(one, secrets.get(one.target)))
}

function describeTarget({ logins, certified, ...rest }: Target, secret: Secret | undefined): z.infer<typeof target> {
  const dueAt = secret && dueAtOf(rest.rotateAfterDays, secret.keptAt)
  const kept = secret && {
    ...{ version: secret.version, keptAt: instantOf(secret.keptAt), leafIndex: secret.leafIndex },
    ...(dueAt !== undefined && { dueAt: instantOf(dueAt) }),
  }
  const host = certified && { certifiedUntil: instantOf(certified.until) }
  return {
    ...rest,
    ...host,
    ...(logins && { principals: logins }),
    ...(kept && rest.kind === 'secret' && { secret: kept }),
  }
}

export function listIssuers({ issuers }: ReadonlyState): z.infer<typeof issuer>[] {
  return [...issuers.values()]
}

const policyFiles = z.record(z.string(), z.string())

/** The policies in force, with their text as far as it is kept. Undefined before the first set. */
export async function describePolicies({ state, archive }: Sight): Promise<PolicySetShape | undefined> {
  if (!state.policy) return undefined
  const { digest, activatedAt, leafIndex } = state.policy
  const { leaf } = await archive.open(leafIndex)
  const blob = leaf.evidence.find(({ kind }) => kind === 'policies')?.digest
  const bytes = blob && (await archive.evidence(blob))
  const files = bytes ? policyFiles.parse(parse(utf8.decode(bytes))) : {}
  const described = Object.entries(files).map(([name, text]) => ({ name, text, ids: idsOf(text) }))
  return { digest, activatedAt: instantOf(activatedAt), leafIndex, files: described }
}

function idsOf(text: string): string[] {
  return [...text.matchAll(/^\s*@id\("([^"]*)"\)/gm)].map(([, id]) => id!)
}
