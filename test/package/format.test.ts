/** Format 1 is fixed: what follows from given leaves never changes, or packages that were handed out would fail. */

import { expect, test } from 'vitest'
import { formatHex } from '../../src/bytes/portable.ts'
import { sha256 } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { parseBound } from '../../src/domain/package/bound.ts'
import { Derived } from '../../src/domain/package/derived.ts'
import { formatLines } from '../../src/domain/package/layout.ts'
import { parsePlainLeaf } from '../../src/domain/package/plain-leaf.ts'
import { Comparison } from '../../src/domain/package/comparison.ts'
import { formatCells } from '../../src/domain/package/table.ts'

const leaf = (leafIndex: number, type: string, event: object, more: object = {}) =>
  JSON.stringify({
    specversion: '1.0',
    source: '//log.example',
    type: `dev.countersign.${type}.v1`,
    time: new Date(Date.parse('2026-11-23T14:00:00Z') + leafIndex * 60_000).toISOString(),
    sequence: String(leafIndex),
    data: { caller: { id: 'person:ana' }, command: { type: 'x' }, event, evidence: [], outcome: 'allowed', ...more },
  })

const story = [
  leaf(0, 'log.created', { origin: 'log.example', logKey: 'k', sshCa: 'c' }),
  leaf(1, 'policy.activated', { digest: 'sha256:aa', ids: ['one', 'two'] }),
  leaf(2, 'principal.invited', { person: 'person:mara', roles: ['approver'] }),
  leaf(3, 'role.assigned', { person: 'person:mara', role: 'approver', until: 1_800_000_000_000 }),
  leaf(
    4,
    'release.requested',
    {
      release: 'release:1',
      environment: 'production',
      repository: 'acme/shop',
      commit: 'c0',
      artifact: 'sha256:bb',
      artifactName: '=HYPERLINK("x"),y',
      required: 1,
    },
    { outcome: 'waiting' },
  ),
  leaf(
    5,
    'approval.refused',
    { release: 'release:1', wanted: 'give' },
    { outcome: 'refused', reason: 'own_release', policy: { determining: ['p'] } },
  ),
  leaf(6, 'approval.given', {
    release: 'release:1',
    by: 'person:mara',
    isSoftware: true,
    statementDigest: 'sha256:cc',
  }),
  leaf(7, 'grant.issued', {
    grant: 'grant:1',
    release: 'release:1',
    target: 'web',
    kind: 'ssh',
    holder: 'job:1',
    expiresAt: 1_800_000_000_000,
  }),
  leaf(8, 'grant.ended', { grant: 'grant:1', cause: 'revoked' }),
  leaf(9, 'release.ended', { release: 'release:1', exitCode: 3 }),
  leaf(10, 'alert.fired', { alert: 'alert:1', rule: 'rapid_roles', severity: 'high', evidence: [3, 4] }),
  leaf(11, 'alert.acknowledged', { alert: 'alert:1', by: 'person:ana' }),
  leaf(12, 'erasure.ordered', { person: 'person:mara', fields: ['ip'], evidence: false }),
]

const asked = { from: '0', to: '13', samples: 0, nonce: '' }
const documents = async () => {
  const lists = new Map<string, string[]>()
  const derived = new Derived(asked, (name) => {
    const lines: string[] = []
    lists.set(name, lines)
    return { write: (line) => void lines.push(line), drain: () => Promise.resolve() }
  })
  const leaves = story.map((text, index) => parsePlainLeaf(text, index)!)
  for (const each of leaves) await derived.take(each)
  await derived.finish((leafIndex) => Promise.resolve(leaves[leafIndex]))
  return [
    ...[...lists].map(([name, lines]) => ({ name, bytes: formatLines(lines) })),
    derived.coverage({ origin: 'log.example', from: 0, to: 13, asked }, []),
  ]
}

test('the lists of given leaves are these bytes; another rule is another format', async () => {
  const spelled = (await documents()).map(({ name, bytes }) => `${formatHex(sha256(bytes))} ${name}\n`)
  expect(formatHex(sha256(utf8.encode(spelled.join(''))))).toBe(
    'f9f15b82ba0edfacd16ea7bf6c98af4cddc32db498b91c5f556fd70f1360e165',
  )
})

test('one row of a spreadsheet is one line, and none is a formula', async () => {
  const csv = utf8.decode((await documents()).find(({ name }) => name === 'populations/releases.csv')!.bytes)
  expect(csv).toContain(`"'=HYPERLINK(""x""),y"`)
  expect(csv.split('\n')).toHaveLength(3)
  expect(formatCells({ a: '+1\n@x\r' }, ['a'])).toBe("'+1 @x ")
})

test.each([
  [['a', 'b', 'c'], ['a', 'c'], 'gap', 1],
  [['a', 'b', 'c'], ['a', 'x', 'c'], 'altered', 1],
  [['a', 'b', 'c'], ['a', 'c', 'b'], 'reordered', 1],
  [['a', 'b', 'c'], ['a', 'b'], 'truncated', 2],
  [['a', 'b', 'c'], ['a', 'b', 'c', 'd'], 'added', 3],
  [['a', 'b', 'c'], ['a', 'x', 'b', 'c'], 'added', 1],
  [['a', 'b'], [], 'truncated', 0],
])('%j made %j is %s', async (expected, given, cause, index) => {
  const comparison = new Comparison(
    (async function* () {
      yield* given.map(utf8.encode)
    })(),
  )
  for (const line of expected) await comparison.expect(utf8.encode(line))
  expect(await comparison.end()).toMatchObject({ cause, index })
})

test('a day that ends a period is in it; what is no day is no bound', () => {
  expect(parseBound('2026-11-23', 'first')).toEqual({ at: Date.parse('2026-11-23T00:00:00Z') })
  expect(parseBound('2026-11-23', 'last')).toEqual({ at: Date.parse('2026-11-24T00:00:00Z') })
  expect(parseBound('2026-11-23T10:00Z', 'last')).toEqual({ at: Date.parse('2026-11-23T10:00:00Z') })
  expect(parseBound('17', 'last')).toEqual({ leafIndex: 17 })
  for (const bad of [
    '',
    '-1',
    '1.5',
    '2026-02-30',
    '2026-13-01',
    '2026-11-23 10:00',
    '2026-11-23T25:00Z',
    '99999999999999999',
  ])
    expect(parseBound(bad, 'first'), bad).toBeUndefined()
})
