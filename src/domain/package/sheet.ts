/** A list while it is made: lines are written one after the other, and go to a file, or are compared with one. */

import { canonical } from '../../bytes/json.ts'
import { encodeText } from '../../bytes/portable.ts'
import type { Member } from './archive.ts'
import { Comparison, type Difference } from './comparison.ts'
import type { Problem } from './finding.ts'
import { formatCells, type Row } from './table.ts'

export interface Sheet {
  /** Remembers the line until `drain`. */
  write(line: string): void
  drain(): Promise<void>
}

/** The sheet of a member, by its name; called once for each. */
export type Sheets = (name: string) => Sheet

/** The CSV and the JSON lines of one list, either of which may not be wanted. */
export class Spread {
  readonly #columns: readonly string[]
  readonly #csv: Sheet
  readonly #json: Sheet | undefined
  rows = 0

  constructor(columns: readonly string[], csv: Sheet, json?: Sheet) {
    this.#columns = columns
    this.#csv = csv
    this.#json = json
    csv.write(columns.join(','))
  }

  add(row: Row): void {
    this.rows += 1
    this.#csv.write(formatCells(row, this.#columns))
    this.#json?.write(canonical(row))
  }

  async drain(): Promise<void> {
    await this.#csv.drain()
    await this.#json?.drain()
  }
}

/** Lines as they should be, beside a member as it is. */
export class Compared implements Sheet {
  readonly name: string
  readonly #member: Member | undefined
  readonly #comparison: Comparison | undefined
  #lines: string[] = []
  #sizeBytes = 0

  constructor(name: string, member: Member | undefined) {
    this.name = name
    this.#member = member
    this.#comparison = member && new Comparison(bytesOf(member))
  }

  write(line: string): void {
    this.#lines.push(line)
  }

  async drain(): Promise<void> {
    const lines = this.#lines
    this.#lines = []
    for (const line of lines) {
      const bytes = encodeText(line)
      this.#sizeBytes += bytes.length + 1
      await this.#comparison?.expect(bytes)
    }
  }

  async problems(): Promise<Problem[]> {
    await this.drain()
    if (!this.#member || !this.#comparison) return [{ cause: 'absent', detail: `${this.name} is missing` }]
    const found = await this.#comparison.end()
    return found || this.#sizeBytes !== this.#member.size ? [problemOf(this.name, found)] : []
  }
}

/** Lines that are all the same do not end as they should. */
export function problemOf(name: string, found: Difference | undefined): Problem {
  if (found) return { cause: found.cause, detail: `${name}: ${wordsOf(found)}` }
  return { cause: 'altered', detail: `${name} is not spelled as its rule spells it` }
}

async function* bytesOf(member: Member): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of member.lines()) yield bytes
}

function wordsOf({ cause, index, expected, given }: Difference): string {
  return {
    gap: `line ${index + 1} is missing: ${shown(expected)}`,
    truncated: `it ends before line ${index + 1}: ${shown(expected)}`,
    added: `line ${index + 1} does not belong there: ${shown(given)}`,
    altered: `line ${index + 1} must be ${shown(expected)} and is ${shown(given)}`,
    reordered: `line ${index + 1} does not stand at its place: ${shown(given)}`,
  }[cause]
}

const SHOWN_BYTES = 400

function shown(line: Uint8Array | undefined): string {
  const text = new TextDecoder().decode((line ?? new Uint8Array(0)).subarray(0, SHOWN_BYTES))
  return JSON.stringify(text.slice(0, 120))
}
