/** The HTTP server over a mock world: a real instance with real people and jobs, and one way to ask it things. */

import { generateKeyPairSync, randomBytes, randomUUID, sign, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../../src/bytes/digest.ts'
import { base64, base64url, utf8 } from '../../src/bytes/text.ts'
import type { LogStatus } from '../../src/control/view/shape.ts'
import { Eraser } from '../../src/control/erasure.ts'
import type { Indexing } from '../../src/control/trail/indexing.ts'
import { Views } from '../../src/control/view/views.ts'
import { proveRequest } from '../../src/credential/dpop.ts'
import { assert, createSoftwarePasskey, register, type SoftwarePasskey } from '../../src/credential/software-passkey.ts'
import type { App } from '../../src/http/app.ts'
import { STREAM_TIMES, type StreamTimes } from '../../src/http/stream.ts'
import type { Config, Port } from '../../src/http/port.ts'
import { replayPolicies } from '../../src/control/policy-replay.ts'
import { mustLoad } from '../policy/shipped.ts'
import { Reading } from '../../src/control/reading.ts'
import { Exports } from '../../src/control/package/exports.ts'
import { createServer } from '../../src/http/server.ts'
import { openTrail } from '../../src/index/trail.ts'
import { indexInto } from '../world/local-link.ts'
import { Company, ORIGIN } from '../world/company.ts'

export const HOST = new URL(ORIGIN).host

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever came
  readonly body: any
}
export type Ask = {
  readonly as?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}
export type Worker = { readonly token: string; readonly id: string; passkey: SoftwarePasskey }
export type Door = { readonly repository: string; readonly key: KeyObject; readonly publicKey: string }

type Options = {
  readonly config?: Partial<Config>
  readonly times?: Partial<StreamTimes>
  readonly clock?: () => number
  readonly port?: Partial<Port>
}

/** Every call that was answered, with the leaves that it added. */
export type Call = { readonly method: string; readonly url: string; readonly status: number; readonly leaves: number }

export class Office implements AsyncDisposable {
  readonly company: Company
  readonly port: Port
  readonly app: App
  readonly calls: Call[] = []
  readonly reports: string[]
  /** Token of a job to its key. */
  readonly keys = new Map<string, KeyObject>()
  readonly #indexing: Indexing

  private constructor(company: Company, port: Port, app: App, indexing: Indexing, reports: string[]) {
    this.reports = reports
    this.company = company
    this.port = port
    this.app = app
    this.#indexing = indexing
  }

  static async open({ config, times, clock, port: changes }: Options = {}): Promise<Office> {
    const company = await Company.open(clock)
    const { instance } = company
    const { ledger, evidence } = instance
    const trail = openTrail({ file: join(company.directory, 'trail.db'), origin: instance.log.origin })
    const logStatus = () => statusOf(company)
    const indexing = indexInto(trail, ledger, instance.clock)
    const views = new Views({ ledger, evidence, trail: indexing, logStatus, clock: instance.clock })
    ledger.follow((published) => views.ingest(published))
    const reports: string[] = []
    const report = (sentence: string) => void reports.push(sentence)
    const { directory } = company
    const forget = (leafIndexes: readonly number[]) => views.forget(leafIndexes)
    const eraser = new Eraser({ ledger, evidence, clock: instance.clock, directory, forget, report })
    const reading = new Reading({ desk: instance, report })
    const port: Port = {
      ...{ ledger, evidence, views, logStatus, clock: instance.clock },
      ...{ noise: instance.noise, challenges: instance.challenges, doorRequests: instance.doorRequests },
      proofs: instance.proofs,
      ...{
        providers: instance.providers,
        lender: instance.lender,
        access: instance.access,
        authorities: instance.authorities,
      },
      issuerKeys: { of: async () => company.ciKeys },
      repairLog: (request) =>
        instance.handle({ ...request, command: { type: 'repair log', leafIndexes: [0], from: 'test' } }),
      rotateLogKey: (request, overlapMs) => instance.rotateLogKey(request, overlapMs),
      exports: new Exports(instance),
      reading,
      policyReplays: { ask: (files, range) => replayPolicies(mustLoad(files), { path: directory, ...range }) },
      erasePerson: async (request) => {
        const ordered = await instance.handle(request)
        await eraser.complete()
        return ordered
      },
      report,
      config: { publicUrl: ORIGIN, version: 'test', consoleDirectory: '/nonexistent', ...config },
      ...changes,
    }
    const app = await createServer(port, { ...STREAM_TIMES, ...times })
    return new Office(company, port, app, indexing, reports)
  }

  get size(): number {
    return this.port.ledger.log.size
  }

  async ask(
    method: 'GET' | 'POST' | 'DELETE' | 'PUT',
    url: string,
    { as, body, headers = {} }: Ask = {},
  ): Promise<Answer> {
    const before = this.size
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const answer = await this.app.inject({
      method,
      url,
      headers: {
        host: HOST,
        ...(as !== undefined && this.#authorize(as, method, url)),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: raw ? Buffer.from(body) : JSON.stringify(body) }),
    })
    const { statusCode: status, payload: text } = answer
    this.calls.push({ method, url, status, leaves: this.size - before })
    return {
      status,
      headers: answer.headers,
      text,
      body: /json/.test(String(answer.headers['content-type'])) ? JSON.parse(text) : undefined,
    }
  }

  /** As people do, with a token alone, or as jobs, which prove their key with each request. */
  #authorize(as: string, method: string, url: string): Record<string, string> {
    if (as.includes(' ')) return { authorization: as }
    const key = this.keys.get(as)
    if (key === undefined) return { authorization: `Bearer ${as}` }
    const times = { at: this.port.clock(), id: randomUUID() }
    const dpop = proveRequest(key, { method, url: ORIGIN + url, accessToken: as }, times)
    return { authorization: `DPoP ${as}`, dpop }
  }

  get(url: string, as?: string): Promise<Answer> {
    return this.ask('GET', url, { as })
  }

  post(url: string, body: unknown, as?: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('POST', url, { as, body, headers })
  }

  /** Enrols by an invitation's token, as the command line does. */
  async enrol(token: string, profile: Readonly<Record<string, string>> = {}): Promise<Worker> {
    const { body: asked } = await this.get(`/api/v1/enrolments/${token}`)
    const passkey = createSoftwarePasskey(asked.rpId)
    const registration = register(passkey, { challenge: base64url.decode(asked.challenge), origin: ORIGIN })
    const enrolled = await this.post('/api/v1/enrolments', { token, registration, software: true, ...profile })
    if (enrolled.status !== 201) throw new Error(enrolled.text)
    return this.signIn(passkey)
  }

  async signIn(passkey: SoftwarePasskey): Promise<Worker> {
    const { assertion, passkey: used } = await this.assertFresh(passkey)
    const answer = await this.post('/api/v1/logins', { method: 'passkey', assertion })
    if (answer.status !== 201) throw new Error(answer.text)
    return { token: answer.body.result.token, id: answer.body.result.who.id, passkey: used }
  }

  async assertFresh(passkey: SoftwarePasskey) {
    const { body } = await this.get('/api/v1/logins/challenge')
    const { response, passkey: used } = assert(passkey, { challenge: base64url.decode(body.challenge), origin: ORIGIN })
    return { assertion: response, passkey: used }
  }

  async admin(): Promise<Worker> {
    const token = (await readFile(this.company.instance.setupFile, 'utf8')).trim()
    return this.enrol(token, { handle: 'ana', name: 'Ana Adler', email: 'ana@acme.example', zone: 'Europe/Vienna' })
  }

  async person(admin: Worker, handle: string, roles: readonly string[]): Promise<Worker> {
    const body = {
      handle,
      name: `${handle} of the company`,
      email: `${handle}@acme.example`,
      zone: 'Europe/Vienna',
      roles,
    }
    const invited = await this.post('/api/v1/people', body, admin.token)
    if (invited.status !== 201) throw new Error(invited.text)
    return this.enrol(invited.body.result.enrolmentToken)
  }

  async job(
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<{ token: string; key: KeyObject; answer: Answer }> {
    const { body, key } = this.jobBody(this.company.ciToken(claims))
    const answer = await this.post('/api/v1/logins', body)
    const { token } = answer.body.result ?? {}
    if (token !== undefined) this.keys.set(token, key)
    return { answer, key, token }
  }

  /** A token of a run, with the proof that whoever shows it holds the key. */
  renewal(key: KeyObject, token: string) {
    return { token, proof: base64.encode(sign(null, sha256(utf8.encode(token)), key)) }
  }

  jobBody(token: string) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const { proof } = this.renewal(privateKey, token)
    const der = base64.encode(publicKey.export({ format: 'der', type: 'spki' }))
    return { key: privateKey, body: { method: 'job', token, publicKey: der, proof } }
  }

  async decide(worker: Worker, release: string, kind: 'approvals' | 'refusals', more: object = {}): Promise<Answer> {
    const { body: shown } = await this.get(`/api/v1/releases/${release}`, worker.token)
    const assertion = this.sign(worker, shown.challenge)
    return this.post(`/api/v1/releases/${release}/${kind}`, { assertion, ...more }, worker.token)
  }

  /** What the worker's passkey says over a challenge. */
  sign(worker: Worker, challenge: string): object {
    const { response, passkey } = assert(worker.passkey, { challenge: base64url.decode(challenge), origin: ORIGIN })
    worker.passkey = passkey
    return response
  }

  push(door: Door, body: object, claims: object = {}): Promise<Answer> {
    const text = JSON.stringify({ repository: door.repository, ...body })
    return this.ask('POST', '/api/v1/pushes', { body: text, as: doorToken(door, text, this.port.clock(), claims) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close()
    await this.#indexing[Symbol.asyncDispose]()
    await this.company[Symbol.asyncDispose]()
  }
}

export function createDoor(repository: string): Door {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { repository, key: privateKey, publicKey: base64.encode(publicKey.export({ format: 'der', type: 'spki' })) }
}

export function doorToken({ repository, key }: Door, body: string, at: number, changes: object = {}): string {
  const iat = Math.floor(at / 1000)
  const bodySha256 = base64url.encode(sha256(utf8.encode(body)))
  const jti = base64url.encode(randomBytes(16))
  const claims = { iss: repository, aud: 'log.example', jti, iat, exp: iat + 60, bodySha256, ...changes }
  const signed = [{ alg: 'EdDSA', typ: 'JWT' }, claims]
    .map((part) => base64url.encode(utf8.encode(JSON.stringify(part))))
    .join('.')
  return `Door ${signed}.${base64url.encode(sign(null, utf8.encode(signed), key))}`
}

function statusOf({ instance }: Company): LogStatus {
  const { log, ledger, startedAt } = instance
  return {
    origin: log.origin,
    treeSize: log.head.size,
    rootHash: base64.encode(log.head.rootHash),
    checkpoint: log.head.note,
    signedAt: new Date(ledger.state.at).toISOString(),
    witnesses: [],
    healthy: ledger.state.log!.damaged.length === 0,
    key: ledger.state.log!.logKey,
    startedAt: new Date(startedAt).toISOString(),
  }
}
