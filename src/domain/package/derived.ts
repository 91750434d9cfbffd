/** All that a package derives from its leaves: made once for the export, and again by whoever checks it. */

import { parse } from '../../bytes/json.ts'
import { decodeText, encodeText } from '../../bytes/portable.ts'
import { isMemberName } from '../../bytes/zip.ts'
import type { ControlMap } from './control.ts'
import { Coverage } from './coverage.ts'
import { Exceptions } from './exception.ts'
import { COVERAGE, EXCEPTIONS, formatLines, PICKS, policyName, tableName } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { fieldsOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import { Populations } from './population.ts'
import {
  formatPicks,
  formatSample,
  pick,
  seedOf,
  Stories,
  type Sampled,
  type SampleFile,
  type SampleSource,
} from './sample.ts'
import { formatCsv, formatJsonLines, type Table } from './table.ts'
import type { Tools } from './tool.ts'

export class Derived {
  readonly #populations = new Populations()
  readonly #exceptions = new Exceptions()
  readonly #coverage = new Coverage()
  readonly #stories = new Stories()
  readonly #policies: string[] = []
  #tables: Table[] | undefined

  /** Leaves of the range, in order. */
  take(leaf: PlainLeaf): void {
    this.#populations.take(leaf)
    this.#exceptions.take(leaf)
    this.#coverage.take(leaf)
    this.#stories.take(leaf)
    if (leaf.type === 'policy.activated') this.#policies.push(textOf(leaf.event['digest']))
  }

  get tables(): readonly Table[] {
    return (this.#tables ??= this.#populations.tables())
  }

  /** Lists, exceptions and coverage, one after the other, so that whoever makes them can let others have their turn. */
  *documents(
    manifest: Pick<Manifest, 'origin' | 'from' | 'to' | 'asked'>,
    maps: readonly ControlMap[],
  ): Generator<SampleFile> {
    for (const table of this.tables) {
      yield { name: tableName(table.name, 'csv'), bytes: formatLines(formatCsv(table)) }
      yield { name: tableName(table.name, 'jsonl'), bytes: formatLines(formatJsonLines(table)) }
    }
    yield { name: EXCEPTIONS, bytes: formatLines(formatCsv(this.#exceptions.table())) }
    yield { name: COVERAGE, bytes: encodeText(this.#coverage.text(manifest, maps)) }
  }

  /** The text of every policy set that was in force, as far as it was not erased. `start` was in force before the range. */
  async policies(start: string | undefined, blob: SampleSource['blob']): Promise<SampleFile[]> {
    const digests = [...new Set([...(start === undefined ? [] : [start]), ...this.#policies])]
    const sets = await Promise.all(digests.map(async (digest) => policyFiles(digest, await blob(digest))))
    return sets.flat()
  }

  /** The picks and what belongs to them; nothing when no samples were asked for. */
  async samples(
    { asked }: Pick<Manifest, 'asked'>,
    rootHash: string,
    source: SampleSource,
    tools: Tools,
  ): Promise<SampleFile[]> {
    if (asked.samples === 0) return []
    const releases = this.tables.find(({ name }) => name === 'releases')!.rows.map(({ release }) => String(release))
    const seed = await seedOf(rootHash, asked.nonce, tools)
    const picked = await pick(releases, asked.samples, seed, tools)
    const picks: Sampled[] = []
    for (const release of picked) picks.push({ release, leaves: await this.#stories.of(release, source.leaf) })
    const files: SampleFile[] = [{ name: PICKS, bytes: formatPicks(seed, asked.nonce, releases.length, picks) }]
    for (const [index, each] of picks.entries()) files.push(...(await formatSample(index + 1, each, source)))
    return files
  }
}

/** A policy set is evidence: a JSON object of file names and texts. */
function policyFiles(digest: string, bytes: Uint8Array | undefined): SampleFile[] {
  if (!bytes) return []
  return Object.entries(fieldsOf(parse(decodeText(bytes))))
    .map(([file, text]) => ({ name: policyName(digest, file), bytes: encodeText(textOf(text)) }))
    .filter(({ name }) => isMemberName(name))
}
