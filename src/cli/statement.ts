/** What an approver signs, recomputed here from the statement's own bytes: a server cannot show one thing and have another signed. */

import { base64url } from '../bytes/text.ts'
import { challengeOf, digestStatement, fingerprintOf } from '../domain/statement.ts'
import * as z from '../bytes/schema.ts'
import type { Release } from './contract-release.ts'
import { StatementCheck } from './statement-check.ts'
import { printable } from './text.ts'

const statementShape = z.object({
  subject: z.array(z.object({ name: z.string(), digest: z.object({ sha256: z.string() }) })).length(1),
  predicate: z.object({
    release: z.string(),
    environment: z.string(),
    origin: z.string(),
    requester: z.string(),
    expiresAt: z.string(),
    commit: z.object({ gitCommit: z.string(), repository: z.string() }),
    policy: z.object({ sha256: z.string() }),
  }),
})

const check = new StatementCheck('do not sign; tell an administrator')

export interface Signable {
  /** Base64url: what the passkey signs. */
  readonly challenge: string
  readonly fingerprint: string
  readonly digest: string
  /** The statement in lines for people, from its own bytes. */
  readonly lines: readonly string[]
}

/**
 * The statement of a release, checked: `asked` (a fingerprint or an id) names it, `origin` is the log it will stand in,
 * and every number the server sent is the one computed here. Throws a Failure `unverified` otherwise.
 */
export function checkStatement(release: Release, asked: string, origin: string): Signable {
  const { statement } = release
  const digest = digestStatement(statement)
  const fingerprint = fingerprintOf(digest)
  const challenge = base64url.encode(challengeOf(statement))
  const { subject, predicate } = check.read(statement, statementShape)
  const artifact = `sha256:${subject[0]!.digest.sha256}`
  check.require('digest', release.statementDigest, digest)
  check.require('fingerprint', release.fingerprint, fingerprint)
  check.require('challenge', release.challenge, challenge)
  check.require('artifact', release.artifact, artifact)
  check.require('environment', release.environment, predicate.environment)
  check.require('commit', release.commit, predicate.commit.gitCommit)
  check.require('release', release.release, predicate.release)
  check.require('origin', origin, predicate.origin)
  check.require(
    isFingerprint(asked) ? 'fingerprint' : 'release',
    normalized(asked),
    isFingerprint(asked) ? fingerprint : predicate.release,
  )
  return { challenge, fingerprint, digest, lines: describe(subject[0]!.name, artifact, predicate) }
}

export function isFingerprint(text: string): boolean {
  return /^[0-9a-z]{4}-?[0-9a-z]{4}$/iu.test(text)
}

/** `k7q29dmx` as `K7Q2-9DMX`; an id stays as it is. */
export function normalized(asked: string): string {
  if (!isFingerprint(asked)) return asked
  const letters = asked.replace('-', '').toUpperCase()
  return `${letters.slice(0, 4)}-${letters.slice(4)}`
}

function describe(name: string, artifact: string, predicate: z.infer<typeof statementShape>['predicate']): string[] {
  const { environment, commit, requester, expiresAt, policy } = predicate
  return [
    `what: ${name} ${artifact}`,
    `to: ${environment}`,
    `commit: ${commit.gitCommit} of ${commit.repository}`,
    `asked by: ${requester}, until ${expiresAt}`,
    `policies: sha256:${policy.sha256}`,
  ].map(printable)
}
