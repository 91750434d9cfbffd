/** A log of real leaves without anybody who decides: leaves are appended, made durable and published by hand. */

import { mkdtemp, rm } from 'node:fs/promises'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Indexing } from '../../src/control/trail/indexing.ts'
import { workerLink, type Link, type StartLink } from '../../src/control/trail/link.ts'
import type { FromIndex, ToIndex } from '../../src/control/trail/word.ts'
import { formatDisclosures, seal, type PersonalData } from '../../src/control/seal.ts'
import { spell, type Leaf } from '../../src/domain/leaf.ts'
import { empty } from '../../src/domain/state.ts'
import { openTrail, type Trail } from '../../src/index/trail.ts'
import { parseQuery } from '../../src/match/parse.ts'
import { isProblem, type Query } from '../../src/match/query.ts'
import { openLog, type Log } from '../../src/store/log.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../../src/tlog/key.ts'

export const ORIGIN = 'log.example'

/** Hears everything that is said between both sides, as it passes. */
export type Tap = {
  readonly hear?: (message: FromIndex) => void
  readonly post?: (message: ToIndex) => void
  /** Whether the message is lost on its way. */
  readonly lose?: (message: ToIndex) => boolean
}

export class World implements AsyncDisposable {
  readonly ledger: { readonly log: Log; publishedSize: number; readonly state: ReturnType<typeof empty> }
  readonly reports: string[] = []
  readonly directory: string
  /** The newest way to an index. */
  link: Link | undefined
  readonly #indexings: Indexing[] = []
  #at = 1_700_000_000_000

  private constructor(directory: string, log: Log) {
    this.directory = directory
    this.ledger = { log, publishedSize: 0, state: empty() }
  }

  static async open(): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), 'trail-'))
    const signer = ed25519Signer(ORIGIN, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
    return new World(directory, await openLog({ directory: join(directory, 'log'), origin: ORIGIN, signer }))
  }

  get file(): string {
    return join(this.directory, 'trail.db')
  }

  /** In a thread of its own, as in production. */
  index(tap: Tap = {}): Indexing {
    const { ledger, reports } = this
    const start: StartLink = (listener) => {
      this.link = tapped(workerLink({ file: this.file, origin: ORIGIN }), tap)(listener)
      return this.link
    }
    const report = (sentence: string) => void reports.push(sentence)
    const indexing = new Indexing({ ledger, start, clock: () => this.#at, report })
    this.#indexings.push(indexing)
    indexing.start()
    return indexing
  }

  /** Durable leaves, published to this index, if there is one. */
  async write(count: number, to?: Indexing, personal: PersonalData = {}): Promise<void> {
    const { log } = this.ledger
    const written = Array.from({ length: count }, () => {
      const sealed = seal(personal)
      const kept = sealed && formatDisclosures(sealed.disclosures)
      this.#at += 1
      const bytes = spell({ ...this.#leaf(), ...(sealed && { personal: sealed.personal }) }, ORIGIN)
      return { bytes, kept, ...log.append(bytes, kept) }
    })
    for (const { bytes, kept, leafIndex, durable } of written) {
      await durable
      this.ledger.publishedSize = leafIndex + 1
      to?.ingest({ leaf: this.#leaf(), leafIndex, disclosures: [], bytes, kept })
    }
  }

  /** What is in the index's file, opened by itself. */
  opened(): Trail {
    return openTrail({ file: this.file, origin: ORIGIN })
  }

  #leaf(): Leaf {
    return {
      id: randomUUID(),
      at: this.#at,
      sequence: this.ledger.log.size,
      caller: { id: 'system:noise', kind: 'system' },
      command: { type: 'summarise noise', refused: [{ code: 'bad_token', count: 1 }] },
      event: { type: 'log.summarised', refused: [{ code: 'bad_token', count: 1 }] },
      evidence: [],
      given: {},
      outcome: 'recorded',
    } as unknown as Leaf
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const indexing of this.#indexings) await indexing[Symbol.asyncDispose]()
    await this.ledger.log.close()
    await rm(this.directory, { recursive: true, force: true })
  }
}

function tapped(start: StartLink, tap: Tap): StartLink {
  return ({ hear, end }) => {
    const heard = (message: FromIndex) => {
      tap.hear?.(message)
      hear(message)
    }
    const link = start({ hear: heard, end })
    return {
      post: (message) => {
        if (!tap.lose?.(message)) link.post(message)
        tap.post?.(message)
      },
      cut: () => link.cut(),
    }
  }
}

export function query(text: string): Query {
  const parsed = parseQuery(text, 0)
  if (isProblem(parsed)) throw new Error(parsed.problem)
  return parsed
}
