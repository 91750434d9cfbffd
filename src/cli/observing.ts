/** Sends observations as many at a time as the server takes, each batch once however often it is tried. */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import type { Client } from './client.ts'
import { leafIndex, shown } from './contract.ts'
import { Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'

const MAX_LINES = 1_000
const MAX_CHARS = 1 << 18
const TRIES = 5

const answer = z.object({
  firstLeafIndex: leafIndex,
  lines: z.int().min(1),
  refused: z.array(z.object({ line: z.int().min(1), leafIndex, code: shown, detail: shown })).max(MAX_LINES),
})

export type Refused = {
  readonly line: number
  readonly leafIndex: number
  readonly code: string
  readonly detail: string
}
/** Leaves `from` to `to`, both of them. */
export type Leaves = { readonly from: number; readonly to: number }

export class Reporter {
  recorded = 0
  readonly refused: Refused[] = []
  readonly leaves: Leaves[] = []
  readonly #client: Client
  readonly #terminal: Terminal
  #lines: string[] = []
  #chars = 0
  #sent = 0

  constructor(client: Client, terminal: Terminal) {
    this.#client = client
    this.#terminal = terminal
  }

  async add(line: Json): Promise<void> {
    const text = JSON.stringify(line)
    if (this.#lines.length === MAX_LINES || this.#chars + text.length > MAX_CHARS) await this.send()
    this.#lines.push(text)
    this.#chars += text.length
  }

  /** What was added and is not sent yet. */
  async send(): Promise<void> {
    if (this.#lines.length === 0) return
    const [lines, before] = [this.#lines, this.#sent]
    const { firstLeafIndex: from, refused } = await this.#post(`${lines.join('\n')}\n`)
    this.#lines = []
    this.#chars = 0
    this.#sent += lines.length
    this.recorded += lines.length - refused.length
    this.leaves.push({ from, to: from + lines.length - 1 })
    for (const one of refused) {
      this.refused.push({ ...one, line: before + one.line })
      this.#terminal.warn(`line ${before + one.line} was refused: ${one.detail} · leaf ${one.leafIndex}`)
    }
  }

  async #post(body: string): Promise<z.infer<typeof answer>> {
    const options = { idempotencyKey: randomUUID(), contentType: 'application/x-ndjson' }
    for (let tries = 1; ; tries += 1) {
      try {
        return (await this.#client.post('/api/v1/observations', body, answer, options)).result
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure
        if (tries === TRIES || !['too_many', 'busy', 'unreachable'].includes(failure.code)) throw this.#placed(failure)
        await sleep(1_000)
      }
    }
  }

  /** The server counts the lines of one request. */
  #placed({ exit, code, message, detail }: Failure): Failure {
    const where = this.#sent === 0 ? message : `behind line ${this.#sent}, which is the last recorded: ${message}`
    return new Failure(exit, code, where, detail)
  }
}
