/** Taking evidence away never turns a refusal into a yes. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CedarValue, Question } from '../../src/policy/policy.ts'
import { mustLoad, readCases, readShipped } from './shipped.ts'

const set = mustLoad(readShipped())
const cases = readCases()

/**
 * How a fact speaks for the yes: `for` when true or more helps, `against` when true or more harms. Every fact of the
 * context must be listed, so a new fact cannot be forgotten here.
 */
const DIRECTIONS: Readonly<Record<string, Readonly<Record<string, 'for' | 'against'>>>> = {
  push: {
    unsigned: 'against',
    unknownKey: 'against',
    badSignature: 'against',
    inactiveSigner: 'against',
    authorMismatch: 'against',
    isForced: 'against',
    isProtected: 'against',
    isDeletion: 'against',
    commits: 'against',
  },
  requestRelease: {
    hasProvenance: 'for',
    commitAccepted: 'for',
    refAllowed: 'for',
    repositoryMatches: 'for',
    sameArtifactBuilt: 'for',
  },
  attestBuild: { commitAccepted: 'for', builderMatches: 'for', commitMatches: 'for', repositoryMatches: 'for' },
  approve: {
    fillsRule: 'for',
    isAuthor: 'against',
    isRequester: 'against',
    isApprovedAlready: 'against',
    userVerified: 'for',
    statementMatches: 'for',
    loginAgeSeconds: 'against',
  },
  obtainCredential: {
    approvals: 'for',
    missing: 'against',
    isBreakGlass: 'for',
    isFrozen: 'against',
    isOpen: 'for',
    isRequester: 'for',
    targetAllowed: 'for',
    secondsLeft: 'for',
  },
  breakGlass: {
    isAuthor: 'against',
    isFrozen: 'against',
    isReviewMissing: 'against',
    userVerified: 'for',
    statementMatches: 'for',
    loginAgeSeconds: 'against',
  },
  reviewBreakGlass: {
    isSelf: 'against',
    isAuthor: 'against',
    userVerified: 'for',
    statementMatches: 'for',
    loginAgeSeconds: 'against',
  },
  release: { approvals: 'for', missing: 'against', isBreakGlass: 'for', isFrozen: 'against' },
  openLogin: { userVerified: 'for', tokenReused: 'against', repositoryKnown: 'for' },
}

const NOT_EVIDENCE = new Set(['environment', 'method', 'eventName'])

test.each(Object.keys(DIRECTIONS))('%s', (action) => {
  const directions = DIRECTIONS[action]!
  const worlds = cases.filter(({ question }) => question.action === action).map(({ question }) => question)
  expect(worlds.length).toBeGreaterThan(2)
  for (const { context } of worlds) {
    expect(
      Object.keys(context)
        .filter((name) => !NOT_EVIDENCE.has(name))
        .sort(),
    ).toEqual(Object.keys(directions).sort())
  }

  let refusals = 0
  const world = fc.record({ base: fc.constantFrom(...worlds), facts: facts(worlds[0]!, directions) })
  const property = fc.property(
    world,
    fc.constantFrom(...Object.keys(directions)),
    fc.boolean(),
    (chosen, fact, isWithRoles) => {
      const before = { ...chosen.base, context: { ...chosen.base.context, ...chosen.facts } }
      const less = weaken(before.context[fact]!, directions[fact]!)
      const after = { ...before, context: { ...before.context, [fact]: less } }
      const last = isWithRoles ? after : withoutRoles(after)

      if (!set.ask(before).isAllowed) {
        refusals += 1
        expect(set.ask(last).isAllowed).toBe(false)
      }
    },
  )
  fc.assert(property, { numRuns: 300 })
  expect(refusals).toBeGreaterThan(20)
})

/** Facts near the edges of the rules, and mostly in favour, so that both answers are met. */
function facts(
  sample: Question,
  directions: Readonly<Record<string, 'for' | 'against'>>,
): fc.Arbitrary<Record<string, CedarValue>> {
  return fc.record(
    Object.fromEntries(
      Object.entries(directions).map(([name, direction]) => {
        if (typeof sample.context[name] === 'boolean') {
          const good = direction === 'for'
          return [
            name,
            fc.oneof({ weight: 4, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: fc.constant(!good) }),
          ]
        }
        return [name, fc.oneof(fc.nat(4), fc.constantFrom(899, 900, 901, 43199, 43200, 43201))]
      }),
    ),
  )
}

function weaken(value: CedarValue, direction: 'for' | 'against'): CedarValue {
  if (typeof value === 'boolean') return direction === 'against'
  if (typeof value !== 'number') throw new Error('a fact is a count or a truth')
  return direction === 'against' ? value + 1 : Math.max(0, value - 1)
}

/** The same question in a world where nobody holds a role. */
function withoutRoles(question: Question): Question {
  const entities = question.entities.map((entity) =>
    entity.uid.type === 'Person'
      ? { ...entity, parents: entity.parents.filter(({ type }) => type !== 'Role') }
      : entity,
  )
  return { ...question, entities }
}
