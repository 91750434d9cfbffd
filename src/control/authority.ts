/**
 * The keys that sign what is lent: made when they are first needed, announced in the log before they sign anything, and replaced
 * with an overlap, in which the older one goes on signing until others had time to learn of the newer one.
 */

import { createPublicKey, type KeyObject } from 'node:crypto'
import { sha256 } from '../bytes/digest.ts'
import { base64, base64url } from '../bytes/text.ts'
import { publicKeyBlob } from '../credential/ssh.ts'
import { publicJwk } from '../credential/token.ts'
import { selfSign } from '../credential/x509.ts'
import { listed, signing, type AuthorityKey, type AuthorityName } from '../domain/authority.ts'
import type { Command } from '../domain/command.ts'
import { isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import type { InstanceKey, KeyKind, Keys } from '../store/keys.ts'
import { handle, systemCaller, type Desk, type Request } from './handle.ts'
import type { Recorded } from './ledger.ts'

export type Signing = { readonly key: KeyObject; readonly keyId: string; readonly publicKey: string }

/** Key sets are fetched anew within the hour by all who use them. */
export const LEAD_MS = 3_600_000

type Kind = {
  readonly file: string
  readonly kind: KeyKind
  readonly idOf: (publicKey: KeyObject) => string
  /** What others need of it, base64: its public key, or the certificate that says it is an authority. */
  readonly publish: (key: KeyObject, origin: string, at: number) => Uint8Array
}

const kinds: Readonly<Record<AuthorityName, Kind>> = {
  oidc: {
    ...{ file: 'oidc-issuer', kind: 'rsa', idOf: (key) => publicJwk(key).kid },
    publish: (key) => createPublicKey(key).export({ format: 'der', type: 'spki' }),
  },
  'ssh-host': {
    ...{ file: 'ssh-host-ca', kind: 'ed25519', idOf: (key) => base64url.encode(sha256(derOf(key))) },
    publish: (key) => publicKeyBlob(key),
  },
  x509: {
    ...{ file: 'x509-ca', kind: 'ec', idOf: (key) => base64url.encode(sha256(derOf(key))) },
    publish: (key, origin, at) => selfSign({ key, name: authorityName(origin) }, at - SKEW_MS, at + TRUSTED_MS),
  },
}

/** A certificate authority is trusted by those who were told of it, and until they are told of another. */
const TRUSTED_MS = 10 * 365 * 24 * 3_600_000
const SKEW_MS = 30_000

/** The common name of the authority; an origin may be longer than a name may be. */
export function authorityName(origin: string): string {
  return `Countersign ${origin}`.slice(0, 64)
}

type Asking = Desk & { readonly wouldAllow: (request: Request) => boolean }

export class Authorities {
  readonly #keys: Keys
  readonly #desk: Asking
  #turn: Promise<unknown> = Promise.resolve()

  constructor(keys: Keys, desk: Asking) {
    this.#keys = keys
    this.#desk = desk
  }

  /** The key to sign with now; made, and announced, if there is none. Throws when it could not be announced. */
  signing(name: AuthorityName): Promise<Signing> {
    return this.#inTurn(async () => {
      const { file, kind, idOf } = kinds[name]
      const held = await this.#keys.open(file, kind)
      await this.#announce(name, held)
      const at = this.#desk.clock()
      const due = signing(this.#desk.ledger.state.authorities.get(name), at)
      const found = ownOf(held).find((key) => idOf(createPublicKey(key)) === due?.keyId)
      // Not with a key whose time is to come, while another one was promised.
      if (!due || !found) throw new Error(`the key that the log names for ${name} is not in this directory`)
      // As long as it may have to say what it takes back.
      const isOver = held.overlapping && found === held.privateKey && due.signsFrom + LEAD_MS <= at
      if (isOver) await this.#keys.endOverlap(file)
      return { key: found, keyId: due.keyId, publicKey: due.publicKey }
    })
  }

  /** Private keys that something may still be good under. */
  held(name: AuthorityName): Promise<readonly KeyObject[]> {
    return this.#inTurn(async () => ownOf(await this.#keys.open(kinds[name].file, kinds[name].kind)))
  }

  /** Keys that something may be verified with, oldest first; none before one was needed. */
  listed(name: AuthorityName): readonly AuthorityKey[] {
    const { ledger, clock } = this.#desk
    return listed(ledger.state.authorities.get(name), clock())
  }

  /** A new key, listed at once and used after a while: for who may ask for it. */
  rotate(name: AuthorityName, request: Omit<Request, 'command'>): Promise<Recorded | Refusal> {
    return this.#inTurn(async () => {
      const { file, kind } = kinds[name]
      const held = await this.#keys.open(file, kind)
      const isFirst = !this.#desk.ledger.state.authorities.has(name)
      if (!isFirst) await this.#announce(name, held)
      const asked = (key: KeyObject): Request => ({
        ...request,
        command: this.#naming(name, key, isFirst ? 0 : LEAD_MS),
      })
      if (isFirst || !this.#desk.wouldAllow(asked(held.privateKey))) return handle(asked(held.privateKey), this.#desk)
      // The one that signs until then would be gone, and nothing could be lent.
      if (this.listed(name).some(({ signsFrom }) => signsFrom > this.#desk.clock()))
        return refuse('rotation_pending', 'A newer key waits for its time already; ask again once it signs.')
      const { privateKey } = await this.#keys.rotate(file, 'overlap')
      return handle(asked(privateKey), this.#desk)
    })
  }

  /** A crash after a rotation leaves a key that the log does not know: it is announced by the next who needs one. */
  async #announce(name: AuthorityName, { publicKey, privateKey }: InstanceKey): Promise<void> {
    const before = this.#desk.ledger.state.authorities.get(name)?.keys ?? []
    const keyId = kinds[name].idOf(publicKey)
    if (before.some((known) => known.keyId === keyId)) return
    const command = this.#naming(name, privateKey, before.length === 0 ? 0 : LEAD_MS)
    const said = await handle({ command, caller: systemCaller('lender') }, this.#desk)
    if (isRefusal(said)) throw new Error(said.because)
    if (said.decision.outcome === 'refused') throw new Error(`the key for ${name} could not be written down`)
  }

  #naming(authority: AuthorityName, key: KeyObject, leadMs: number): Command {
    const { clock, ledger } = this.#desk
    const at = Math.max(clock(), ledger.state.at)
    const publicKey = base64.encode(kinds[authority].publish(key, ledger.state.log!.origin, at))
    const keyId = kinds[authority].idOf(createPublicKey(key))
    return { type: 'key authority', authority, keyId, publicKey, signsFrom: at + leadMs }
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(act)
    this.#turn = next.catch(() => undefined)
    return next
  }
}

/** The public key that is listed, where it is one and not a certificate. */
export function keyOf({ publicKey }: Pick<AuthorityKey, 'publicKey'>): KeyObject {
  return createPublicKey({ key: Buffer.from(base64.decode(publicKey)), format: 'der', type: 'spki' })
}

function ownOf({ privateKey, overlapping }: InstanceKey): readonly KeyObject[] {
  return [privateKey, ...(overlapping ? [overlapping] : [])]
}

function derOf(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' })
}
