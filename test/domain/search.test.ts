/** Searches that people keep: named once, at most so many, and dropped by whoever keeps them or by an administrator. */

import { expect, test } from 'vitest'
import { ana, company, given, ivo, mara } from './given.ts'

const id = (index = 0) => `search:${String(index).padStart(10, '0')}` as const
const save = (index = 0, isShared = false) => ({ type: 'save search', search: id(index), isShared }) as const
const remove = (index = 0) => ({ type: 'remove search', search: id(index) }) as const
const answer = ({ outcome, reason }: { outcome: string; reason?: string }) => [outcome, reason]

test('a search is its owner’s, and gone when they drop it', () => {
  const { when, state } = given(...company)
  expect(when(ivo, save()).event).toEqual({ type: 'search.saved', search: id(), person: ivo, isShared: false })
  expect(state.searches.get(id())).toMatchObject({ id: id(), person: ivo, isShared: false })
  expect(answer(when(mara, save()))).toEqual(['refused', 'id_taken'])
  expect(when(ivo, remove()).event).toEqual({ type: 'search.removed', search: id(), person: ivo })
  expect(answer(when(ivo, remove()))).toEqual(['refused', 'no_such_search'])
  expect(state.searches.size).toBe(0)
})

test('others do not learn of what is not shared; what is shared only administrators drop for its owner', () => {
  const { when, state } = given(...company)
  when(ivo, save(1))
  when(ivo, save(2, true))
  expect(answer(when(ana, remove(1)))).toEqual(['refused', 'no_such_search'])
  expect(answer(when(mara, remove(2)))).toEqual(['refused', 'policy_refused'])
  expect(answer(when(ana, remove(2)))).toEqual(['allowed', undefined])
  expect([...state.searches.keys()]).toEqual([id(1)])
})

test('a name is taken once, and nobody keeps more than 200', () => {
  const { when } = given(...company)
  expect(answer(when(ivo, save(), { given: { isNameTaken: true } }))).toEqual(['refused', 'search_taken'])
  for (let index = 0; index < 200; index += 1) expect(when(ivo, save(index)).outcome).toBe('allowed')
  expect(answer(when(ivo, save(200)))).toEqual(['refused', 'searches_full'])
  expect(when(mara, save(201)).outcome).toBe('allowed')
  when(ivo, remove(7))
  expect(when(ivo, save(200)).outcome).toBe('allowed')
})

test('whoever reads nothing keeps nothing', () => {
  const { when } = given(...company)
  when(ana, { type: 'remove role', person: mara, role: 'approver' })
  expect(answer(when(mara, save()))).toEqual(['refused', 'policy_refused'])
})
