import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../../src/cli/demo/eventually.ts'
import { readPlace } from '../../src/cli/demo/sql.ts'
import { Stage } from '../../src/cli/demo/stage.ts'
import { Tale } from '../../src/cli/demo/tale.ts'
import { Terminal, type Format } from '../../src/cli/terminal.ts'

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('what runs on a stage ends with it, and its folders go', async () => {
  const stage = Stage.open(undefined)
  const { directory } = stage
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  const folders = [stage.shortFolder(), stage.sharedFolder('test')]
  const waiting = stage.start({
    name: 'a server',
    command: 'sh',
    args: ['-c', 'echo ready; exec sleep 60'],
    logName: 'server',
  })
  await waiting.until(/ready/u, 5_000)
  const running = stage.run('sleep', ['60']).catch((error: Error) => error.message)
  await sleep(50)
  await stage[Symbol.asyncDispose]()
  expect(isAlive(waiting.pid!)).toBe(false)
  expect(await running).toContain('took longer')
  for (const folder of [directory, ...folders]) expect(existsSync(folder)).toBe(false)
  expect(() => stage.start({ name: 'late', command: 'sleep', args: ['60'], logName: 'late' })).toThrow(
    'the demo is over',
  )
})

test('a stage on a named folder keeps it, and takes none that holds something', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-stage-'))
  try {
    const named = join(folder, 'new')
    await Stage.open(named)[Symbol.asyncDispose]()
    expect(existsSync(named)).toBe(true)
    writeFileSync(join(folder, 'mine'), '')
    expect(() => Stage.open(folder)).toThrow('is not empty')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('whoever waits hears at once of a program that fell, with its last words', async () => {
  await using stage = Stage.open(undefined)
  const server = stage.start({
    name: 'the server',
    command: 'sh',
    args: ['-c', 'echo port taken >&2; exit 7'],
    logName: 'server',
  })
  await server.ended
  const never = eventually('something', 20_000, () => undefined, stage)
  await expect(never).rejects.toThrow(/the server ended by itself with 7.*\n.*port taken/su)
  await expect(server.until(/ready/u, 20_000)).rejects.toThrow('port taken')
})

test('a fact that did not happen says so in every format, and nothing is told after the end', async () => {
  for (const format of ['text', 'jsonl'] as const satisfies Format[]) {
    let said = ''
    const sink = { write: (text: string) => (said += text) }
    const terminal = new Terminal({ env: {}, stdout: sink, stderr: sink, stdin: {}, format, color: false })
    const tale = new Tale(terminal, '/somewhere')
    await tale.fact('First', async () => await Promise.resolve({ sentence: 'It happened', leafIndex: 3, outcome: 1 }))
    const failing = tale.fact('Second', async () => await Promise.reject(new Error('not true: it happened')))
    await expect(failing).rejects.toThrow('fact 2 (Second) did not happen: not true: it happened')
    tale.end()
    tale.print('too late')
    expect(tale.facts.map(({ number, leafIndex }) => [number, leafIndex])).toEqual([[1, 3]])
    expect(said).not.toContain('too late')
    if (format === 'text') expect(said).toMatch(/✓ It happened +leaf 3\n\n2 {2}Second\n {2}✗ Second\n$/u)
    else
      expect(
        said
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { ok: boolean }).ok),
      ).toEqual([true, false])
  }
})

test('a place is read from the files that psql reads, escapes included', () => {
  const service = '[other]\nhost=a\n\n[shop-db]\nhost=127.0.0.1\nport=5432\ndbname=shop\nuser=cs_1\n'
  const passwords = 'elsewhere:1:shop:cs_1:no\n127.0.0.1:5432:shop:cs_1:a\\:b\\\\c\n'
  expect(readPlace(service, passwords, 'shop-db')).toEqual({
    host: '127.0.0.1',
    port: 5432,
    database: 'shop',
    user: 'cs_1',
    password: 'a:b\\c',
  })
  expect(() => readPlace(service, passwords, 'other')).toThrow('no service other')
})
