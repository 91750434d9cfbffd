/** RFC 9901: that each disclosure belongs to the leaf that holds its digest; they stand in the order of their leaves. */

import { encodeText, formatBase64 } from '../../bytes/portable.ts'
import { linesIn, type Line } from './archive.ts'
import { strictLine, type Count } from './check-evidence.ts'
import type { Members } from './check-manifest.ts'
import { judged, type Check, type Problem } from './finding.ts'
import { DISCLOSURES } from './layout.ts'
import { listOf, numberOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'

type Said = { readonly leafIndex: number; readonly texts: readonly string[] }

const MAX_PROBLEMS = 1000

export class Disclosures {
  readonly #lines: AsyncIterator<Line>
  readonly #tools: Tools
  readonly #problems: Problem[] = []
  #next: Promise<Said | undefined> | undefined
  #committed = 0
  #shown = 0

  constructor(members: Members, tools: Tools) {
    this.#lines = linesIn(members, DISCLOSURES)
    this.#tools = tools
  }

  async take({ leafIndex, commitments }: PlainLeaf): Promise<void> {
    this.#committed += commitments.length
    for (let said = await this.#peek(); said && said.leafIndex <= leafIndex; said = await this.#peek()) {
      this.#next = undefined
      await this.#judge(said, said.leafIndex === leafIndex ? commitments : [])
    }
  }

  async check(): Promise<{ readonly check: Check; readonly counts: Count }> {
    for (let said = await this.#peek(); said; said = await this.#peek()) {
      this.#next = undefined
      await this.#judge(said, [])
    }
    const counts = { checked: this.#shown, withheld: this.#committed - this.#shown }
    const detail = `${counts.checked} shown, as their leaves commit to them; ${counts.withheld} withheld or erased`
    return { check: judged('disclosures', detail, this.#problems), counts }
  }

  async #judge({ leafIndex, texts }: Said, commitments: readonly string[]): Promise<void> {
    const open = new Set(commitments)
    for (const text of texts) {
      const digest = urlSafe(formatBase64(await this.#tools.sha256(encodeText(text))))
      if (open.delete(digest)) this.#shown += 1
      else this.#fail('altered', `a disclosure beside leaf ${leafIndex} is not one that it commits to`)
    }
  }

  /** The next line that is one. */
  #peek(): Promise<Said | undefined> {
    return (this.#next ??= this.#read())
  }

  async #read(): Promise<Said | undefined> {
    for (;;) {
      const line = await this.#lines.next()
      if (line.done) return undefined
      const said = strictLine(line.value.bytes, ['disclosures', 'leafIndex'])
      if (said) return { leafIndex: numberOf(said['leafIndex']), texts: listOf(said['disclosures']).map(textOf) }
      this.#fail('malformed', 'a line of disclosures is not one')
    }
  }

  #fail(cause: Problem['cause'], detail: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ cause, detail })
  }
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')
}
