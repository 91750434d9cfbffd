/**
 * Signing in at an identity provider (OpenID Connect Core 1.0, authorization code; RFC 7636; RFC 9207): who begins here, and comes
 * back to the same browser, brings an ID token that was made for this very sign-in.
 */

import { createHash } from 'node:crypto'
import { digestOf, equal } from '../bytes/digest.ts'
import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import type { Idp } from '../domain/idp.ts'
import { fitsAccessToken } from '../evidence/id-token.ts'
import { peek } from '../evidence/jws.ts'
import { isRefusal, quoted, refuse, type Refusal } from '../evidence/refusal.ts'
import type { Secrets } from '../store/secret.ts'
import { askForeign, isOnThisMachine, isSafeAddress } from './foreign.ts'
import { freshNonce } from './fresh.ts'
import type { IssuerKeys } from './issuer-keys.ts'

const LIFETIME_MS = 10 * 60_000
const MAX_PENDING = 10_000
const KEPT_MS = 10 * 60_000

const metadata = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string().max(2048),
  token_endpoint: z.string().max(2048),
  jwks_uri: z.string().max(2048),
  code_challenge_methods_supported: z.array(z.string()).optional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})
type Metadata = z.infer<typeof metadata>

/** OpenID Connect Core 1.0, section 3.1.3.3. */
const tokens = z.looseObject({
  id_token: z.string().min(1).max(16_384),
  access_token: z.string().max(16_384).optional(),
})
const tokenError = z.looseObject({ error: z.string().max(128) })

/** What the one who begins is to keep, and what it is for. */
export type Errand = {
  readonly returnTo: string
  /** SHA-256 of the token of an enrolment link, for whoever enrols by signing in. */
  readonly inviteDigest?: string
}
type Pending = Errand & {
  readonly idp: string
  readonly binder: string
  readonly nonce: string
  readonly verifier: string
  readonly until: number
}

export type Begun = { readonly address: string; readonly binder: string; readonly state: string }
export type Returned = {
  readonly errand: Errand
  readonly issuer: string
  readonly nonce: string
  readonly idToken: Uint8Array
  readonly keys: Uint8Array
}
export type Back = { readonly state: string; readonly code: string; readonly iss?: string | undefined }

type Parts = {
  readonly secrets: Secrets
  readonly issuerKeys: Pick<IssuerKeys, 'of'>
  readonly clock: () => number
}

export class Providers {
  readonly secrets: Secrets
  readonly #issuerKeys: Pick<IssuerKeys, 'of'>
  readonly #clock: () => number
  readonly #known = new Map<string, { readonly is: Metadata; readonly until: number }>()
  readonly #pending = new Map<string, Pending>()

  constructor({ secrets, issuerKeys, clock }: Parts) {
    this.secrets = secrets
    this.#issuerKeys = issuerKeys
    this.#clock = clock
  }

  /** Where to send the browser. `binder` is for a cookie: nobody else's browser can finish what this one began. */
  async begin(idp: Idp, redirectUri: string, errand: Errand): Promise<Begun | Refusal> {
    const found = await this.#describe(idp.issuer)
    if (isRefusal(found)) return found
    const at = this.#clock()
    for (const [old, { until }] of this.#pending)
      if (until <= at) this.#pending.delete(old)
      else break
    if (this.#pending.size >= MAX_PENDING)
      return refuse('busy', 'Too many people are signing in at once; try again shortly.')
    const [state, binder, nonce, verifier] = [freshNonce(), freshNonce(), freshNonce(), freshNonce()]
    const until = at + LIFETIME_MS
    this.#pending.set(state, { ...errand, idp: idp.issuer, binder: keyOf(binder), nonce, verifier, until })
    const address = new URL(found.authorization_endpoint)
    const asked = {
      ...{ response_type: 'code', client_id: idp.clientId, redirect_uri: redirectUri, scope: idp.scopes.join(' ') },
      ...{ state, nonce, code_challenge: challengeOf(verifier), code_challenge_method: 'S256' },
    }
    for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value)
    return { address: address.href, binder, state }
  }

  /** Takes what was begun, whether it ends well or not: there is no second guess at a state. */
  async finish(
    back: Back,
    binder: string,
    redirectUri: string,
    idps: ReadonlyMap<string, Idp>,
  ): Promise<Returned | Refusal> {
    const pending = this.#pending.get(back.state)
    const isOurs = pending !== undefined && equal(utf8.encode(pending.binder), utf8.encode(keyOf(binder)))
    // Somebody else's browser takes nothing away from the one that began.
    if (isOurs) this.#pending.delete(back.state)
    if (!isOurs || pending.until <= this.#clock())
      return refuse(
        'state_unknown',
        'This sign-in was not begun in this browser, was finished already, or took over ten minutes.',
      )
    const idp = idps.get(pending.idp)
    if (!idp) return refuse('no_such_idp', `The identity provider ${quoted(pending.idp)} is not trusted here.`)
    const found = await this.#describe(idp.issuer)
    if (isRefusal(found)) return found
    const mixed = judgeIssuer(back.iss, found)
    if (mixed) return mixed
    const idToken = await this.#exchange(idp, found, back.code, pending.verifier, redirectUri)
    if (isRefusal(idToken)) return idToken
    const keys = await this.keysFor(idToken.text, idp)
    if (isRefusal(keys)) return keys
    const { returnTo, inviteDigest } = pending
    const errand = { returnTo, ...(inviteDigest !== undefined && { inviteDigest }) }
    return { errand, issuer: idp.issuer, nonce: pending.nonce, idToken: utf8.encode(idToken.text), keys }
  }

  /** The provider's keys as bytes, which become evidence, for the key that this token names. */
  async keysFor(token: string, { issuer }: Pick<Idp, 'issuer'>): Promise<Uint8Array | Refusal> {
    const found = await this.#describe(issuer)
    if (isRefusal(found)) return found
    return this.#issuerKeys.of(issuer, found.jwks_uri, peek(token)?.head.kid)
  }

  /** OpenID Connect Discovery 1.0, section 4: the document must name the very issuer that was asked. */
  async #describe(issuer: string): Promise<Metadata | Refusal> {
    const known = this.#known.get(issuer)
    if (known && known.until > this.#clock()) return known.is
    try {
      const { status, bytes } = await askForeign(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
      if (status !== 200) throw new Error(`it answered ${status}`)
      const is = metadata.parse(parse(utf8.decode(bytes)))
      judgeMetadata(is, issuer)
      if (this.#known.size >= 64) this.#known.clear()
      this.#known.set(issuer, { is, until: this.#clock() + KEPT_MS })
      return is
    } catch (error) {
      const because = error instanceof z.ZodError ? 'its discovery document is not complete' : (error as Error).message
      return refuse('issuer_unreachable', `The identity provider ${issuer} cannot be used: ${because}.`)
    }
  }

  async #exchange(
    idp: Idp,
    { token_endpoint: address, token_endpoint_auth_methods_supported: methods }: Metadata,
    code: string,
    verifier: string,
    redirectUri: string,
  ): Promise<{ readonly text: string } | Refusal> {
    const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri })
    body.set('code_verifier', verifier)
    const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' }
    const secret = idp.isConfidential ? await this.secrets.open(`idp-${idp.idp}`) : undefined
    if (idp.isConfidential && secret === undefined)
      return refuse(
        'idp_secret_missing',
        `The secret of the identity provider ${idp.idp} is not kept here; trust it again.`,
      )
    // RFC 6749, 2.3.1; OpenID Connect Discovery 1.0: "If omitted, the default is client_secret_basic."
    if (secret !== undefined && (methods ?? ['client_secret_basic']).includes('client_secret_basic'))
      headers['authorization'] = `Basic ${Buffer.from(`${formOf(idp.clientId)}:${formOf(secret)}`).toString('base64')}`
    else body.set('client_id', idp.clientId)
    if (secret !== undefined && !headers['authorization']) body.set('client_secret', secret)
    try {
      const { bytes } = await askForeign(address, { method: 'POST', headers, body: body.toString() })
      const said = parse(utf8.decode(bytes))
      const answered = tokens.safeParse(said)
      if (!answered.success) throw new Error(`it answered ${quoted(tokenError.parse(said).error)}`)
      return judgeAccess(answered.data)
    } catch (error) {
      const because = error instanceof z.ZodError ? 'its answer has no ID token' : (error as Error).message
      return refuse('idp_exchange_failed', `${idp.issuer} did not exchange the code: ${because}.`)
    }
  }
}

/** What leads elsewhere than it says is not believed: nothing of another server leads to this machine. */
function judgeMetadata(is: Metadata, issuer: string): void {
  if (is.issuer !== issuer) throw new Error(`its discovery document names ${quoted(is.issuer)}`)
  for (const address of [is.authorization_endpoint, is.token_endpoint, is.jwks_uri])
    if (!isSafeAddress(address) || (isOnThisMachine(address) && !isOnThisMachine(issuer)))
      throw new Error(`it names the address ${quoted(address)}`)
  if (is.code_challenge_methods_supported && !is.code_challenge_methods_supported.includes('S256'))
    throw new Error('it does not offer PKCE with S256')
}

/** RFC 9207, section 2.4: a code of another provider is never shown to this one. */
function judgeIssuer(iss: string | undefined, is: Metadata): Refusal | undefined {
  if (iss === undefined && is.authorization_response_iss_parameter_supported !== true) return undefined
  if (iss === is.issuer) return undefined
  return refuse(
    'wrong_issuer',
    `The browser came back from ${quoted(iss ?? 'nowhere')}, not from ${quoted(is.issuer)}.`,
  )
}

/** `at_hash`, where the ID token has one, is of the access token that came with it. */
function judgeAccess({
  id_token: text,
  access_token: access,
}: z.infer<typeof tokens>): { readonly text: string } | Refusal {
  const { head, claims } = peek(text) ?? {}
  const atHash = claims?.['at_hash']
  if (atHash === undefined || access === undefined) return { text }
  return typeof atHash === 'string' && fitsAccessToken(atHash, access, head?.alg ?? '')
    ? { text }
    : refuse('wrong_access_token', 'The ID token was made for another access token.')
}

function keyOf(secret: string): string {
  return digestOf(utf8.encode(secret))
}

function challengeOf(verifier: string): string {
  return base64url.encode(createHash('sha256').update(verifier).digest())
}

/** RFC 6749, appendix B. */
function formOf(text: string): string {
  return new URLSearchParams({ text }).toString().slice('text='.length)
}
