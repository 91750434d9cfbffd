/** One accountable release through the real ledger: real evidence in, leaves out, and all of it decided again at the end. */

import { generateKeyPairSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { digestOf, type DigestText } from '../../src/bytes/digest.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { freshId, freshNonce } from '../../src/control/fresh.ts'
import type { Request } from '../../src/control/handle.ts'
import type { Book } from '../../src/domain/book.ts'
import { read } from '../../src/domain/leaf.ts'
import { redecide } from '../../src/domain/redecide.ts'
import { formatState, replay, spell, type ReadonlyState } from '../../src/domain/state.ts'
import { verifyInclusion } from '../../src/tlog/verify.ts'
import { leafHash } from '../../src/tlog/hash.ts'
import { createRepository, hasTool, type Repository } from '../world/repository.ts'
import { Company, ISSUER, type Somebody } from '../world/company.ts'

const artifact = digestOf(utf8.encode('the very bytes that are shipped'))

async function furnish(company: Company, admin: Somebody): Promise<void> {
  const { caller } = admin
  const doorKey = base64.encode(generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }))
  for (const command of [
    { type: 'trust issuer', issuer: ISSUER, kind: 'github' },
    {
      type: 'register repository',
      repository: 'acme/shop',
      ciIssuer: ISSUER,
      ciRepositoryId: '4711',
      protectedRefs: ['refs/heads/main'],
      doorKey,
      baseline: [],
    },
    { type: 'define target', target: 'web', kind: 'ssh', address: 'localhost:22', logins: ['deploy'] },
    {
      type: 'define environment',
      environment: 'production',
      approvals: 2,
      approverRole: 'approver',
      targets: ['web'],
      grantLifetimeMs: 60_000,
      requestLifetimeMs: 600_000,
      refs: ['refs/heads/main'],
    },
  ] as const)
    expect((await company.ask({ command: command as never, caller })).leaf.outcome).toBe('allowed')
}

function signing(repository: Repository): string[] {
  repository.git('config', 'gpg.format', 'ssh')
  repository.git('config', 'user.signingkey', join(repository.directory, 'ivo'))
  return ['-S']
}

/** What `git cat-file --batch` prints for a commit. */
function batch(repository: Repository, id: string): Uint8Array {
  return repository.run('git', ['cat-file', '--batch'], `${id}\n`)
}

test.skipIf(!hasTool('ssh-keygen', '-?') || !hasTool('git', '--version'))(
  'from a signed commit to a credential; replay decides every leaf again',
  async () => {
    await using company = await Company.open()
    const admin = await company.firstAdmin()
    await furnish(company, admin)
    const ivo = await company.person(admin, 'ivo', ['developer', 'approver'])
    const mara = await company.person(admin, 'mara', ['approver'])
    const li = await company.person(admin, 'li', ['approver'])
    using repository = createRepository()
    const publicKeyText = repository.sshKey('ivo', '-t', 'ed25519')
    const publicKey = utf8.encode(publicKeyText)
    const enrolled = await company.ask({
      command: { type: 'enrol key', format: 'ssh', publicKey: digestOf(publicKey) },
      caller: ivo.caller,
      exhibits: [{ kind: 'public-key', bytes: publicKey }],
    })
    expect(enrolled.leaf.outcome).toBe('allowed')

    const commit = repository.commit('Sell shoes', ...signing(repository))
    const push = (id: string): Request => ({
      command: {
        type: 'record push',
        repository: 'acme/shop',
        updates: [{ ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: id, isForced: false }],
      } as const,
      caller: { id: 'system:git-door/acme/shop', kind: 'system' } as const,
      exhibits: [{ kind: 'commits', bytes: batch(repository, id) }],
      given: () => ({ authorships: [{ authors: [ivo.id], hasForeignAuthor: false }] }),
    })
    expect((await company.ask(push(commit))).leaf.event).toMatchObject({
      type: 'repository.pushed',
      commits: [{ signer: ivo.id }],
    })
    const unsigned = repository.commit('Sell hats', '--no-gpg-sign')
    expect((await company.ask(push(unsigned))).leaf).toMatchObject({ outcome: 'refused', reason: 'unsigned' })

    const job = await company.openJob(company.ciToken({ sha: commit }))
    expect(job.recorded.leaf.outcome).toBe('allowed')
    expect((await company.attest(job, artifact, commit)).leaf.outcome).toBe('allowed')
    const release = freshId('release')
    const asked = await company.ask({
      command: { type: 'request release', release, artifact, environment: 'production', nonce: freshNonce() },
      caller: job.caller,
    })
    expect(asked.leaf).toMatchObject({ outcome: 'waiting', reason: 'approvals_missing', event: { authors: [ivo.id] } })
    expect((await company.approve(ivo, release)).leaf).toMatchObject({ outcome: 'refused', reason: 'own_release' })
    expect((await company.approve(mara, release, new Uint8Array(32))).leaf).toMatchObject({
      outcome: 'refused',
      reason: 'statement_mismatch',
    })
    expect((await company.approve(mara, release)).leaf.outcome).toBe('allowed')
    expect((await company.approve(li, release)).leaf.outcome).toBe('allowed')
    const granted = await company.ask({
      command: {
        type: 'request grant',
        grant: freshId('grant'),
        release,
        target: 'web',
        publicKey: publicKeyText.split(' ', 2).join(' '),
      },
      caller: job.caller,
    })
    expect(granted.leaf.outcome).toBe('allowed')

    const { instance } = company
    const { proof, bytes, leafIndex } = granted
    expect(
      verifyInclusion(
        leafIndex,
        proof.treeSize,
        leafHash(bytes),
        proof.hashes.map(base64.decode),
        base64.decode(proof.rootHash),
      ),
    ).toBe(true)
    expect(await redecideAll(company)).toEqual({ same: instance.log.size })
  },
)

/** Outcomes of deciding everything again, counted; a difference shows its reason. */
async function redecideAll({ instance }: Company): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const { state, apply } = replay()
  for await (const { leafIndex, leaf: bytes } of instance.log.leaves(0, instance.log.size)) {
    const leaf = read(bytes)
    const blobs = await Promise.all(leaf.evidence.map(({ digest }) => instance.evidence.get(digest as DigestText)))
    const again = await redecide(leaf, bytes, blobs, state, instance.ledger.policies)
    const name =
      again.outcome === 'different' ? `leaf ${leafIndex} (${leaf.event.type}): ${again.because}` : again.outcome
    counts[name] = (counts[name] ?? 0) + 1
    apply(leaf, leafIndex)
  }
  return counts
}

test('the state after a restart is the state before it, from a snapshot or without one', async () => {
  await using company = await Company.open()
  const admin = await company.firstAdmin()
  await company.person(admin, 'mara', ['approver'])
  const before = formatState(company.instance.ledger.state) as Record<string, unknown>
  await company.reopen()
  expect(readLike(before, company.instance.ledger.state)).toEqual({ ...before, at: 0 })
  expect(company.instance.ledger.directory.find('@mara')).toBeDefined()
  await company.reopen(undefined, () => rmSync(join(company.directory, 'snapshots'), { recursive: true }))
  expect(readLike(before, company.instance.ledger.state)).toEqual({ ...before, at: 0 })
})

/** The records of a book are read by their keys: which of them lie on the shelf is nobody's business. */
function readLike(before: Readonly<Record<string, unknown>>, state: ReadonlyState): Record<string, unknown> {
  const read = Object.entries(before).map(([name, spelled]) => {
    const records = (spelled as { book?: [string, unknown][] } | undefined)?.book
    const member = state[name as keyof ReadonlyState]
    if (!records) return [name, spell(member)]
    return [name, { book: records.map(([key]) => [key, spell((member as Book<unknown>).get(key))]) }]
  })
  return { ...Object.fromEntries(read), at: 0 }
}

test('evidence that does not verify leaves no leaf', async () => {
  await using company = await Company.open()
  const admin = await company.firstAdmin()
  await furnish(company, admin)
  const size = company.instance.log.size
  await expect(company.openJob(company.ciToken({ aud: 'https://elsewhere.example' }))).rejects.toThrow(
    /audience|elsewhere/,
  )
  await expect(company.openJob(company.ciToken({ iat: 1, exp: 2 }))).rejects.toThrow(/expire/)
  await expect(company.openJob('a.b.c')).rejects.toThrow()
  expect(company.instance.log.size).toBe(size)
})
