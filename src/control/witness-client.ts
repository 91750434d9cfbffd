/** Asking a witness (C2SP tlog-witness): every answer is bounded in time and size, and nothing in it is believed here. */

import { utf8 } from '../bytes/text.ts'
import { attempt } from '../evidence/refusal.ts'
import { originHash } from '../store/witness.ts'
import type { Signer } from '../tlog/key.ts'
import type { NoteSignature } from '../tlog/note.ts'
import { formatTilePath, type Tile } from '../tlog/tile.ts'
import {
  formatAddCheckpoint,
  parseAddCheckpointAnswer,
  parseConflict,
  SIZE_CONTENT_TYPE,
  type AddCheckpoint,
} from '../tlog/witness.ts'
import { signRequest } from '../wire/http-signature.ts'
import { formatAddEntries, type AddEntries } from './mirror-request.ts'

const TIMEOUT_MS = 5_000
const MAX_ANSWER_BYTES = 64 << 10
/** 256 leaves of 65,535 bytes with their lengths. */
const MAX_BUNDLE_BYTES = 256 * (65_535 + 2)

/** The witness could not be asked, or did not answer as the protocol says. */
export class WitnessError extends Error {
  override readonly name = 'WitnessError'
}

export type Submission<T> =
  | { readonly answer: 'taken'; readonly value: T }
  /** The witness is at another size. */
  | { readonly answer: 'elsewhere'; readonly size: number }

export class WitnessClient {
  readonly #url: string
  readonly #origin: string

  /** `url`: where the witness is, with or without a slash at its end. */
  constructor(url: string, origin: string) {
    this.#url = url.replace(/\/+$/, '')
    this.#origin = origin
  }

  /** The signed note that it cosigned last; undefined when it never did. */
  async latest(): Promise<string | undefined> {
    const answer = await this.#ask(`/${originHash(this.#origin)}/checkpoint`, {}, MAX_ANSWER_BYTES)
    if (answer.code === 404) return undefined
    return utf8.decode(expectOk(answer).body)
  }

  /** Cosignature lines, parsed and not verified. */
  async addCheckpoint(request: AddCheckpoint): Promise<Submission<NoteSignature[]>> {
    const init = { method: 'POST', body: formatAddCheckpoint(request) }
    const answer = await this.#ask('/add-checkpoint', init, MAX_ANSWER_BYTES)
    return conflictOf(answer) ?? { answer: 'taken', value: parseAddCheckpointAnswer(expectOk(answer).body) }
  }

  /** Leaves from `from` on, for the copy that the witness keeps; the size of the copy is answered. */
  async addEntries(from: number, request: AddEntries): Promise<Submission<undefined>> {
    const init = { method: 'PUT', body: Buffer.from(formatAddEntries(request)) }
    const answer = await this.#ask(`/${originHash(this.#origin)}/entries?from=${from}`, init, MAX_ANSWER_BYTES)
    if (answer.code === 200) return { answer: 'taken', value: undefined }
    return conflictOf(answer) ?? { answer: 'taken', value: expectOk(answer) && undefined }
  }

  /** A tile of the copy; undefined when it has none. Leaves are given for a request that the log's `signer` signed at `at` (ms). */
  async tile(tile: Tile, signer: Signer, at: number): Promise<Uint8Array | undefined> {
    const path = `/${originHash(this.#origin)}/${formatTilePath(tile)}`
    const request = {
      method: 'GET',
      targetUri: `${this.#url}${path}`,
      created: Math.floor(at / 1000),
      keyId: `${signer.key.name}+${signer.key.keyId}`,
    }
    const headers = { ...signRequest(request, (base) => signer.sign(base)) }
    const answer = await this.#ask(path, { headers }, MAX_BUNDLE_BYTES)
    return answer.code === 404 ? undefined : expectOk(answer).body
  }

  async #ask(path: string, init: RequestInit, maxBytes: number): Promise<Answer> {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      const response = await fetch(`${this.#url}${path}`, { ...init, redirect: 'error', signal })
      const body = await readBounded(response, maxBytes)
      return { code: response.status, contentType: response.headers.get('content-type') ?? '', body }
    } catch (error) {
      if (error instanceof WitnessError) throw error
      throw new WitnessError(`it does not answer: ${reasonOf(error)}`)
    }
  }
}

interface Answer {
  readonly code: number
  readonly contentType: string
  readonly body: Uint8Array
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxBytes) throw new WitnessError(`it answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function expectOk(answer: Answer): Answer {
  if (answer.code === 200) return answer
  const said = attempt(() => utf8.decode(answer.body.subarray(0, 200)).trim()) ?? ''
  throw new WitnessError(`it answered ${answer.code}${said && `: ${said.replaceAll(/\p{C}/gu, ' ')}`}`)
}

/** "The response MUST have a Content-Type of text/x.tlog.size": without it, a conflict is about the root hash. */
function conflictOf({ code, contentType, body }: Answer): { answer: 'elsewhere'; size: number } | undefined {
  if (code !== 409 || contentType.split(';', 1)[0] !== SIZE_CONTENT_TYPE) return undefined
  return { answer: 'elsewhere', size: parseConflict(utf8.decode(body)) }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} seconds`
  const cause = error.cause as { code?: string } | undefined
  return cause?.code ?? error.message
}
