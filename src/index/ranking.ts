/** The most frequent values of a field, exactly, in memory that does not grow with the number of values. */

import { countOf } from './bits.ts'
import { countWithin } from './posting.ts'
import type { Part } from './plan.ts'
import { textOf, type KeyKind } from './token.ts'

type Ranked = { readonly value: string; readonly count: number }

/** Most frequent first, then in the order of the text. */
export function topValues(parts: readonly Part[], kind: KeyKind, top: number): Ranked[] {
  let best: Ranked[] = []
  for (const [key, count] of totals(parts, kind)) {
    best.push({ value: textOf(key), count })
    if (best.length >= top * 2 + 1_024) best = best.sort(byRank).slice(0, top)
  }
  return best.sort(byRank).slice(0, top)
}

function byRank(a: Ranked, b: Ranked): number {
  return b.count - a.count || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0)
}

/** Every key once, with how many leaves have it: segments are in the same order, so all are read side by side. */
function* totals(parts: readonly Part[], kind: KeyKind): Generator<readonly [key: string, count: number], void> {
  const cursors = parts.map((part) => cursorOf(part, kind)).filter((cursor) => cursor !== undefined)
  for (let place = cursors.length >>> 1; place >= 0; place -= 1) sink(cursors, place)
  while (cursors.length > 0) {
    const { key } = cursors[0]!
    let count = 0
    while (cursors[0]?.key === key) {
      count += cursors[0].count
      if (!cursors[0].advance()) removeFirst(cursors)
      sink(cursors, 0)
    }
    if (count > 0) yield [key, count]
  }
}

type Cursor = { key: string; count: number; readonly advance: () => boolean }

/** At the first key of its segment, unless there is none. */
function cursorOf({ segment, bits }: Part, kind: KeyKind): Cursor | undefined {
  const isWhole = countOf(bits) === segment.length
  const entries = segment.entries(kind)[Symbol.iterator]()
  const cursor: Cursor = {
    ...{ key: '', count: 0 },
    advance() {
      const next = entries.next()
      if (next.done) return false
      cursor.key = next.value.key
      cursor.count = isWhole ? next.value.n : countWithin(next.value, bits)
      return true
    },
  }
  return cursor.advance() ? cursor : undefined
}

function removeFirst(heap: Cursor[]): void {
  const last = heap.pop()!
  if (heap.length > 0) heap[0] = last
}

/** Of a heap, the lowest key first, in which this one may be too high. */
function sink(heap: Cursor[], from: number): void {
  for (let place = from; ;) {
    const left = place * 2 + 1
    if (left >= heap.length) return
    const child = left + 1 < heap.length && heap[left + 1]!.key < heap[left]!.key ? left + 1 : left
    if (heap[place]!.key <= heap[child]!.key) return
    ;[heap[place], heap[child]] = [heap[child]!, heap[place]!]
    place = child
  }
}
