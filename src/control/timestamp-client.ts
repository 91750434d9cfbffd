/** Asking a time-stamping authority (RFC 3161, 3.4): bounded in time and size, never redirected, and believed only once verified. */

import { randomBytes } from 'node:crypto'
import { isRefusal } from '../evidence/refusal.ts'
import { nodeSignatures } from '../evidence/node-signature.ts'
import { formatRequest, MAX_REPLY_BYTES, verifyReply, type Timestamp } from '../evidence/timestamp.ts'
import { parseCertificates, type Certificate } from '../evidence/x509.ts'
import { utf8 } from '../bytes/text.ts'

export interface AuthorityOptions {
  /** Where it answers, by POST. */
  readonly url: string
  /** The certificates that are trusted, as PEM. */
  readonly anchors: Uint8Array
  /** The policy that it must stamp under, as an object identifier. */
  readonly policy?: string | undefined
}

export interface Stamped {
  readonly reply: Uint8Array
  readonly timestamp: Timestamp
}

/** The authority could not be asked, or its answer proves nothing: one sentence. */
export class TimestampError extends Error {
  override readonly name = 'TimestampError'
}

const TIMEOUT_MS = 15_000
/** How far its clock and ours may be apart. */
const MAX_SKEW_MS = 5 * 60_000
const NONCE_BYTES = 16

export class TimestampClient {
  readonly #options: AuthorityOptions
  readonly #anchors: readonly Certificate[]
  readonly #clock: () => number

  /** Throws a SyntaxError when there is no certificate to trust. */
  constructor(options: AuthorityOptions, clock: () => number) {
    this.#options = options
    this.#anchors = parseCertificates(utf8.decode(options.anchors))
    this.#clock = clock
  }

  /** The name of its host. */
  get host(): string {
    return new URL(this.#options.url).host
  }

  /** A new stamp over a SHA-256 digest. Rejects with a TimestampError. */
  async stamp(digest: Uint8Array): Promise<Stamped> {
    const nonce = randomBytes(NONCE_BYTES)
    const { policy } = this.#options
    const askedAt = this.#clock()
    const reply = await this.#ask(formatRequest({ digest, nonce, ...(policy && { policy }) }))
    const timestamp = await this.verify(reply, digest, nonce)
    // A stamp says when. An authority whose clock is wrong, or ours, would say it wrongly for ever.
    if (timestamp.at < askedAt - MAX_SKEW_MS || timestamp.at > this.#clock() + MAX_SKEW_MS)
      throw new TimestampError(`its clock says ${new Date(timestamp.at).toISOString()}, which is minutes from ours`)
    return { reply, timestamp }
  }

  /** What a stamp that is there already proves. Rejects with a TimestampError. */
  async verify(reply: Uint8Array, digest: Uint8Array, nonce?: Uint8Array): Promise<Timestamp> {
    const { policy } = this.#options
    const expected = { digest, anchors: this.#anchors, ...(nonce && { nonce }), ...(policy && { policy }) }
    const verdict = await verifyReply(reply, expected, nodeSignatures)
    if (isRefusal(verdict)) throw new TimestampError(`its stamp is refused (${verdict.refused}): ${verdict.because}`)
    return verdict
  }

  async #ask(request: Uint8Array): Promise<Uint8Array> {
    const headers = { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' }
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    try {
      const init = { method: 'POST', headers, body: Buffer.from(request), redirect: 'error', signal } as const
      const response = await fetch(this.#options.url, init)
      if (!response.ok) throw new TimestampError(`it answered ${response.status}`)
      const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim()
      if (type !== 'application/timestamp-reply')
        throw new TimestampError('it answered with something that is no time stamp; see that --tsa is its address')
      return await readBounded(response)
    } catch (error) {
      if (error instanceof TimestampError) throw error
      throw new TimestampError(`it does not answer: ${reasonOf(error)}`)
    }
  }
}

async function readBounded({ body }: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body ?? []) {
    length += part.length
    if (length > MAX_REPLY_BYTES) throw new TimestampError(`it answered with more than ${MAX_REPLY_BYTES} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} seconds`
  const cause = error.cause as { code?: string; message?: string } | undefined
  return cause?.code ?? cause?.message ?? error.message
}
