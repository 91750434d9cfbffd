/** What a demo tells: nine facts, each with the commands that a person could have typed and the leaf that proves it. */

import { Failure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'

/** What happened, in one sentence, and the leaf that says so. */
export interface Proof {
  readonly sentence: string
  /** 0-based. */
  readonly leafIndex: number
}

export interface Fact extends Proof {
  readonly number: number
  readonly title: string
  readonly tookMs: number
}

const INDENT = '    '
const LEAF_COLUMN = 96
/** Colours take no place on a line. */
// oxlint-disable-next-line no-control-regex
const SGR = /\u001b\[\d+m/gu

export class Tale {
  readonly facts: Fact[] = []
  readonly #terminal: Terminal
  readonly #directory: string
  readonly #explain: () => string | undefined
  #isOver = false

  /** `explain`: whatever else there is to say about a fact that did not happen. */
  constructor(terminal: Terminal, directory: string, explain: () => string | undefined = () => undefined) {
    this.#terminal = terminal
    this.#directory = directory
    this.#explain = explain
  }

  /** Tells a fact while it happens. Rejects with a Failure that names the fact when it does not. */
  async fact<T>(title: string, happen: () => Promise<Proof & { readonly outcome: T }>): Promise<T> {
    const number = this.facts.length + 1
    const { paint } = this.#terminal
    this.print(`\n${paint.bold(`${number}  ${title}`)}`)
    const startedAt = performance.now()
    const { sentence, leafIndex, outcome } = await happen().catch((thrown: unknown) => {
      const failure = failureOf({ number, title }, thrown, this.#explain())
      this.#emit({ number, title, ok: false, error: failure.message }, `  ${paint.bad('✗')} ${title}`)
      throw failure
    })
    const fact = { number, title, sentence, leafIndex, tookMs: Math.round(performance.now() - startedAt) }
    this.facts.push(fact)
    this.#emit({ ...fact, ok: true }, this.#withLeaf(`  ${paint.good('✓')} ${sentence}`, leafIndex))
    return outcome
  }

  /** A command as its person typed it: `ivo$ git push`. */
  command(who: string, command: string): void {
    this.print(`  ${this.#terminal.paint.dim(`${who}$ ${this.#short(command)}`)}`)
  }

  /** What came of it, with the leaf that it became if it became one. */
  say(sentence: string, leafIndex?: number): void {
    for (const line of this.#short(sentence).split('\n')) this.print(this.#withLeaf(`${INDENT}${line}`, leafIndex))
  }

  print(line: string): void {
    if (!this.#isOver) this.#terminal.print(line)
  }

  /** Nothing is told from here on. */
  end(): void {
    this.#isOver = true
  }

  #emit(fact: object, text: string): void {
    if (!this.#isOver) this.#terminal.emit('fact', fact, text)
  }

  #withLeaf(line: string, leafIndex: number | undefined): string {
    if (leafIndex === undefined) return line
    const shownLength = line.replace(SGR, '').length
    const gap = ' '.repeat(Math.max(0, LEAF_COLUMN - shownLength))
    return `${line}${gap} ${this.#terminal.paint.dim(`leaf ${leafIndex}`)}`
  }

  /** Paths below the stage are shown from there, as `~demo/…`: they would fill the line. */
  #short(text: string): string {
    return text.replaceAll(this.#directory, '~demo')
  }
}

/** What is said of a fact that did not happen. A slip on the command line is none. */
function failureOf(
  { number, title }: Pick<Fact, 'number' | 'title'>,
  thrown: unknown,
  more: string | undefined,
): Failure {
  if (thrown instanceof Failure && thrown.exit === 'usage') return thrown
  const because = thrown instanceof Error ? thrown.message : String(thrown)
  const isSaid = more === undefined || because.includes(more)
  const sentence = `fact ${number} (${title}) did not happen: ${because}`
  return new Failure('failed', 'fact_failed', isSaid ? sentence : `${sentence}\n${more}`)
}
