/**
 * The keys that sign what is lent: made when they are first needed, announced in the log before they sign anything, and replaced
 * with an overlap, in which the older one goes on signing until others had time to learn of the newer one.
 */

import { createPublicKey, type KeyObject } from 'node:crypto'
import { base64 } from '../bytes/text.ts'
import { publicJwk } from '../credential/token.ts'
import { listed, signing, type AuthorityKey, type AuthorityName } from '../domain/authority.ts'
import type { Command } from '../domain/command.ts'
import { isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import type { InstanceKey, KeyKind, Keys } from '../store/keys.ts'
import { handle, systemCaller, type Desk, type Request } from './handle.ts'
import type { Recorded } from './ledger.ts'

export type Signing = { readonly key: KeyObject; readonly keyId: string; readonly publicKey: string }

/** Key sets are fetched anew within the hour by all who use them. */
export const LEAD_MS = 3_600_000

const kinds: Readonly<Record<AuthorityName, { readonly file: string; readonly kind: KeyKind }>> = {
  oidc: { file: 'oidc-issuer', kind: 'rsa' },
  x509: { file: 'x509-ca', kind: 'ec' },
}

/** What of a key is written down: how it is called, and what others need of it. */
export type Publish = (key: KeyObject) => Pick<AuthorityKey, 'keyId' | 'publicKey'>

type Asking = Desk & { readonly wouldAllow: (request: Request) => boolean }

export class Authorities {
  readonly #keys: Keys
  readonly #desk: Asking
  readonly #publish: Readonly<Record<AuthorityName, Publish>>
  #turn: Promise<unknown> = Promise.resolve()

  constructor(keys: Keys, desk: Asking, publish: Readonly<Record<AuthorityName, Publish>>) {
    this.#keys = keys
    this.#desk = desk
    this.#publish = publish
  }

  /** The key to sign with now; made, and announced, if there is none. Throws when it could not be announced. */
  signing(name: AuthorityName): Promise<Signing> {
    return this.#inTurn(async () => {
      const { file, kind } = kinds[name]
      const held = await this.#keys.open(file, kind)
      await this.#announce(name, held)
      const at = this.#desk.clock()
      const due = signing(this.#desk.ledger.state.authorities.get(name), at)
      const own = [held.privateKey, ...(held.overlapping ? [held.overlapping] : [])]
      const found = own.find((key) => this.#publish[name](createPublicKey(key)).keyId === due?.keyId)
      // Not with a key whose time is to come, while another one was promised.
      if (!due || !found) throw new Error(`the key that the log names for ${name} is not in this directory`)
      const isOld = held.overlapping !== undefined && found === held.privateKey
      if (isOld) await this.#keys.endOverlap(file)
      return { key: found, keyId: due.keyId, publicKey: due.publicKey }
    })
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
      if (isFirst || !this.#desk.wouldAllow(asked(held.publicKey))) return handle(asked(held.publicKey), this.#desk)
      // The one that signs until then would be gone, and nothing could be lent.
      if (this.listed(name).some(({ signsFrom }) => signsFrom > this.#desk.clock()))
        return refuse('rotation_pending', 'A newer key waits for its time already; ask again once it signs.')
      const { publicKey } = await this.#keys.rotate(file, 'overlap')
      return handle(asked(publicKey), this.#desk)
    })
  }

  /** A crash after a rotation leaves a key that the log does not know: it is announced by the next who needs one. */
  async #announce(name: AuthorityName, { publicKey }: InstanceKey): Promise<void> {
    const before = this.#desk.ledger.state.authorities.get(name)?.keys ?? []
    const { keyId } = this.#publish[name](publicKey)
    if (before.some((known) => known.keyId === keyId)) return
    const command = this.#naming(name, publicKey, before.length === 0 ? 0 : LEAD_MS)
    const said = await handle({ command, caller: systemCaller('lender') }, this.#desk)
    if (isRefusal(said)) throw new Error(said.because)
    if (said.decision.outcome === 'refused') throw new Error(`the key for ${name} could not be written down`)
  }

  #naming(authority: AuthorityName, key: KeyObject, leadMs: number): Command {
    const { clock, ledger } = this.#desk
    const signsFrom = Math.max(clock(), ledger.state.at) + leadMs
    return { type: 'key authority', authority, ...this.#publish[authority](key), signsFrom }
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

/** Of the issuer: as a key set names it, and the key itself. */
export function publishJwk(key: KeyObject): Pick<AuthorityKey, 'keyId' | 'publicKey'> {
  return { keyId: publicJwk(key).kid, publicKey: base64.encode(key.export({ format: 'der', type: 'spki' })) }
}
