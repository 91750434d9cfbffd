/** Control maps are data, and every event and list that they cite exists. */

import { expect, test } from 'vitest'
import { readControls } from '../../src/control/package/controls.ts'
import { schemas } from '../../src/domain/event.ts'
import { parseControlMap } from '../../src/domain/package/control.ts'
import { rules } from '../../src/domain/package/population.ts'

const maps = [...readControls()].map(([framework, text]) => ({ framework, map: parseControlMap(text) }))
const populations = rules.map(({ name }) => name)

test.each(maps)('$framework cites what exists', ({ framework, map }) => {
  expect(map.framework).toBe(framework)
  expect(map.title).not.toBe('')
  expect(map.controls.length).toBeGreaterThan(5)
  expect(new Set(map.controls.map(({ id }) => id)).size).toBe(map.controls.length)
  for (const { id, asks, events, populations: lists } of map.controls) {
    expect(asks, id).not.toBe('')
    expect(events.length, id).toBeGreaterThan(0)
    expect(
      events.filter((type) => !Object.hasOwn(schemas, type)),
      id,
    ).toEqual([])
    expect(lists.length, id).toBeGreaterThan(0)
    expect(
      lists.filter((name) => !populations.includes(name)),
      id,
    ).toEqual([])
  }
})

test('every decision that can be exported stands in some population', () => {
  const told = rules.map(({ take }) => take)
  const missing = Object.keys(schemas).filter((type) => {
    const fields = { release: 'r', grant: 'g', alert: 'a' }
    const leaf = {
      leafIndex: 0,
      at: '',
      type,
      origin: '',
      sequence: '',
      outcome: '',
      reason: '',
      caller: '',
      command: '',
    }
    return !told.some((take) => {
      const drafts = new Map()
      take({ ...leaf, event: fields, policies: [], evidence: [], commitments: [] }, drafts)
      return drafts.size > 0
    })
  })
  // A refusal is in the list of refusals, by its outcome.
  expect(missing.filter((type) => !type.endsWith('.refused'))).toEqual([])
})
