/** That every piece of evidence is the one whose digest a leaf of the range names. */

import { parseCanonical } from '../../bytes/json.ts'
import { decodeText, formatHex, parseBase64 } from '../../bytes/portable.ts'
import type { Source } from '../../bytes/zip.ts'
import { linesIn, type Line } from './archive.ts'
import type { Members } from './check-manifest.ts'
import { DigestTable } from './digest-table.ts'
import { judged, type Check, type Problem } from './finding.ts'
import { Growing } from './growing.ts'
import { EVIDENCE } from './layout.ts'
import type { Leaves } from './leaves.ts'
import { fieldsOf, textOf, type Fields, type PlainLeaf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'

export type Count = { readonly checked: number; readonly withheld: number }

const NOT_THERE = -1
const MAX_PROBLEMS = 1000

export class Evidence {
  readonly #source: Source
  readonly #named = new DigestTable()
  /** By slot: the first leaf that names it, where its line is, and how long that is. */
  readonly #leaves = new Growing('larger')
  readonly #starts = new Growing('larger')
  readonly #lengths = new Growing('up to 2^32')
  #strange = 0
  #checked = 0

  constructor(source: Source) {
    this.#source = source
  }

  take({ leafIndex, evidence }: PlainLeaf): void {
    for (const { digest } of evidence) this.#name(digest, leafIndex)
  }

  #name(digest: string, leafIndex: number): void {
    const slot = this.#named.add(digest)
    if (slot < 0) this.#strange += 1
    if (slot < this.#leaves.size) return
    this.#leaves.push(leafIndex)
    this.#starts.push(NOT_THERE)
    this.#lengths.push(0)
  }

  /** What was erased before the export is counted and not a fault. `start` is named by the state before the range. */
  async check(
    members: Members,
    start: string | undefined,
    leaves: Leaves,
    { sha256 }: Tools,
  ): Promise<{ readonly check: Check; readonly counts: Count }> {
    const named = this.#named.size + this.#strange
    if (start !== undefined) this.#name(start, NOT_THERE)
    const problems: Problem[] = []
    for await (const line of linesIn(members, EVIDENCE)) {
      const problem = await this.#checkLine(line, leaves, sha256)
      if (problem && problems.length < MAX_PROBLEMS) problems.push(problem)
    }
    const counts = { checked: this.#checked, withheld: named - this.#checked }
    const detail = `${counts.checked} blobs with the digests that leaves name; ${counts.withheld} withheld or erased`
    return { check: judged('evidence', detail, problems), counts }
  }

  async #checkLine(line: Line, leaves: Leaves, sha256: Tools['sha256']): Promise<Problem | undefined> {
    const said = parseLine(line.bytes)
    const slot = said ? this.#named.slotOf(said.digest) : NOT_THERE
    if (!said || (slot >= 0 && this.#starts.at(slot) !== NOT_THERE))
      return { cause: 'malformed', detail: 'a line of evidence is not one' }
    const { digest, bytes } = said
    if (slot < 0) return { cause: 'added', detail: `no leaf of the range names the evidence ${digest.slice(0, 80)}` }
    if (`sha256:${formatHex(await sha256(bytes))}` !== digest)
      return {
        cause: 'altered',
        detail: `the evidence ${digest} ${await this.#namedBy(slot, digest, leaves)}was altered`,
      }
    this.#starts.set(slot, line.at)
    this.#lengths.set(slot, line.bytes.length)
    if (this.#leaves.at(slot) !== NOT_THERE) this.#checked += 1
    return undefined
  }

  async #namedBy(slot: number, digest: string, leaves: Leaves): Promise<string> {
    const leaf = await leaves.leaf(this.#leaves.at(slot))
    const kind = leaf?.evidence.find((each) => each.digest === digest)?.kind
    return leaf ? `(${kind} of leaf ${leaf.leafIndex}) ` : ''
  }

  /** Undefined when it is not there, or is not what its digest says. */
  async get(digest: string): Promise<Uint8Array | undefined> {
    const slot = this.#named.slotOf(digest)
    if (slot < 0 || this.#starts.at(slot) === NOT_THERE) return undefined
    return parseLine(await this.#source.read(this.#starts.at(slot), this.#lengths.at(slot)))?.bytes
  }
}

/** `{"base64":"…","digest":"sha256:…"}` in its one spelling; undefined for anything else. */
function parseLine(line: Uint8Array): { readonly digest: string; readonly bytes: Uint8Array } | undefined {
  const said = strictLine(line, ['base64', 'digest'])
  const digest = textOf(said?.['digest'])
  const bytes = said && attempt(() => parseBase64(textOf(said['base64'])))
  return bytes && { digest, bytes }
}

/** One line as it was written, its members by name; undefined for any other spelling. */
export function strictLine(line: Uint8Array, names: readonly string[]): Fields | undefined {
  const said = attempt(() => fieldsOf(parseCanonical(decodeText(line))))
  return said && Object.keys(said).sort().join() === names.join() ? said : undefined
}

export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
