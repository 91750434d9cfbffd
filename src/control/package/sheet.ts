/** A list that goes into a package, some lines at a time. */

import type { Sheet } from '../../domain/package/sheet.ts'
import type { PackageWriter } from '../../store/package.ts'

export class Filed implements Sheet {
  readonly #name: string
  readonly #writer: PackageWriter
  #lines: string[] = []

  /** The member is there from the beginning, also when no line ever comes. */
  constructor(name: string, writer: PackageWriter) {
    this.#name = name
    this.#writer = writer
    writer.append(name, new Uint8Array(0))
  }

  write(line: string): void {
    this.#lines.push(line)
  }

  drain(): Promise<void> {
    if (this.#lines.length > 0) this.#writer.appendLines(this.#name, this.#lines)
    this.#lines = []
    return Promise.resolve()
  }
}
