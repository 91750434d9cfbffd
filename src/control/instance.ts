/**
 * One running Countersign: the ledger on its directory, the keys, and everything that works behind the log. Whoever holds it
 * can ask anything of it; what may be done, the ledger decides.
 */

import { mkdir, readFile, rm } from 'node:fs/promises'
import type { KeyObject } from 'node:crypto'
import { join } from 'node:path'
import type { Command } from '../domain/command.ts'
import { decide } from '../domain/decide.ts'
import type { State } from '../domain/state.ts'
import { isRefusal, type Refusal } from '../evidence/refusal.ts'
import { openEvidence, type EvidenceStore } from '../store/evidence.ts'
import { openKeys, type InstanceKey, type Keys } from '../store/keys.ts'
import { openSecrets, type Secrets } from '../store/secret.ts'
import { openLog, type Log } from '../store/log.ts'
import { openShelf, type StateShelf } from '../store/shelf.ts'
import {
  ed25519Signer,
  formatKey,
  NOTE_SIGNATURE,
  rawPublicKey,
  verifierKey,
  type Signer,
  type VerifierKey,
} from '../tlog/key.ts'
import { encodeEd25519PublicKey, formatPublicKey } from '../wire/ssh-key.ts'
import { begin, loadOrThrow } from './genesis.ts'
import { handle, systemCaller, type Desk, type Request } from './handle.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { Ledger, type Recorded } from './ledger.ts'
import { Providers } from './provider.ts'
import { Lender } from './lend.ts'
import { Noise } from './noise.ts'
import { Seen } from './authenticate.ts'
import { utf8 } from '../bytes/text.ts'
import { parse } from '../bytes/json.ts'
import type { PolicyFiles } from '../policy/policy.ts'
import { checkWitnesses, type WitnessOptions } from './witnesses.ts'
import { Authorities } from './authority.ts'
import { KeyOverlap, OVERLAP_MS } from './key-overlap.ts'
import { TargetAccess } from './target-access.ts'

export type InstanceOptions = {
  /** Everything is kept below it; created when absent. */
  readonly directory: string
  /** Where browsers and command lines reach it, such as `https://countersign.example`. */
  readonly publicUrl: string
  /** A bare host name for a log that is born now; an existing log keeps its own. */
  readonly origin: string
  readonly policyDirectory: string
  readonly version: string
  readonly passphraseFile?: string | undefined
  readonly clock?: () => number
  /** Leaves between two times that the state is saved, 10,000 unless said. */
  readonly snapshotEvery?: number
  /** Leaves that are folded before it opens, of how many. */
  readonly onProgress?: (done: number, total: number) => void
  /** Keep leaves as gzip files, but for some thousands of the newest. */
  readonly compressSealed?: boolean
  /** Witnesses are asked what they saw before anything is signed: a restored old copy must not begin a second history. */
  readonly witnesses?: readonly WitnessOptions[]
}

/** Leaves that stay raw in any case: they are read most. */
const COMPRESS_BEHIND = 4096

export class Instance implements Desk, AsyncDisposable {
  readonly options: InstanceOptions
  readonly clock: () => number
  readonly log: Log
  readonly ledger: Ledger
  readonly evidence: EvidenceStore
  readonly lender: Lender
  readonly authorities: Authorities
  readonly access: TargetAccess
  readonly issuerKeys: IssuerKeys
  readonly providers: Providers
  readonly noise = new Noise()
  /** Challenges and codes that were handed out, each good once. */
  readonly challenges = new Seen()
  /** Requests of git doors that were seen. */
  readonly doorRequests = new Seen()
  /** Proofs of keys that logins are bound to. */
  readonly proofs = new Seen()
  readonly startedAt: number
  readonly #keys: Keys
  readonly #shelf: StateShelf
  readonly overlap: KeyOverlap
  #signer: Signer

  private constructor(options: InstanceOptions, parts: Parts) {
    this.options = options
    this.clock = options.clock ?? Date.now
    this.log = parts.ledger.log
    this.ledger = parts.ledger
    this.evidence = parts.evidence
    this.access = parts.access
    this.authorities = new Authorities(parts.keys, this)
    this.lender = new Lender(parts.sshCa.privateKey, parts.access, this.authorities, parts.secrets)
    this.issuerKeys = new IssuerKeys(this.clock)
    const { issuerKeys, clock } = this
    this.providers = new Providers({ secrets: parts.secrets, issuerKeys, clock })
    this.startedAt = this.clock()
    this.#keys = parts.keys
    this.#shelf = parts.shelf
    this.#signer = signerOf(this.log.origin, parts.logKey)
    this.overlap = new KeyOverlap({
      ...{ ledger: this.ledger, keys: this.#keys, clock: this.clock, directory: join(options.directory, 'log') },
      onEnd: () => this.log.useSigner(this.#signer),
    })
  }

  /**
   * Opens the directory, or makes a new log in it. Rejects with a sentence: another process owns it, a key cannot be opened,
   * the log was rolled back or damaged.
   */
  static async open(options: InstanceOptions): Promise<Instance> {
    const parts = await openParts(options)
    const instance = new Instance(options, parts)
    if (instance.log.size === 0) await instance.#begin(parts)
    await instance.#announce(parts)
    await instance.overlap.publish()
    await instance.overlap.settle()
    instance.#forgetSetup()
    return instance
  }

  get setupFile(): string {
    return join(this.options.directory, 'setup-token')
  }

  /** Keys that sign, or signed, checkpoints of this log, by what this directory holds. */
  async verifierKeys(): Promise<VerifierKey[]> {
    const { publicKey, formerPublicKeys } = await this.#keys.open('log')
    return [...formerPublicKeys, publicKey].map((key) => vkeyOf(this.log.origin, key))
  }

  /** The verifier key text of the log as it signs now. */
  get logKey(): string {
    return this.ledger.state.log!.logKey
  }

  /** What checkpoints are signed with now. */
  get signer(): Signer {
    return this.#signer
  }

  handle(request: Request): Promise<Recorded | Refusal> {
    return handle(request, this)
  }

  /** What would be answered to a command without evidence, if it were asked now. Nothing is written, and nothing may rest on it. */
  wouldAllow({ command, caller }: Request): boolean {
    const { state, policies } = this.ledger
    const at = Math.max(this.clock(), state.at)
    return decide({ command, caller, claims: undefined, given: {}, at }, state as State, policies).outcome === 'allowed'
  }

  /**
   * A new signing key from the next checkpoint on; the present one signs as well for `overlapMs`. It is made only for who may ask for
   * it; should we die between making it and saying so, the next start says so.
   */
  async rotateLogKey(request: Omit<Request, 'command'>, overlapMs = OVERLAP_MS): Promise<Recorded | Refusal> {
    const asked = (logKey: string): Request => ({ ...request, command: this.#rotation(logKey, overlapMs) })
    if (!this.wouldAllow(asked(this.logKey))) return this.handle(asked(this.logKey))
    const key = await this.#keys.rotate('log', overlapMs > 0 ? 'overlap' : undefined)
    const recorded = await this.handle(asked(formatKey(vkeyOf(this.log.origin, key.publicKey))))
    // While the older key alone has signed the head: this is what those who know only that one will follow.
    await this.overlap.publish()
    this.#signer = signerOf(this.log.origin, key)
    this.log.useSigner(this.#signer, overlappingOf(this.log.origin, key))
    await this.overlap.settle()
    return recorded
  }

  #rotation(logKey: string, overlapMs: number): Command {
    const until = Math.max(this.clock(), this.ledger.state.at) + overlapMs
    return { type: 'rotate log key', logKey, ...(overlapMs > 0 && { overlapUntil: until }) }
  }

  async #begin({ logKey, sshCa }: Parts): Promise<void> {
    const { policyDirectory } = this.options
    const ca = formatPublicKey(encodeEd25519PublicKey(rawPublicKey(sshCa.publicKey)), 'countersign')
    const birth = {
      origin: this.log.origin,
      logKey: formatKey(vkeyOf(this.log.origin, logKey.publicKey)),
      sshCa: ca,
      policyDirectory,
      setupFile: this.setupFile,
    }
    await begin(birth, this)
  }

  /** Each start is a leaf: an attacker who swaps the program or its addresses leaves a trace. */
  async #announce({ logKey }: Parts): Promise<void> {
    const signing = formatKey(vkeyOf(this.log.origin, logKey.publicKey))
    if (signing !== this.logKey) await this.#say(this.#rotation(signing, logKey.overlapping ? OVERLAP_MS : 0))
    const { publicUrl, version } = this.options
    const url = new URL(publicUrl)
    const place = { rpId: url.hostname, origins: [url.origin], audience: url.origin }
    await this.#say({ type: 'open log', version, treeSize: this.log.size, ...place })
  }

  /** The setup token opens nothing once it was used; it goes with the first enrolment. */
  #forgetSetup(): void {
    const isUsed = () => [...this.ledger.state.people.values()].some(({ enrolledAt }) => enrolledAt !== undefined)
    const forget = () => void rm(this.setupFile, { force: true }).catch(() => undefined)
    if (isUsed()) return forget()
    const unfollow = this.ledger.follow(({ leaf }) => {
      if (leaf.event.type !== 'principal.enrolled') return
      unfollow()
      forget()
    })
  }

  async #say(command: Command): Promise<void> {
    const said = await this.handle({ command, caller: systemCaller('log') })
    if (isRefusal(said)) throw new Error(said.because)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.overlap[Symbol.dispose]()
    await this.ledger.snapshot().catch(() => undefined)
    this.#shelf[Symbol.dispose]()
    await this.log.close()
  }
}

type Parts = {
  readonly ledger: Ledger
  readonly evidence: EvidenceStore
  readonly access: TargetAccess
  readonly keys: Keys
  readonly logKey: InstanceKey
  readonly sshCa: InstanceKey
  readonly secrets: Secrets
  readonly shelf: StateShelf
}

async function openParts(options: InstanceOptions): Promise<Parts> {
  const { directory, passphraseFile, compressSealed, clock = Date.now } = options
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const keys = await openKeys({ directory: join(directory, 'keys'), ...(passphraseFile && { passphraseFile }) })
  const sshCa = await keys.open('ssh-ca')
  const logKey = await keys.open('log')
  const secrets = await openSecrets(join(directory, 'secrets'), (await keys.open('secrets')).privateKey)
  const origin = (await originOf(join(directory, 'log', 'meta.json'))) ?? options.origin
  const formerKeys = logKey.formerPublicKeys.map((key) => vkeyOf(origin, key))
  const signer = signerOf(origin, logKey)
  const compression = compressSealed ? { compressBehind: COMPRESS_BEHIND } : {}
  const signing = { signer, overlapping: overlappingOf(origin, logKey), formerKeys }
  const log = await openLog({ directory: join(directory, 'log'), origin, ...signing, ...compression })
  let shelf: StateShelf | undefined
  try {
    const logKeys = [...formerKeys, vkeyOf(origin, logKey.publicKey)]
    await checkWitnesses({ log, keys: logKeys, witnesses: options.witnesses ?? [] })
    const evidence = await openEvidence(join(directory, 'evidence'))
    shelf = openShelf({ directory: join(directory, 'snapshots'), origin, signer, formerKeys })
    const policies = (digest: string) => policiesOf(digest, evidence)
    const ledger = await Ledger.open({ ...options, log, shelf, policies, clock })
    return { ledger, evidence, access: await TargetAccess.open(directory), keys, logKey, sshCa, secrets, shelf }
  } catch (error) {
    shelf?.[Symbol.dispose]()
    await log.close()
    throw error
  }
}

/** Policies in force come out of the evidence, under the digest that the log names; a directory on disk changes nothing. */
async function policiesOf(digest: string, evidence: EvidenceStore) {
  const bytes = await evidence.get(digest as `sha256:${string}`)
  if (!bytes) throw new Error(`the policies ${digest} that the log names are not in the evidence`)
  return loadOrThrow(parse(utf8.decode(bytes)) as PolicyFiles)
}

/** The origin that an existing log was born with; it never changes. */
async function originOf(metaFile: string): Promise<string | undefined> {
  const text = await readFile(metaFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : String((parse(text) as { origin?: unknown }).origin)
}

function signerOf(origin: string, { privateKey }: InstanceKey): Signer {
  return ed25519Signer(origin, NOTE_SIGNATURE, privateKey)
}

/** Undefined when no key is being replaced. */
function overlappingOf(origin: string, { overlapping }: InstanceKey): Signer | undefined {
  return overlapping && ed25519Signer(origin, NOTE_SIGNATURE, overlapping)
}

function vkeyOf(origin: string, publicKey: KeyObject): VerifierKey {
  return verifierKey(origin, NOTE_SIGNATURE, rawPublicKey(publicKey))
}
