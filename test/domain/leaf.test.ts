/** Leaves: what fits into one, what is read as one, and what never stands in one. */

import { expect, test } from 'vitest'
import { canonical, parse, type Json } from '../../src/bytes/json.ts'
import { utf8 } from '../../src/bytes/text.ts'
import type { Command } from '../../src/domain/command.ts'
import { LeafError, MAX_LEAF_BYTES, read, spell, write, type Leaf, type Shared } from '../../src/domain/leaf.ts'
import { MAX_COMMITS } from '../../src/domain/repository.ts'
import { callerOf, company, given, ivo, li, mara, NOON, ana } from './given.ts'

const ORIGIN = 'log.example'
const key = `SHA256:${'I'.repeat(43)}`

test('the largest push fits into a leaf, in a repository of SHA-256 names, with merges and co-authors', () => {
  const nameOf = (index: number) => index.toString(16).padStart(64, '0')
  const claims = Array.from({ length: MAX_COMMITS }, (_, index) => ({
    id: nameOf(index + 1),
    sha256: `sha256:${'a'.repeat(64)}` as const,
    parents: index === 0 ? [] : [nameOf(index), nameOf(Math.max(1, index - 1))],
    fingerprint: key,
  }))
  const update = { ref: 'refs/heads/try' as const, oldId: '0'.repeat(64), newId: nameOf(MAX_COMMITS), isForced: false }
  const command: Command = { type: 'record push', repository: 'acme/shop', updates: [update] }
  const facts = { authorships: claims.map(() => ({ authors: [ivo, mara, li] as never, hasForeignAuthor: false })) }
  const caller = callerOf('system:git-door/acme/shop')
  const decision = given(...company).when(caller.id, command, { claims, given: facts })
  expect(decision.outcome).toBe('allowed')
  const circumstances = { id: 'a'.repeat(36), at: NOON, sequence: 123_456, caller, command, evidence: [], given: facts }
  expect(spell(write(circumstances, decision), ORIGIN).length).toBeLessThan(MAX_LEAF_BYTES)
})

const leaf: Leaf = {
  id: 'b2f1',
  at: NOON,
  sequence: 7,
  caller: { id: 'system:scrub', kind: 'system' },
  command: { type: 'report damage', leafIndex: 3, file: 'tile', problem: 'hash' },
  evidence: [],
  given: {},
  outcome: 'recorded',
  event: { type: 'log.damaged', leafIndex: 3, file: 'tile', problem: 'hash' },
}
const bytes = spell(leaf, ORIGIN)
type Change = (value: Record<string, unknown> & { data: Record<string, unknown> }) => void

/** The leaf with something changed, in canonical form again. */
function changed(change: Change): Uint8Array {
  const value = parse(utf8.decode(bytes)) as never
  change(value)
  return utf8.encode(canonical(value as Json))
}

test('a leaf is read back as it was written', () => {
  expect(read(bytes)).toEqual(leaf)
  expect(read(changed(() => undefined))).toEqual(leaf)
})

const wrong: Record<string, Uint8Array> = {
  'spaces between the members': utf8.encode(utf8.decode(bytes).replace('{"data"', '{ "data"')),
  'members in another order': utf8.encode(JSON.stringify({ specversion: '1.0', ...JSON.parse(utf8.decode(bytes)) })),
  'an escape where none is needed': utf8.encode(utf8.decode(bytes).replace('hash', '\\u0068ash')),
  'a sequence with leading zeros': changed((value) => (value['sequence'] = '07')),
  'a subject that its event does not have': changed((value) => (value['subject'] = 'release:0000000000')),
  'a source that is no origin': changed((value) => (value['source'] = 'https://log.example')),
  'a time that no clock shows': changed((value) => (value['time'] = '2026-02-30T00:00:00.000Z')),
  'a member that nobody knows': changed((value) => (value['note'] = 'x')),
  'a member of the event that nobody knows': changed((value) => Object.assign(value.data['event'] as object, { x: 1 })),
  'a second type inside the event': changed((value) =>
    Object.assign(value.data['event'] as object, { type: 'log.created' }),
  ),
  'an event that is inherited': changed((value) => (value['type'] = 'dev.countersign.log.constructor.v1')),
  'a command that is inherited': changed((value) => (value.data['command'] = { type: 'constructor' })),
  'more than 65,535 bytes': utf8.encode(`{"data":"${'x'.repeat(MAX_LEAF_BYTES)}"}`),
  'bytes that are no text': Uint8Array.of(0xff, 0xfe),
  nothing: new Uint8Array(),
}

test.each(Object.entries(wrong))('%s is not read as a leaf', (_, text) => {
  expect(() => read(text)).toThrow(LeafError)
})

test('the comment of a public key, which is often a name, never stands in a leaf', () => {
  const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== ana@laptop'
  const ask = {
    type: 'request grant',
    grant: 'grant:0000000000',
    release: 'release:0000000000',
    target: 'web',
  } as const
  const event = { type: 'grant.refused', release: ask.release, target: 'web', holder: ana } as const
  const asked: Leaf = {
    ...leaf,
    command: { ...ask, publicKey: line },
    outcome: 'refused',
    reason: 'no_such_release',
    event,
  }
  expect(() => spell(asked, ORIGIN)).toThrow(LeafError)
  const bare = { ...asked, command: { ...ask, publicKey: line.replace(' ana@laptop', '') } }
  expect(read(spell(bare, ORIGIN))).toEqual(bare)
})

test('what leaves share is spelled once, and reads as if it had been spelled each time', () => {
  const shared: Shared = new Map()
  const { caller, given: facts } = leaf
  const other: Leaf = { ...leaf, sequence: 8, event: { ...leaf.event, leafIndex: 4 } as Leaf['event'] }
  expect([leaf, other].map((each) => read(spell(each, ORIGIN, shared)))).toEqual([leaf, other])
  expect(shared.get(caller)).toBe(canonical(caller))
  expect(shared.get(facts)).toBe('{}')
  expect(() => spell({ ...leaf, caller: { ...caller, id: 'nobody' as never } }, ORIGIN, shared)).toThrow(LeafError)
})
