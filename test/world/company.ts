/** A mock world, not mocks: a real instance on a temporary directory, people with software passkeys, a CI issuer with real keys. */

import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { digestOf, sha256, type DigestText } from '../../src/bytes/digest.ts'
import { base64, base64url, utf8 } from '../../src/bytes/text.ts'
import { freshBearer, freshId, freshNonce } from '../../src/control/fresh.ts'
import { systemCaller, type Request } from '../../src/control/handle.ts'
import { Instance } from '../../src/control/instance.ts'
import type { Recorded } from '../../src/control/ledger.ts'
import { assert, createSoftwarePasskey, register, type SoftwarePasskey } from '../../src/credential/software-passkey.ts'
import type { Caller } from '../../src/domain/leaf.ts'
import { builderOf } from '../../src/domain/build.ts'
import { textOf } from '../../src/domain/release.ts'
import { challengeOf } from '../../src/domain/statement.ts'
import { formatEnvelope, formatStatement, PAYLOAD_TYPE } from '../../src/evidence/attestation.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'

export const ORIGIN = 'http://localhost:7443'
export const ISSUER = 'https://ci.example'
const HOUR_MS = 3_600_000

export type Somebody = {
  readonly id: `person:${string}`
  readonly caller: Caller
  readonly token: string
  passkey: SoftwarePasskey
}
export type SomeJob = {
  readonly caller: Caller
  readonly token: string
  readonly key: KeyObject
  readonly ciToken: string
}

export class Company implements AsyncDisposable {
  readonly directory: string
  instance: Instance
  readonly #ci = generateKeyPairSync('ed25519')
  readonly #ownsDirectory: boolean

  private constructor(directory: string, instance: Instance, ownsDirectory: boolean) {
    this.directory = directory
    this.instance = instance
    this.#ownsDirectory = ownsDirectory
  }

  /** In a temporary directory, which goes with it, or in one below `place`. */
  static async open(clock?: () => number, place = tmpdir()): Promise<Company> {
    const directory = await mkdtemp(join(place, 'countersign-'))
    return new Company(directory, await openInstance(directory, clock), true)
  }

  async reopen(clock?: () => number, meanwhile: () => void = () => {}): Promise<void> {
    await this.instance[Symbol.asyncDispose]()
    meanwhile()
    this.instance = await openInstance(this.directory, clock)
  }

  /** Asks, and expects a leaf: a refusal of the evidence is a fault of the test. */
  async ask(request: Request): Promise<Recorded> {
    const answer = await this.instance.handle(request)
    if (isRefusal(answer)) throw new Error(answer.because)
    return answer
  }

  async firstAdmin(handle = 'ana'): Promise<Somebody> {
    const token = (await readFile(this.instance.setupFile, 'utf8')).trim()
    return this.enrol(token, handle)
  }

  async person(admin: Somebody, handle: string, roles: string[]): Promise<Somebody> {
    const { token, digest } = freshBearer('invite_')
    const command = {
      type: 'invite person',
      person: freshId('person'),
      inviteDigest: digest,
      expiresAt: this.instance.clock() + HOUR_MS,
      roles,
      zone: 'Europe/Vienna',
    } as const
    await this.ask({
      command,
      caller: admin.caller,
      personal: { handle, name: `${handle} of the company`, email: `${handle}@acme.example` },
    })
    return this.enrol(token, handle)
  }

  async enrol(token: string, handle: string): Promise<Somebody> {
    const passkey = createSoftwarePasskey('localhost')
    const challenge = freshNonce()
    const registration = register(passkey, { challenge: base64url.decode(challenge), origin: ORIGIN })
    const command = {
      type: 'enrol person',
      inviteDigest: digestOf(utf8.encode(token)),
      challenge,
      isSoftware: true,
    } as const
    const exhibits = [{ kind: 'passkey-registration', bytes: utf8.encode(JSON.stringify(registration)) }]
    const { leaf } = await this.ask({ command, caller: systemCaller('enrolment'), exhibits, personal: { handle } })
    if (leaf.event.type !== 'principal.enrolled') throw new Error(`not enrolled: ${leaf.reason}`)
    return this.signIn({ id: leaf.event.person, passkey })
  }

  async signIn({ id, passkey }: Pick<Somebody, 'id' | 'passkey'>): Promise<Somebody> {
    const challenge = freshNonce()
    const { response, passkey: used } = assert(passkey, { challenge: base64url.decode(challenge), origin: ORIGIN })
    const { token, digest } = freshBearer()
    const login = freshId('login')
    const command = {
      type: 'open login',
      login,
      bearerDigest: digest,
      expiresAt: this.instance.clock() + 8 * HOUR_MS,
      challenge,
    } as const
    const exhibits = [{ kind: 'passkey-assertion', bytes: utf8.encode(JSON.stringify(response)) }]
    const { leaf } = await this.ask({
      command,
      caller: { id: 'system:anybody', kind: 'person' },
      exhibits,
      personal: { ip: '192.0.2.7', userAgent: 'test' },
    })
    if (leaf.outcome !== 'allowed') throw new Error(`not signed in: ${leaf.reason}`)
    return { id, token, passkey: used, caller: { id, kind: 'person', login } }
  }

  /** What a CI says of a run, signed with its key. */
  ciToken(claims: Record<string, unknown> = {}): string {
    const now = Math.floor(this.instance.clock() / 1000)
    const said = {
      iss: ISSUER,
      aud: ORIGIN,
      sub: 'repo:acme/shop:ref:refs/heads/main',
      jti: randomUUID(),
      iat: now,
      exp: now + 300,
      repository: 'acme/shop',
      repository_id: '4711',
      ref: 'refs/heads/main',
      run_id: '12',
      run_attempt: '1',
      event_name: 'push',
      runner_environment: 'self-hosted',
      job_workflow_ref: 'acme/shop/.ci/release.yml@refs/heads/main',
      ...claims,
    }
    const text = [{ alg: 'EdDSA', kid: 'ci' }, said]
      .map((part) => base64url.encode(utf8.encode(JSON.stringify(part))))
      .join('.')
    return `${text}.${base64url.encode(sign(null, utf8.encode(text), this.#ci.privateKey))}`
  }

  get ciKeys(): Uint8Array {
    return utf8.encode(
      JSON.stringify({
        keys: [{ ...this.#ci.publicKey.export({ format: 'jwk' }), kid: 'ci', alg: 'EdDSA', use: 'sig' }],
      }),
    )
  }

  async openJob(ciToken: string): Promise<SomeJob & { readonly recorded: Recorded }> {
    const key = generateKeyPairSync('ed25519')
    const { token, digest } = freshBearer()
    const login = freshId('login')
    const jobKey = base64.encode(key.publicKey.export({ format: 'der', type: 'spki' }))
    const command = {
      type: 'open job login',
      login,
      bearerDigest: digest,
      expiresAt: this.instance.clock() + HOUR_MS,
      issuer: ISSUER,
      jobKey,
    } as const
    const exhibits = [
      { kind: 'ci-token', bytes: utf8.encode(ciToken) },
      { kind: 'issuer-keys', bytes: this.ciKeys },
      { kind: 'key-proof', bytes: sign(null, sha256(utf8.encode(ciToken)), key.privateKey) },
    ]
    const recorded = await this.ask({ command, caller: { id: 'system:anybody', kind: 'job' }, exhibits })
    const { event } = recorded.leaf
    const principal = event.type === 'login.opened' ? event.principal : 'job:0000000000'
    return { recorded, caller: { id: principal, kind: 'job', login }, token, key: key.privateKey, ciToken }
  }

  async attest({ caller, key }: SomeJob, artifact: DigestText, commit: string): Promise<Recorded> {
    const { job } = this.instance.ledger.state.logins.get(caller.login!)!
    const statement = formatStatement({
      subjects: [{ name: 'shop.tar', digest: artifact }],
      buildType: 'https://countersign.dev/build/v1',
      builderId: builderOf(job),
      externalParameters: {},
      resolvedDependencies: [{ uri: 'git+https://git.example/acme/shop', digest: { gitCommit: commit } }],
      invocationId: undefined,
      startedAt: undefined,
      finishedAt: undefined,
    })
    const envelope = formatEnvelope(PAYLOAD_TYPE, statement, (bytes) => sign(null, bytes, key))
    const command = { type: 'attest build', build: freshId('build'), provenance: digestOf(envelope) } as const
    return this.ask({ command, caller, exhibits: [{ kind: 'provenance', bytes: envelope }] })
  }

  async approve(person: Somebody, release: `release:${string}`, challenge?: Uint8Array): Promise<Recorded> {
    const { state } = this.instance.ledger
    const over = challenge ?? challengeOf(textOf(state.releases.get(release)!, state))
    const { response, passkey } = assert(person.passkey, { challenge: over, origin: ORIGIN })
    person.passkey = passkey
    const exhibits = [{ kind: 'passkey-assertion', bytes: utf8.encode(JSON.stringify(response)) }]
    return this.ask({ command: { type: 'give approval', release }, caller: person.caller, exhibits })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.instance[Symbol.asyncDispose]()
    if (this.#ownsDirectory) await rm(this.directory, { recursive: true, force: true })
  }
}

function openInstance(directory: string, clock?: () => number): Promise<Instance> {
  const policyDirectory = join(import.meta.dirname, '../../policies')
  return Instance.open({
    directory,
    publicUrl: ORIGIN,
    origin: 'log.example',
    policyDirectory,
    version: 'test',
    ...(clock && { clock }),
  })
}
