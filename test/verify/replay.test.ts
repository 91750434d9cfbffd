/** Deciding history again finds what no signature can show: a decision that the rules would not have made. */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../../src/cli/replay.ts'
import { canonical, parse, type Json } from '../../src/bytes/json.ts'
import type { ReplayReport } from '../../src/domain/replayer.ts'
import { replayLog } from '../../src/control/replay.ts'
import { verifyLog } from '../../src/control/verification.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { read } from '../../src/domain/leaf.ts'
import { ISSUER, Company, type Somebody } from '../world/company.ts'
import { edit, Forgery, listening } from './world.ts'

async function furnish(company: Company): Promise<{ admin: Somebody; mara: Somebody }> {
  const admin = await company.firstAdmin()
  const mara = await company.person(admin, 'mara', ['approver'])
  await company.ask({ command: { type: 'trust issuer', issuer: ISSUER, kind: 'github' }, caller: admin.caller })
  await company.openJob(company.ciToken())
  // Not hers to do: refused, by policy.
  await company.ask({
    command: { type: 'trust issuer', issuer: 'https://mara.example', kind: 'github' },
    caller: mara.caller,
  })
  await company.ask({ command: { type: 'revoke principal', principal: mara.id }, caller: admin.caller })
  await company.ask({ command: { type: 'assign role', person: mara.id, role: 'admin' }, caller: mara.caller })
  return { admin, mara }
}

function isRefusedTrust({ data }: Leaf): boolean {
  return data['outcome'] === 'refused' && (data['command'] as { type: string }).type === 'trust issuer'
}

type Leaf = { type: string; data: Record<string, Json> }

/** One leaf changed in its JSON; the rest as it is. */
function changing(pick: (leaf: Leaf) => boolean, change: (leaf: Leaf) => void) {
  return (bytes: Buffer) => {
    const leaf = parse(bytes.toString()) as unknown as Leaf
    if (!pick(leaf)) return bytes
    change(leaf)
    return Buffer.from(canonical(leaf as unknown as Json))
  }
}

test('a log that the rules wrote has no difference, also beside its running server', async () => {
  await using company = await Company.open()
  await furnish(company)
  const { terminal, json } = listening()
  expect(await run({ directory: company.directory }, terminal)).toBe(0)
  const { size } = company.instance.log
  expect(json<ReplayReport>()).toMatchObject({ treeSize: size, leaves: size, same: size, different: [], withheld: [] })
  expect(await replayLog({ path: company.directory, from: size - 3 })).toMatchObject({
    from: size - 3,
    leaves: 3,
    same: 3,
  })
  const shown = listening('text')
  expect(await run({ directory: company.directory, from: 4 }, shown.terminal)).toBe(0)
  expect(shown.text()).toContain('✓ 0 differences')
})

test('what the instance reports by itself is decided again, too', async () => {
  await using company = await Company.open()
  await company.ask({
    command: { type: 'report damage', leafIndex: 1, file: 'wal', problem: 'test' },
    caller: systemCaller('scrub'),
  })
  for (const alert of company.instance.ledger.state.due.keys())
    await company.ask({
      command: { type: 'fire alert', alert: alert as `alert:${string}` },
      caller: systemCaller('watch'),
    })
  const { same, different, treeSize } = await replayLog({ path: company.directory })
  expect({ same, different }).toEqual({ same: treeSize, different: [] })
})

test.each([
  [
    'a refusal made a yes',
    (leaf: Leaf) => isRefusedTrust(leaf),
    (leaf: Leaf) => {
      leaf.type = 'dev.countersign.issuer.trusted.v1'
      const { command } = leaf.data as { command: Record<string, Json> }
      const { type: _, ...event } = command
      Object.assign(leaf, { subject: event['issuer'] })
      leaf.data['event'] = event
      leaf.data['outcome'] = 'allowed'
      delete leaf.data['reason']
    },
  ],
  [
    'another name for who did it',
    (leaf: Leaf) => leaf.type.includes('login.opened'),
    (leaf: Leaf) => {
      const event = leaf.data['event'] as Record<string, Json>
      leaf.data['event'] = { ...event, principal: 'person:0000000000000000' }
    },
  ],
  [
    'other determining policies',
    (leaf: Leaf) => leaf.type.includes('principal.revoked'),
    (leaf: Leaf) => {
      leaf.data['policy'] = { ...(leaf.data['policy'] as Record<string, Json>), determining: ['nobody-asked'] }
    },
  ],
])('%s, signed anew with the key of the log: verify passes, replay finds it', async (_, pick, change) => {
  await using company = await Company.open()
  await furnish(company)
  let changed: number | undefined
  using forgery = await Forgery.of(company, (leaf, leafIndex) => {
    const rewritten = changing((json) => changed === undefined && pick(json), change)(leaf)
    if (!rewritten.equals(leaf)) changed ??= leafIndex
    return rewritten
  })
  expect(changed).toBeGreaterThan(0)
  const { findings } = await verifyLog({ path: forgery.directory })
  const { terminal, json } = listening()
  expect(await run({ directory: forgery.directory }, terminal)).toBe(5)
  expect(json<ReplayReport>().different[0]).toMatchObject({ leafIndex: changed, because: expect.stringMatching(/./) })
  expect(findings).toEqual([])
})

test('a leaf left out is found by its number, and what follows from it', async () => {
  await using company = await Company.open()
  await furnish(company)
  using forgery = await Forgery.of(company, (leaf) =>
    leaf.toString().includes('principal.revoked') ? undefined : leaf,
  )
  const { different } = await replayLog({ path: forgery.directory })
  expect(different.length).toBeGreaterThan(0)
  expect(different[0]!.because).toContain('it says that it is number')
})

test('evidence that was erased is withheld, evidence that was swapped is a difference', async () => {
  await using company = await Company.open()
  await furnish(company)
  let found: { leafIndex: number; digest: string } | undefined
  for await (const { leafIndex, leaf } of company.instance.log.leaves(0, company.instance.log.size)) {
    const token = read(leaf).evidence.find(({ kind }) => kind === 'ci-token')
    if (token) found = { leafIndex, digest: token.digest.slice(7) }
  }
  const { leafIndex, digest } = found!
  const blob = join(company.directory, 'evidence', digest.slice(0, 2), digest.slice(2))
  edit(blob, (bytes) => void (bytes[5]! ^= 1))
  expect((await replayLog({ path: company.directory })).different).toMatchObject([
    { leafIndex, because: expect.stringContaining('was altered') },
  ])
  rmSync(blob)
  expect(await replayLog({ path: company.directory })).toMatchObject({ different: [], withheld: [leafIndex] })
})
