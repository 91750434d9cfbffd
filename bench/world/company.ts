/** A company at work, decided and recorded by a real ledger: commits, builds, releases that two people approve, credentials that are lent. */

import { createHash } from 'node:crypto'
import { digestOf } from '../../src/bytes/digest.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { freshBearer, freshId, freshNonce } from '../../src/control/fresh.ts'
import { systemCaller } from '../../src/control/handle.ts'
import type { Instance } from '../../src/control/instance.ts'
import type { Submission, Written } from '../../src/control/ledger.ts'
import type { Claims } from '../../src/domain/claims.ts'
import type { Command } from '../../src/domain/command.ts'
import type { Caller, Given } from '../../src/domain/leaf.ts'
import { enrolAdministrator, enrolDeveloper, noise, record, trivial } from './instance.ts'

const KEY = `SHA256:${'k'.repeat(43)}`
const ISSUER = 'https://ci.example'
const WORKFLOW = 'acme/shop/.ci/release.yml@refs/heads/main'
const HOUR_MS = 3_600_000
/** Leaves of one release, from the push to the end of its job. */
export const CYCLE_LEAVES = 16

export type Told = { readonly written: Written; readonly claims: Claims }
type Approver = { readonly caller: Caller; readonly credentialId: string }
/** One branch of work, on which one thing comes after the other. */
export type Lane = { readonly repository: string; head: string | undefined; round: number }

export class Company {
  readonly #instance: Instance
  readonly #approvers: Approver[] = []
  /** Everything that was recorded, in order, with what its evidence was taken to say. */
  readonly told: Told[] = []

  private constructor(instance: Instance) {
    this.#instance = instance
  }

  static async found(instance: Instance, lanes: readonly Lane[]): Promise<Company> {
    const company = new Company(instance)
    const { caller } = await enrolAdministrator(instance)
    await record(instance, caller, { type: 'trust issuer', issuer: ISSUER, kind: 'github' })
    const enrol = { type: 'enrol key', format: 'ssh', publicKey: digestOf(utf8.encode(KEY)) } as const
    await record(instance, (await enrolDeveloper(instance, caller)).caller, enrol, { fingerprint: KEY })
    for (const { repository } of lanes) {
      const registered = { repository, protectedRefs: ['refs/heads/main'], doorKey: 'AA', baseline: [] }
      await record(instance, caller, { type: 'register repository', ...registered })
    }
    const web = { target: 'web', kind: 'ssh' as const, address: 'localhost:22', logins: ['deploy'] }
    await record(instance, caller, { type: 'define target', ...web })
    const production = {
      ...{ environment: 'production', approvals: 2, approverRole: 'approver', targets: ['web'] },
      ...{ grantLifetimeMs: 120_000, requestLifetimeMs: HOUR_MS, refs: ['refs/heads/main'] },
    }
    await record(instance, caller, { type: 'define environment', ...production })
    for (const credentialId of ['mara', 'li']) await company.#enrolApprover(credentialId, caller)
    return company
  }

  async #enrolApprover(credentialId: string, administrator: Caller): Promise<void> {
    const person = freshId('person') as `person:${string}`
    const { digest: inviteDigest } = freshBearer()
    const invited = { person, inviteDigest, expiresAt: this.#instance.clock() + HOUR_MS, roles: ['approver'] }
    await record(this.#instance, administrator, { type: 'invite person', ...invited })
    const take: Command = { type: 'enrol person', inviteDigest, challenge: freshNonce(), isSoftware: true }
    const publicKey = { kty: 'OKP', crv: 'Ed25519', x: 'AA' } as const
    await record(this.#instance, systemCaller('enrolment'), take, { credentialId, publicKey })
    const login = freshId('login') as `login:${string}`
    const opened = { login, bearerDigest: freshBearer().digest, expiresAt: this.#instance.clock() + 12 * HOUR_MS }
    const open: Command = { type: 'open login', ...opened, challenge: freshNonce() }
    await record(this.#instance, { id: person, kind: 'person' }, open, { credentialId, isUserVerified: true })
    this.#approvers.push({ caller: { id: person, kind: 'person', login }, credentialId })
  }

  /** From a commit to its end in production: `CYCLE_LEAVES` leaves, all of them allowed. */
  async release(lane: Lane): Promise<void> {
    const { repository } = lane
    lane.round += 1
    const commit = createHash('sha1').update(`${repository} ${lane.round}`).digest('hex')
    await this.#push(lane, commit)
    const job = await this.#openJob(lane, commit)
    const artifact = digestOf(utf8.encode(`artifact of ${commit}`))
    const built = { commit, artifacts: [{ name: 'shop.tar', digest: artifact }], builder: `${ISSUER}/${WORKFLOW}` }
    const provenance = digestOf(utf8.encode(`provenance of ${commit}`))
    const attest = { type: 'attest build', build: freshId('build') as `build:${string}`, provenance } as const
    await this.#tell(job, attest, { ...built, buildType: 'https://ci.example/job/v1' })
    const release = freshId('release') as `release:${string}`
    const asked = { release, artifact, environment: 'production', nonce: freshNonce() }
    await this.#tell(job, { type: 'request release', ...asked })
    for (const { caller, credentialId } of this.#approvers)
      await this.#tell(
        caller,
        { type: 'give approval', release },
        { credentialId, isUserVerified: true, isOverStatement: true },
      )
    const grant = freshId('grant') as `grant:${string}`
    await this.#tell(job, { type: 'request grant', grant, release, target: 'web', publicKey: 'ssh-ed25519 AAAA' })
    for (const kind of ['step.started', 'step.ended'])
      await this.#tell(job, { type: 'record observation', kind, claimedAt: this.#instance.clock(), release, grant })
    await this.#tell(job, { type: 'end grant', grant })
    await this.#tell(systemCaller('watch'), { type: 'clear grant', grant, how: 'listed_as_revoked', terminated: 0 })
    await this.#tell(job, { type: 'end release', release, exitCode: 0 })
    await this.#tell(job, { type: 'end login', login: job.login! })
    for (let word = 0; word < 3; word += 1) await this.#tell(noise, trivial)
  }

  async #push(lane: Lane, commit: string): Promise<void> {
    const { repository, head } = lane
    lane.head = commit
    const update = { ref: 'refs/heads/main', oldId: head ?? '0'.repeat(40), newId: commit, isForced: false }
    const sha256 = digestOf(utf8.encode(commit))
    const claims = [{ id: commit, sha256, parents: head ? [head] : [], fingerprint: KEY }]
    const given = { authorships: [{ authors: [], hasForeignAuthor: false }] }
    const door = systemCaller(`git-door/${repository}`)
    await this.#tell(door, { type: 'record push', repository, updates: [update] }, claims, given)
  }

  async #openJob({ repository, round }: Lane, commit: string): Promise<Caller> {
    const login = freshId('login') as `login:${string}`
    const principal = `job:${digestOf(utf8.encode(login)).slice(7, 27)}` as const
    const expiresAt = this.#instance.clock() + HOUR_MS / 6
    const opened = { login, bearerDigest: freshBearer().digest, expiresAt }
    const token = { tokenDigest: digestOf(utf8.encode(`${repository} token ${round}`)), tokenExpiresAt: expiresAt }
    const ran = { commit, ref: 'refs/heads/main', workflow: WORKFLOW, runId: String(round), eventName: 'push' }
    const job = { issuer: ISSUER, ...token, repository, ...ran }
    const open = { type: 'open job login', ...opened, issuer: ISSUER, jobKey: 'AA' } as const
    await this.#tell({ id: principal, kind: 'job' }, open, { principal, job })
    return { id: principal, kind: 'job', login }
  }

  async #tell(caller: Caller, command: Command, claims?: Claims, facts: Given = {}): Promise<void> {
    const submission: Submission = {
      ...{ command, caller, claims, evidence: [] },
      given: () => facts,
      sealed: undefined,
    }
    const written = await this.#instance.ledger.record(submission)
    const { outcome, reason } = written.decision
    if (outcome === 'refused') throw new Error(`${command.type}: ${reason}`)
    this.told.push({ written, claims })
  }
}
