/** Numbers in a row that grows, four bytes for one up to 2^32 and eight for larger ones. */

export class Growing {
  #numbers: Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>
  #size = 0

  constructor(kind: 'up to 2^32' | 'larger') {
    this.#numbers = kind === 'larger' ? new Float64Array(1024) : new Uint32Array(1024)
  }

  get size(): number {
    return this.#size
  }

  push(number: number): void {
    if (this.#size === this.#numbers.length) {
      const make = this.#numbers instanceof Float64Array ? Float64Array : Uint32Array
      const grown = new make(this.#size * 2)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    this.#numbers[this.#size] = number
    this.#size += 1
  }

  /** Of a place that was pushed to. */
  at(index: number): number {
    return this.#numbers[index]!
  }

  set(index: number, number: number): void {
    this.#numbers[index] = number
  }
}
