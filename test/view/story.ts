/** One release, from a push to its deployment, in a real instance; what stands around it is refused on purpose. */

import { createHash } from 'node:crypto'
import { digestOf, type DigestText } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { freshId, freshNonce } from '../../src/control/fresh.ts'
import type { Written } from '../../src/control/ledger.ts'
import { seal } from '../../src/control/seal.ts'
import type { LogStatus } from '../../src/control/view/shape.ts'
import type { Indexing } from '../../src/control/trail/indexing.ts'
import { Views } from '../../src/control/view/views.ts'
import type { Command } from '../../src/domain/command.ts'
import type { Claimed } from '../../src/domain/commit.ts'
import type { Caller, Evidence } from '../../src/domain/leaf.ts'
import { openTrail, type Trail } from '../../src/index/trail.ts'
import { indexInto } from '../world/local-link.ts'
import { Company, ISSUER, type SomeJob, type Somebody } from '../world/company.ts'

export const ARTIFACT = digestOf(utf8.encode('an artifact'))
const FINGERPRINT = `SHA256:${'I'.repeat(43)}`
const MINUTE = 60_000

/** A Wednesday, eleven in the morning in Vienna. */
export const NOON = Date.UTC(2026, 10, 18, 10)

export type Story = AsyncDisposable & {
  readonly company: Company
  readonly views: Views
  /** Where leaves are indexed, and by whom. */
  readonly trail: Trail
  readonly indexing: Indexing
  readonly people: Record<'ana' | 'ivo' | 'mara' | 'li', Somebody>
  readonly job: SomeJob
  readonly commit: string
  readonly release: `release:${string}`
  /** Moves the clock on. */
  readonly later: (ms: number) => void
  readonly tell: (command: Command, caller: Caller) => Promise<Written>
  readonly push: (title: string, problem?: 'unsigned') => Promise<{ readonly id: string; readonly written: Written }>
}

export const logStatus = (): LogStatus => ({
  origin: 'log.example',
  treeSize: 1,
  rootHash: '',
  checkpoint: '',
  signedAt: new Date(NOON).toISOString(),
  witnesses: [],
  healthy: true,
  key: '',
  startedAt: new Date(NOON).toISOString(),
})

export async function tellStory(): Promise<Story> {
  const clock = { at: NOON }
  const company = await Company.open(() => clock.at)
  const trail = openTrail({ file: ':memory:', origin: 'log.example' })
  const { ledger, evidence } = company.instance
  const indexing = indexInto(trail, ledger, () => clock.at)
  const views = new Views({ ledger, evidence, trail: indexing, logStatus, clock: () => clock.at })
  ledger.follow((published) => views.ingest(published))

  const record = (
    command: Command,
    caller: Caller,
    more: { claims?: readonly Claimed[]; evidence?: Evidence[] } = {},
  ) =>
    ledger.record({
      command,
      caller,
      claims: more.claims,
      evidence: more.evidence ?? [],
      given: () =>
        more.claims ? { authorships: more.claims.map(() => ({ authors: [], hasForeignAuthor: false })) } : {},
      sealed: seal({ ip: '198.51.100.9', userAgent: 'a client' }),
    })
  const push = async (title: string, problem?: 'unsigned') => {
    const object = utf8.encode(commitText(title))
    const id = createHash('sha1').update(`commit ${object.length}\0`).update(object).digest('hex')
    const stream = Buffer.concat([utf8.encode(`${id} commit ${object.length}\n`), object, utf8.encode('\n')])
    const digest = await evidence.put(stream)
    const claim = {
      id,
      sha256: digestOf(object),
      parents: [],
      ...(problem ? { problem } : { fingerprint: FINGERPRINT }),
    }
    const updates = [{ ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: id, isForced: false }]
    const command = { type: 'record push', repository: 'acme/shop', updates } as const
    const door = systemCaller('git-door/acme/shop')
    return { id, written: await record(command, door, { claims: [claim], evidence: [{ kind: 'commits', digest }] }) }
  }

  const people = await enrolEverybody(company)
  for (const command of settings) await record(command, people.ana.caller)
  await enrolKey(company, people.ivo)
  await push('Not signed by anybody', 'unsigned')
  for (const alert of [...ledger.state.due.keys()])
    await record({ type: 'fire alert', alert: alert as `alert:${string}` }, systemCaller('watch'))
  const { id: commit } = await push('Sell shoes')
  const job = await company.openJob(company.ciToken({ sha: commit, actor: 'ivo' }))
  const release = freshId('release')
  const request = (artifact: DigestText) =>
    record({ type: 'request release', release, artifact, environment: 'production', nonce: freshNonce() }, job.caller)
  await request(ARTIFACT)
  await company.attest(job, ARTIFACT, commit)
  await request(ARTIFACT)
  await company.approve(people.ivo, release)
  await company.approve(people.mara, release)

  return {
    ...{ company, views, trail, indexing, people, job, commit, release, push },
    later: (ms) => (clock.at += ms),
    tell: (command, caller) => record(command, caller),
    async [Symbol.asyncDispose]() {
      await indexing[Symbol.asyncDispose]()
      await company[Symbol.asyncDispose]()
    },
  }
}

/** The second approval, both credentials, one handed back, and the end. */
export async function finish({ company, people, job, release, tell }: Story): Promise<{ readonly serial: number }> {
  await company.approve(people.li, release)
  const grant = freshId('grant')
  const { leafIndex } = await tell({ type: 'request grant', grant, release, target: 'web' }, job.caller)
  await tell({ type: 'request grant', grant: freshId('grant'), release, target: 'other' }, job.caller)
  await tell({ type: 'end grant', grant }, job.caller)
  await tell({ type: 'clear grant', grant, how: 'listed_as_revoked', terminated: 0 }, systemCaller('watch'))
  await tell({ type: 'end release', release, exitCode: 0 }, job.caller)
  return { serial: leafIndex }
}

async function enrolEverybody(company: Company): Promise<Story['people']> {
  const ana = await company.firstAdmin()
  return {
    ana,
    ivo: await company.person(ana, 'ivo', ['developer', 'approver']),
    mara: await company.person(ana, 'mara', ['approver']),
    li: await company.person(ana, 'li', ['approver']),
  }
}

const settings: readonly Command[] = [
  { type: 'trust issuer', issuer: ISSUER, kind: 'github' },
  {
    type: 'register repository',
    repository: 'acme/shop',
    protectedRefs: ['refs/heads/main'],
    doorKey: 'AA',
    baseline: [],
  },
  { type: 'define target', target: 'web', kind: 'ssh', address: 'localhost:22', logins: ['deploy'] },
  { type: 'define target', target: 'other', kind: 'ssh', address: 'localhost:22' },
  {
    type: 'define environment',
    environment: 'production',
    approvals: 2,
    approverRole: 'approver',
    targets: ['web'],
    grantLifetimeMs: 2 * MINUTE,
    requestLifetimeMs: 30 * MINUTE,
    refs: ['refs/heads/main'],
  },
]

async function enrolKey({ instance }: Company, { caller }: Somebody): Promise<void> {
  await instance.ledger.record({
    command: { type: 'enrol key', format: 'ssh', publicKey: digestOf(utf8.encode('a public key')) },
    caller,
    claims: { fingerprint: FINGERPRINT },
    evidence: [],
    given: () => ({}),
    sealed: undefined,
  })
}

function commitText(title: string): string {
  const person = 'Ivo of the company <ivo@acme.example> 1763900000 +0100'
  return `tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor ${person}\ncommitter ${person}\n\n${title}\n`
}
