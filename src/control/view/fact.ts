/** What a decision looked at, as labelled facts: the question put to the policies, their answer, and what to do about it. */

import type { Leaf } from '../../domain/leaf.ts'
import { adviceOf } from '../../domain/reason.ts'
import { resolveNames, whoOf, type Names } from './who.ts'
import { count, short } from './phrase.ts'
import { wordOf } from './sentence-trail.ts'
import type { Fact } from './shape.ts'
import type { Sight } from './sight.ts'

/** Yes-or-no facts where one answer is what the rules hope for. */
const GOOD: Readonly<Record<string, boolean>> = {
  userVerified: true,
  statementMatches: true,
  isAuthor: false,
  isRequester: true,
  isApprovedAlready: false,
  fillsRule: true,
  isFrozen: false,
  isReviewMissing: false,
  isForced: false,
  isDeletion: false,
  tokenReused: false,
  repositoryKnown: true,
  hasProvenance: true,
  commitAccepted: true,
  commitMatches: true,
  builderMatches: true,
  refAllowed: true,
  repositoryMatches: true,
  sameArtifactBuilt: true,
  isOpen: true,
  targetAllowed: true,
}

/** Counts that should be nothing. */
const FAULTS: ReadonlySet<string> = new Set([
  'unsigned',
  'unknownKey',
  'badSignature',
  'inactiveSigner',
  'authorMismatch',
])

export function factsOf(leaf: Leaf, sight: Sight): Fact[] {
  const { command, caller, outcome, reason, policy, given } = leaf
  const facts: Fact[] = [
    { label: 'Asked', value: command.type },
    { label: 'By', value: whoOf(caller.id, sight).name },
    { label: 'Answer', value: outcome, ...(outcome !== 'recorded' && { ok: outcome === 'allowed' }) },
  ]
  if (reason) facts.push({ label: 'Because', value: adviceOf(reason).sentence, ok: false })
  const next = reason && adviceOf(reason).next
  if (next) facts.push({ label: 'What fixes it', value: next })
  if (policy) facts.push(...policyFacts(policy, sight))
  if (given.verifiedAt !== undefined)
    facts.push({ label: 'Evidence verified at', value: new Date(given.verifiedAt).toISOString() })
  return [...facts, ...fieldFacts(leaf, sight), ...lookFacts(leaf)]
}

function policyFacts({ determining, digest, action, context }: NonNullable<Leaf['policy']>, sight: Sight): Fact[] {
  const isOfNow = digest === sight.policies.digest
  const texts = determining.map((id) => {
    const described = isOfNow ? sight.policies.describePolicy(id)?.sentence : undefined
    return { label: `Policy ${id}`, value: described ?? 'decided, in the set of that time' }
  })
  return [
    { label: 'Action', value: action },
    ...texts,
    { label: 'Policy set', value: short(digest) },
    ...Object.entries(context).map(([name, value]) => contextFact(name, value, action)),
  ]
}

function contextFact(name: string, value: unknown, action: string): Fact {
  const label = sentenceCase(name)
  // Whoever obtains a credential must be the requester, and whoever approves must not.
  const good = name === 'isRequester' && action !== 'obtainCredential' ? false : GOOD[name]
  if (typeof value === 'boolean')
    return { label, value: value ? 'yes' : 'no', ...(good !== undefined && { ok: value === good }) }
  if (typeof value === 'number') return { label, value: String(value), ...(FAULTS.has(name) && { ok: value === 0 }) }
  if (typeof value === 'string') return { label, value }
  if (Array.isArray(value)) return { label, value: value.length === 0 ? 'none' : JSON.stringify(value) }
  const { __entity: entity } = value as { readonly __entity?: { readonly id: string } }
  return { label, value: entity?.id ?? JSON.stringify(value) }
}

/** "loginAgeSeconds" as "Login age seconds", "isAuthor" as "Author". */
function sentenceCase(name: string): string {
  const words = name
    .replace(/^(?:is|has)(?=[A-Z])/, '')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** What was looked at, one by one; what was typed stands among the disclosures. */
function lookFacts({ event }: Pick<Leaf, 'event'>): Fact[] {
  if (event.type === 'trail.read') return event.reads.map((read) => ({ label: 'Looked', value: wordOf(read) }))
  if (event.type !== 'trail.counted') return []
  return event.repeats.map(({ leafIndex, read, times }) => ({
    label: 'Looked again',
    value: `${count(times, 'time')} at number ${read + 1} of leaf ${leafIndex}`,
  }))
}

const MAX_FIELDS = 24

/** What happened, field by field, where a field is a single value. */
export function fieldFacts({ event }: Pick<Leaf, 'event'>, names: Names): Fact[] {
  const simple = Object.entries(event).filter(
    ([name, value]) => name !== 'type' && isSimple(value) && !isSecretive(name),
  )
  return simple
    .slice(0, MAX_FIELDS)
    .map(([name, value]) => ({ label: sentenceCase(name), value: shown(name, value, names) }))
}

function isSimple(value: unknown): boolean {
  return (
    ['string', 'number', 'boolean'].includes(typeof value) ||
    (Array.isArray(value) && value.every((one) => typeof one === 'string'))
  )
}

/** Digests of secrets prove nothing to a reader. */
function isSecretive(name: string): boolean {
  return name === 'bearerDigest' || name === 'inviteDigest' || name === 'nonce' || name === 'jobKey'
}

function shown(name: string, value: unknown, names: Names): string {
  if (typeof value === 'number' && /At$|^(?:from|until)$/.test(name)) return new Date(value).toISOString()
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  const texts = (Array.isArray(value) ? value : [value]).map(String)
  return texts
    .map((text) => resolveNames(/^(?:person|job|agent|system):/.test(text) ? `{${text}}` : text, names))
    .join(', ')
}
