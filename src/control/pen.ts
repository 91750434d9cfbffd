/** First sights of one login that come while a leaf is being written share the next one: reading costs leaves by time, not by request. */

import type { DigestText } from '../bytes/digest.ts'
import type { Caller } from '../domain/leaf.ts'
import { MAX_READS, type Read } from '../domain/trail.ts'
import { refuse, type Refusal } from '../evidence/refusal.ts'
import { handle, type Desk } from './handle.ts'
import type { Recorded } from './ledger.ts'
import type { PersonalData } from './seal.ts'

/** What somebody asks to be shown. `query` is what they typed. */
export type Look = {
  readonly kind: Read['kind']
  readonly query?: string | undefined
  readonly leaf?: number | undefined
  readonly evidence?: DigestText | undefined
}

export type Reader = { readonly caller: Caller; readonly personal: PersonalData; readonly isAllowed: boolean }

/** `read`: which of the sights in the leaf it is. */
type Noted = { readonly recorded: Recorded | Refusal; readonly read: number }
type Waiting = {
  readonly look: Look
  readonly reader: Reader
  readonly resolve: (noted: Noted) => void
  readonly reject: (error: unknown) => void
}

const MAX_WAITING = 1_024
/** What one disclosure holds. */
const MAX_QUERIES_LENGTH = 4_000

export class Pens {
  readonly #desk: Desk
  readonly #waiting = new Map<string, Waiting[]>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** Resolves when it is on disk. Rejects when the log cannot be written. */
  write(look: Look, reader: Reader): Promise<Noted> {
    const { ip, userAgent } = reader.personal
    const key = JSON.stringify([reader.caller.login, ip, userAgent])
    const line = this.#waiting.get(key)
    if (line && line.length >= MAX_WAITING)
      return Promise.resolve({
        recorded: refuse('busy', 'This login asks for more than can be written down.'),
        read: 0,
      })
    const { promise, resolve, reject } = Promise.withResolvers<Noted>()
    const waiting = { look, reader, resolve, reject }
    if (line) line.push(waiting)
    else void this.#run(key, [waiting])
    return promise
  }

  async #run(key: string, line: Waiting[]): Promise<void> {
    this.#waiting.set(key, line)
    while (line.length > 0) await this.#record(line.splice(0, countOf(line)))
    this.#waiting.delete(key)
  }

  async #record(batch: readonly Waiting[]): Promise<void> {
    const { caller, personal } = batch[0]!.reader
    const { reads, queries } = describe(batch.map(({ look }) => look))
    try {
      const recorded = await handle(
        { command: { type: 'read trail', reads }, caller, personal: { ...personal, queries: queries.join('\n') } },
        this.#desk,
      )
      for (const [read, { resolve }] of batch.entries()) resolve({ recorded, read })
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
}

/** As many as fit into one leaf, at least one. */
function countOf(line: readonly Waiting[]): number {
  let [count, length] = [0, 0]
  for (const { look } of line) {
    length += lineOf(look.query ?? '').length + 1
    if (count > 0 && (count >= MAX_READS || length > MAX_QUERIES_LENGTH)) break
    count += 1
  }
  return count
}

function describe(looks: readonly Look[]): { readonly reads: Read[]; readonly queries: readonly string[] } {
  const queries: string[] = []
  const reads = looks.map(({ kind, query, leaf, evidence }): Read => {
    const typed = query ? queries.push(lineOf(query)) - 1 : undefined
    return {
      kind,
      ...(typed !== undefined && { query: typed }),
      ...(leaf !== undefined && { leaf }),
      ...(evidence !== undefined && { evidence }),
    }
  })
  return { reads, queries }
}

/** One line for each query, whatever was typed. */
function lineOf(query: string): string {
  return query.replaceAll(/\s+/g, ' ')
}
