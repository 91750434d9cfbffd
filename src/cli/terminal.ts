/** Results on stdout, messages on stderr; with `--json` stdout is exactly one document, with `--jsonl` it ends in one result. */

import { type Failure, formatDocument, formatLines } from './failure.ts'
import { startProgress, type Progress } from './progress.ts'

export type Format = 'text' | 'json' | 'jsonl'
export type Environment = Readonly<Record<string, string | undefined>>

/** The part of a stream that is used here, so that a test can hand in its own. */
export interface Sink {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface Paint {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly amber: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
}

export interface TerminalOptions {
  readonly env: Environment
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: { readonly isTTY?: boolean }
  readonly format: Format
  /** False with `--no-color`. */
  readonly color: boolean
}

export class Terminal {
  readonly env: Environment
  readonly format: Format
  /** Whether a person can be asked: both ends are terminals and nobody asked for machine output. */
  readonly isInteractive: boolean
  readonly paint: Paint
  readonly #stdout: Sink
  readonly #stderr: Sink
  readonly #messagePaint: Paint

  constructor({ env, stdout, stderr, stdin, format, color }: TerminalOptions) {
    this.env = env
    this.format = format
    this.isInteractive = format === 'text' && Boolean(stdin.isTTY) && Boolean(stderr.isTTY)
    this.paint = painter(format === 'text' && wantsColor(env, stdout, color))
    this.#messagePaint = painter(wantsColor(env, stderr, color))
    this.#stdout = stdout
    this.#stderr = stderr
  }

  /** Columns to lay a table out in; wide when nobody looks at it on a screen. */
  get columns(): number {
    return this.#stdout.isTTY ? Math.max(this.#stdout.columns ?? 80, 40) : 1_000
  }

  /** A message to people: what is happening, what was done on the side. Never a result. */
  say(text: string): void {
    this.#stderr.write(`${text}\n`)
  }

  /** A bar on stderr, for people who look at it. */
  progress(noun: string): Progress {
    return startProgress(this.format === 'text' ? this.#stderr : { write: () => {} }, noun)
  }

  warn(text: string): void {
    this.say(`${this.#messagePaint.amber('warning:')} ${text}`)
  }

  /** A line of the result, for people only. */
  print(text: string): void {
    if (this.format === 'text') this.#stdout.write(`${text}\n`)
  }

  /** A page of help, which is what was asked for in any format. */
  page(text: string): void {
    this.#stdout.write(text)
  }

  /** One step of a stream: a line of JSON under `--jsonl`, the given text for people, nothing under `--json`. */
  emit(event: string, data: object, text: string): void {
    if (this.format === 'jsonl') this.#stdout.write(`${JSON.stringify({ event, ...data })}\n`)
    else this.print(text)
  }

  /** The one result of a command. */
  result(data: object, text: () => string): void {
    if (this.format === 'text') {
      const rendered = text()
      if (rendered) this.#stdout.write(`${rendered}\n`)
      return
    }
    this.#stdout.write(
      this.format === 'json'
        ? `${JSON.stringify(data, null, 2)}\n`
        : `${JSON.stringify({ event: 'result', ok: true, ...data })}\n`,
    )
  }

  /** The end of a command that failed: short lines on stderr, and the one document that stdout owes to a machine. */
  fail(failure: Failure): void {
    const error = formatDocument(failure)
    if (this.format === 'json') this.#stdout.write(`${JSON.stringify({ error }, null, 2)}\n`)
    if (this.format === 'jsonl') this.#stdout.write(`${JSON.stringify({ event: 'result', ok: false, error })}\n`)
    for (const line of formatLines(failure)) this.say(paintLabel(line, this.#messagePaint))
  }
}

function paintLabel(line: string, paint: Paint): string {
  const colon = line.indexOf(':')
  const label = line.slice(0, colon + 1)
  const painted = label === 'refused:' || label === 'error:' ? paint.bad(label) : paint.bold(label)
  return painted + line.slice(colon + 1)
}

// https://no-color.org: "when present and not an empty string (regardless of its value)".
function wantsColor(env: Environment, sink: Sink, flag: boolean): boolean {
  if (!flag || env['NO_COLOR']) return false
  if (env['FORCE_COLOR'] !== undefined) return env['FORCE_COLOR'] !== '0' && env['FORCE_COLOR'] !== 'false'
  return env['TERM'] !== 'dumb' && Boolean(sink.isTTY)
}

function painter(isColored: boolean): Paint {
  const code = (open: number, close: number) => (text: string) =>
    isColored ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return { good: code(32, 39), bad: code(31, 39), amber: code(33, 39), dim: code(2, 22), bold: code(1, 22) }
}
