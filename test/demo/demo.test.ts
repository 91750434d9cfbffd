import { expect, test } from 'vitest'
import { run } from '../../src/cli/demo.ts'
import { Terminal } from '../../src/cli/terminal.ts'
import { hasTool } from '../world/repository.ts'

const hasWorld = ['ssh-keygen', 'ssh', 'gpg'].every((tool) => hasTool(tool, '--version'))

interface Line {
  readonly event: string
  readonly ok: boolean
  readonly leafIndex?: number
}

// What a machine without sshd and without PostgreSQL shows; the other half is what `.ci/run` runs.
test.skipIf(!hasWorld)('nine facts happen with the servers that come along', { timeout: 180_000 }, async () => {
  let said = ''
  const sink = { write: (text: string) => (said += text) }
  const { env } = process
  const terminal = new Terminal({ env, stdout: sink, stderr: sink, stdin: {}, format: 'jsonl', color: false })
  expect(await run({ ci: true, ssh: 'ssh2', postgres: 'embedded' }, terminal)).toBe(0)
  const lines = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  expect(lines.map(({ event, ok }) => [event, ok])).toEqual([...Array(9).fill(['fact', true]), ['result', true]])
  for (const { leafIndex } of lines.slice(0, 9)) expect(leafIndex).toBeGreaterThanOrEqual(0)
})
