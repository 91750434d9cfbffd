/** A bar is for people who wait at a terminal, and leaves nothing behind. */

import { expect, test } from 'vitest'
import { startProgress } from '../../src/cli/progress.ts'
import { Terminal } from '../../src/cli/terminal.ts'

function sinkOf(isTTY: boolean) {
  const written: string[] = []
  return { written, isTTY, write: (text: string) => void written.push(text) }
}

test('nothing is drawn within two seconds; then at most ten times a second, and it is wiped', () => {
  const sink = sinkOf(true)
  let now = 0
  const progress = startProgress(sink, 'leaves', () => now)
  for (now = 0; now < 1_900; now += 10) progress.update(now, 10_000)
  expect(sink.written).toEqual([])
  for (now = 1_900; now < 3_000; now += 10) progress.update(now, 10_000)
  expect(sink.written).toHaveLength(10)
  expect(sink.written.at(-1)).toContain(' 29 %  2900 of 10000 leaves')
  progress[Symbol.dispose]()
  progress[Symbol.dispose]()
  expect(sink.written.at(-1)).toBe('\r\u001b[K')
  expect(sink.written).toHaveLength(11)
})

test('items that come in steps of any size move it', () => {
  const sink = sinkOf(true)
  let now = 0
  using progress = startProgress(sink, 'leaves', () => now)
  for (const done of [333, 666, 999]) {
    now += 5_000
    progress.update(done, 1_000)
  }
  expect(sink.written).toHaveLength(3)
})

test('nobody who does not look at a terminal, or asked for JSON, gets a bar', () => {
  const sink = sinkOf(false)
  let now = 0
  using progress = startProgress(sink, 'leaves', () => (now += 10_000))
  progress.update(1, 2)
  expect(sink.written).toEqual([])
  const looking = sinkOf(true)
  const parts = { env: {}, stdout: looking, stderr: looking, stdin: {}, color: false }
  expect(new Terminal({ ...parts, format: 'json' }).progress('leaves').update).toBe(progress.update)
  expect(new Terminal({ ...parts, format: 'text' }).progress('leaves').update).not.toBe(progress.update)
})
