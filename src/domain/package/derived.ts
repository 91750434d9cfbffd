/** All that a package derives from its leaves: made once for the export, and again by whoever checks it. */

import { parse } from '../../bytes/json.ts'
import { decodeText, encodeText } from '../../bytes/portable.ts'
import { isMemberName } from '../../bytes/zip.ts'
import type { ControlMap } from './control.ts'
import { Coverage } from './coverage.ts'
import { exceptions } from './exception.ts'
import { COVERAGE, EXCEPTIONS, PICKS, policyName, tableName } from './layout.ts'
import { List, type ReadLeaf } from './list.ts'
import type { Manifest } from './manifest.ts'
import { fieldsOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import { rules } from './population.ts'
import { formatPicks, formatSample, pick, seedOf, type SampleFile, type SampleSource } from './sample.ts'
import { Spread, type Sheets } from './sheet.ts'
import { Stories } from './story.ts'
import type { Tools } from './tool.ts'

type Told = Pick<Manifest, 'origin' | 'from' | 'to' | 'asked'>

/** Leaves between two moments in which sheets are emptied. */
const TURN = 256

export class Derived {
  readonly #asked: Manifest['asked']
  readonly #lists: readonly List[]
  readonly #exceptions: List
  readonly #coverage = new Coverage()
  readonly #stories = new Stories()
  readonly #policies = new Set<string>()
  #taken = 0

  constructor(asked: Manifest['asked'], sheets: Sheets) {
    this.#asked = asked
    this.#lists = rules.map((rule) => {
      const [csv, json] = [sheets(tableName(rule.name, 'csv')), sheets(tableName(rule.name, 'jsonl'))]
      return new List(rule, new Spread(rule.columns, csv, json))
    })
    this.#exceptions = new List(exceptions, new Spread(exceptions.columns, sheets(EXCEPTIONS)))
  }

  /** Rows of all lists but the exceptions, so far. */
  get rows(): number {
    return this.#lists.reduce((sum, { spread }) => sum + spread.rows, 0)
  }

  /** Leaves of the range, in order. */
  async take(leaf: PlainLeaf): Promise<void> {
    for (const list of this.#lists) list.take(leaf)
    this.#exceptions.take(leaf)
    this.#coverage.take(leaf)
    if (this.#asked.samples > 0) this.#stories.take(leaf)
    if (leaf.type === 'policy.activated') this.#policies.add(textOf(leaf.event['digest']))
    this.#taken += 1
    if (this.#taken % TURN === 0) await this.#drain()
  }

  /** After the last leaf: the rows that are made of several. */
  async finish(read: ReadLeaf): Promise<void> {
    for (const list of this.#lists) await list.finish(read)
    await this.#drain()
  }

  coverage(told: Told, maps: readonly ControlMap[]): SampleFile {
    return { name: COVERAGE, bytes: encodeText(this.#coverage.text(told, maps)) }
  }

  /** The text of every policy set that was in force, as far as it was not erased. `start` was in force before the range. */
  async *policies(start: string | undefined, blob: SampleSource['blob']): AsyncGenerator<SampleFile> {
    const digests = new Set([...(start === undefined ? [] : [start]), ...this.#policies])
    for (const digest of digests) yield* policyFiles(digest, await blob(digest))
  }

  /** The picks and what belongs to them; nothing when no samples were asked for. */
  async *samples(rootHash: string, source: SampleSource, tools: Tools): AsyncGenerator<SampleFile> {
    const { samples, nonce } = this.#asked
    if (samples === 0) return
    const releases = [...this.#lists.find(({ rule }) => rule.name === 'releases')!.keys]
    const seed = await seedOf(rootHash, nonce, tools)
    const picks = await this.#stories.of(await pick(releases, samples, seed, tools), source.leaf)
    yield { name: PICKS, bytes: formatPicks(seed, nonce, releases.length, picks) }
    for (const [index, each] of picks.entries()) yield* formatSample(index + 1, each, source)
  }

  async #drain(): Promise<void> {
    for (const { spread } of [...this.#lists, this.#exceptions]) await spread.drain()
  }
}

/** A policy set is evidence: a JSON object of file names and texts. */
function policyFiles(digest: string, bytes: Uint8Array | undefined): SampleFile[] {
  if (!bytes) return []
  return Object.entries(fieldsOf(parse(decodeText(bytes))))
    .map(([file, text]) => ({ name: policyName(digest, file), bytes: encodeText(textOf(text)) }))
    .filter(({ name }) => isMemberName(name))
}
