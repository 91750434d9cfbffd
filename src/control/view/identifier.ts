/** Every identifier that a leaf mentions, so that anything found anywhere leads back to who did what. */

import { fingerprintOf } from '../../domain/statement.ts'
import type { Leaf } from '../../domain/leaf.ts'
import { normalizeIdentifier } from '../../match/identifier.ts'
import type { Known } from './phrase.ts'

const IDENTIFIER =
  /^(?:(?:person|job|agent|login|release|grant|build|alert):[0-9a-z]+|sha256:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{64}|SHA256:[A-Za-z0-9+/]{43})$/

/** A text that is shorter or longer is none of these; most are. */
const [SHORTEST, LONGEST] = [5, 512]

/** Members that mention what others are about (parents), or what nobody would look for and only costs space. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'parents',
  'baseline',
  'bearerDigest',
  'challenge',
  'nonce',
  'jobKey',
  'doorKey',
  'policyDigest',
  // Looking at something is not about it: why would answer with its own question.
  'reads',
])

/** Members whose text is a name given by people. */
const NAMES: ReadonlySet<string> = new Set(['repository', 'environment', 'target', 'issuer', 'runId', 'ciJobId'])

/** Normalized, without duplicates. The serial of a credential is the leaf index of its grant. */
export function identifiersOf(leaf: Leaf, leafIndex: number, known: Known): string[] {
  const { event, command, caller, evidence } = leaf
  const found = new Set<string>([caller.id, leaf.id])
  if (caller.login) found.add(caller.login)
  collect(event, '', found)
  collect(command, '', found)
  for (const { digest } of evidence) found.add(digest)
  for (const identifier of impliedBy(leaf, leafIndex, known)) found.add(identifier)
  return [...new Set([...found].map(normalizeIdentifier))].filter((identifier) => !/^0+$/.test(identifier))
}

function collect(value: unknown, name: string, found: Set<string>): void {
  if (typeof value === 'string') {
    if (NAMES.has(name) || (value.length >= SHORTEST && value.length <= LONGEST && IDENTIFIER.test(value)))
      found.add(value)
  } else if (Array.isArray(value)) {
    for (const member of value) collect(member, name, found)
  } else if (typeof value === 'object' && value !== null) {
    for (const inner in value)
      if (!PASSED_OVER.has(inner)) collect((value as Readonly<Record<string, unknown>>)[inner], inner, found)
  }
}

/** A grant leads to its release, and a release to the fingerprint that people compare. */
function impliedBy({ event }: Leaf, leafIndex: number, known: Known): string[] {
  const grant = 'grant' in event ? known.grants.get(event.grant ?? '') : undefined
  const id = 'release' in event && event.release !== undefined ? event.release : grant?.release
  // There can be thousands of reports on one release: they are found by it, and not by all that leads to it.
  if (event.type === 'observation.recorded' || event.type === 'observation.refused') return id === undefined ? [] : [id]
  const release = id === undefined ? undefined : known.releases.get(id)
  const ofGrant = grant ? [String(grant.leafIndex), grant.release] : []
  const ofRelease = release ? [fingerprintOf(release.statementDigest), release.artifact] : []
  const serial = event.type === 'grant.issued' ? [String(leafIndex)] : []
  return [...serial, ...ofGrant, ...ofRelease]
}
