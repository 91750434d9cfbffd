/** Which repository a job speaks for: decided on the newest state, and never by a name that anybody can take. */

import { expect, test } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import type { Command } from '../../src/domain/command.ts'
import { company, digest, given, jobFacts, NOON } from './given.ts'

const open: Command = {
  type: 'open job login',
  login: 'login:2222222222',
  bearerDigest: digest('9'),
  expiresAt: NOON + 60_000,
  issuer: jobFacts.issuer,
  jobKey: 'AA',
}

function registered(pins: { ciIssuer?: string; ciRepositoryId?: string }, repository = 'acme/shop'): { event: Event } {
  const rest = { protectedRefs: ['refs/heads/main'], doorKey: 'AA', baseline: [] }
  return { event: { type: 'repository.registered', repository, ...rest, ...pins } }
}

function login(steps: readonly { event: Event }[], facts: object) {
  const claims = { principal: 'job:1111111111', job: { ...jobFacts, tokenDigest: digest('5'), ...facts } } as const
  const { event, outcome, reason } = given(...company, ...steps).when('job:0000000000aaaaaaaaaa', open, { claims })
  return event.type === 'login.opened' ? event.job?.repository : `${outcome}: ${reason}`
}

const pinned = { ciIssuer: jobFacts.issuer, ciRepositoryId: '4711' }

test('a repository of the registered name with another id is not the registered one', () => {
  expect(login([registered(pinned)], { ciRepositoryId: '4711' })).toBe('acme/shop')
  expect(login([registered(pinned)], { ciRepositoryId: '666' })).toBe('refused: no_such_repository')
  expect(login([registered(pinned)], {})).toBe('refused: no_such_repository')
})

test('a repository of the registered name at another issuer is not the registered one', () => {
  const elsewhere = [registered({ ciIssuer: 'https://other.example' })]
  expect(login(elsewhere, {})).toBe('refused: no_such_repository')
})

test('a repository that was renamed keeps its registration by its id', () => {
  expect(login([registered(pinned)], { ciRepositoryId: '4711', repository: 'acme/boutique' })).toBe('acme/shop')
})

test('a renamed repository is not taken for another one of its new name', () => {
  const steps = [registered({}, 'acme/boutique'), registered(pinned)]
  expect(login(steps, { ciRepositoryId: '4711', repository: 'acme/boutique' })).toBe('acme/shop')
})

test('where several issuers are trusted, a name alone says nothing', () => {
  const second: { event: Event } = { event: { type: 'issuer.trusted', issuer: 'https://b.example', kind: 'github' } }
  expect(login([registered({})], {})).toBe('acme/shop')
  expect(login([registered({}), second], {})).toBe('refused: no_such_repository')
  expect(login([registered({ ciIssuer: jobFacts.issuer }), second], {})).toBe('acme/shop')
})
