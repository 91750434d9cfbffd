/**
 * What was ordered to be forgotten about a person is gone from everything that is kept here: disclosures, evidence, names in memory,
 * and damaged logs that were put aside. The order is in the log first; carrying it out is repeated until it is done, also after a
 * crash, and again when an old backup of the directory brought back what it had erased.
 */

import { join } from 'node:path'
import type { DigestText } from '../bytes/digest.ts'
import { covers, type Erasure } from '../domain/erasure.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { reasonOf } from '../store/error.ts'
import type { EvidenceStore } from '../store/evidence.ts'
import { diskFiles } from '../store/file.ts'
import { eraseFromCopies } from './erasure-copy.ts'
import { findPersonal, type Personal } from './erasure-search.ts'
import { handle, systemCaller } from './handle.ts'
import type { Ledger } from './ledger.ts'

export interface EraserOptions {
  readonly ledger: Ledger
  readonly evidence: EvidenceStore
  readonly clock: () => number
  /** Where log, evidence and everything else are kept. */
  readonly directory: string
  /** Called before and after something goes that stood beside these leaves: whatever was remembered of it must be dropped. */
  readonly forget: (leafIndexes: readonly number[]) => Promise<void>
  /** Hears why it could not be done now. */
  readonly report: (sentence: string) => void
  /** Until the next attempt, 60 s unless said. */
  readonly retryMs?: number
}

/** The order up to which everything was carried out in this directory; a backup of it brings back its own. */
const MARK_FILE = 'erased'

export class Eraser implements AsyncDisposable {
  readonly #options: EraserOptions
  #turn: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: EraserOptions) {
    this.#options = options
  }

  /** Carries out what is due, oldest first. Never rejects: what could not be done is reported, and tried again later. */
  complete(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#attempt())
    return this.#turn
  }

  async #attempt(): Promise<void> {
    const { ledger, report, retryMs = 60_000 } = this.#options
    clearTimeout(this.#timer)
    try {
      const mark = await this.#readMark()
      for (const erasure of ledger.state.erasures.values())
        if (!this.#isClosed && (erasure.leafIndex > mark || !erasure.done)) await this.#carryOut(erasure)
    } catch (error) {
      report(`couldn't erase what leaf after leaf was ordered to be forgotten; trying again: ${reasonOf(error)}`)
      if (!this.#isClosed) this.#timer = setTimeout(() => void this.complete(), retryMs).unref()
    }
  }

  async #carryOut(erasure: Erasure): Promise<void> {
    const { ledger, directory, forget } = this.#options
    const found = await findPersonal(erasure, ledger)
    const leafIndexes = [...found.left.keys()]
    await forget(leafIndexes)
    // Copies first: what has to go from them is known from what stands in the log.
    await eraseFromCopies(directory, found)
    // Leaves that describe the person go last. Until then they say, also after a crash, what to look for.
    const describing = new Set(ledger.state.people.get(erasure.person)?.disclosedIn)
    const isLast = ([leafIndex]: readonly [number, unknown]) => describing.has(leafIndex)
    await ledger.log.eraseDisclosures(new Map([...found.left].filter((entry) => !isLast(entry))))
    await ledger.log.eraseDisclosures(new Map([...found.left].filter(isLast)))
    ledger.directory.forget(erasure.person, found.values, (name) => covers(erasure, name))
    const evidence = erasure.evidence ? await this.#eraseEvidence(found) : 0
    // Who looked in between may have remembered it again.
    await forget(leafIndexes)
    if (!erasure.done) await this.#sayDone(erasure, found, evidence)
    await this.#writeMark(erasure.leafIndex)
  }

  async #eraseEvidence({ evidence }: Personal): Promise<number> {
    let erased = 0
    for (const digest of evidence) if (await this.#options.evidence.erase(digest)) erased += 1
    return erased
  }

  async #sayDone({ leafIndex, person, evidence: isAll }: Erasure, found: Personal, evidence: number): Promise<void> {
    const said = await handle(
      {
        command: {
          type: 'finish erasure',
          order: leafIndex,
          person,
          leaves: found.left.size,
          disclosures: found.texts.size,
          evidence,
          evidenceKept: isAll ? 0 : await this.#countKept(found),
        },
        caller: systemCaller('erasure'),
      },
      this.#options,
    )
    if (isRefusal(said)) throw new Error(said.because)
  }

  async #countKept({ evidence }: Personal): Promise<number> {
    const there = await Promise.all([...evidence].map((digest: DigestText) => this.#options.evidence.has(digest)))
    return there.filter(Boolean).length
  }

  async #readMark(): Promise<number> {
    const text = (await diskFiles.read(join(this.#options.directory, MARK_FILE)))?.toString().trim()
    return text && /^\d{1,15}$/.test(text) ? Number(text) : -1
  }

  async #writeMark(leafIndex: number): Promise<void> {
    const { directory } = this.#options
    if (leafIndex <= (await this.#readMark())) return
    await diskFiles.replace(join(directory, MARK_FILE), Buffer.from(`${leafIndex}\n`), 0o600)
    await diskFiles.syncDirectory(directory)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
  }
}
