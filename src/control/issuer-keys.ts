/** The public keys of CI issuers, as they serve them: fetched when a token arrives, kept for some minutes, never trusted longer. */

import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { refuse, type Refusal } from '../evidence/refusal.ts'
import { askForeign } from './foreign.ts'

const KEPT_MS = 10 * 60 * 1000
const MIN_REFETCH_MS = 10 * 1000
const MAX_ISSUERS = 256

type Kept = { readonly bytes: Uint8Array; readonly fetchedAt: number; readonly keyIds: ReadonlySet<string> }

const discovery = z.looseObject({ issuer: z.string(), jwks_uri: z.string() })
const keySet = z.looseObject({ keys: z.array(z.looseObject({ kid: z.string().optional() })).max(64) })

export class IssuerKeys {
  readonly #kept = new Map<string, Kept>()
  readonly #pending = new Map<string, Promise<Kept | Refusal>>()
  readonly #clock: () => number

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /**
   * The key set of `issuer` as bytes, which become evidence. `keyId` is the one the token names: a set without it is fetched
   * anew, at most every ten seconds, since issuers rotate.
   */
  async of(
    issuer: string,
    jwksUri: string | undefined,
    keyId: string | undefined,
  ): Promise<Uint8Array | Refusal<'issuer_unreachable'>> {
    const now = this.#clock()
    const kept = this.#kept.get(issuer)
    const age = kept ? now - kept.fetchedAt : Infinity
    const isEnough = kept && (keyId === undefined || kept.keyIds.has(keyId) || age < MIN_REFETCH_MS)
    if (kept && isEnough && age < KEPT_MS) return kept.bytes
    const fetched = await this.#once(issuer, jwksUri)
    return 'bytes' in fetched ? fetched.bytes : refuse('issuer_unreachable', fetched.because)
  }

  /** Many jobs start at once; their issuer is asked once. */
  #once(issuer: string, jwksUri: string | undefined): Promise<Kept | Refusal> {
    const pending =
      this.#pending.get(issuer) ?? this.#fetch(issuer, jwksUri).finally(() => this.#pending.delete(issuer))
    this.#pending.set(issuer, pending)
    return pending
  }

  async #fetch(issuer: string, jwksUri: string | undefined): Promise<Kept | Refusal> {
    try {
      const uri = jwksUri ?? (await discover(issuer))
      const bytes = await get(uri)
      const { keys } = keySet.parse(JSON.parse(utf8.decode(bytes)))
      const kept = { bytes, fetchedAt: this.#clock(), keyIds: new Set(keys.flatMap(({ kid }) => kid ?? [])) }
      if (this.#kept.size >= MAX_ISSUERS) this.#kept.clear()
      this.#kept.set(issuer, kept)
      return kept
    } catch (error) {
      return refuse('issuer_unreachable', `The keys of ${issuer} could not be fetched: ${(error as Error).message}.`)
    }
  }
}

/** OpenID Connect Discovery 1.0, section 4: the document must name the very issuer that was asked. */
async function discover(issuer: string): Promise<string> {
  const document = discovery.parse(
    JSON.parse(utf8.decode(await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))),
  )
  if (document.issuer !== issuer) throw new Error(`its discovery document names ${document.issuer.slice(0, 200)}`)
  return document.jwks_uri
}

async function get(address: string): Promise<Uint8Array> {
  const { status, bytes } = await askForeign(address)
  if (status < 200 || status > 299) throw new Error(`it answered ${status}`)
  return bytes
}
