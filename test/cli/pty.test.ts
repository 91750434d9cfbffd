import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { Home, LAUNCHER, type RunOptions } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { rowOf } from './world.ts'

/** util-linux's, which runs a program on a terminal of its own. */
const SCRIPT = 'script'
const hasScript = spawnSync(SCRIPT, ['--version']).status === 0

/** Runs a command line on a terminal of 60 columns; stdout and stderr are one, as a person sees them. */
async function onTerminal(home: Home, line: string, options: RunOptions = {}) {
  const { stdout, code } = await home.execute(
    'script',
    ['-qec', `stty cols 60; exec ${LAUNCHER} ${line}`, '/dev/null'],
    options,
  )
  return { screen: stdout.replaceAll('\r\n', '\n'), code }
}

test.skipIf(!hasScript)('on a terminal there is colour, and no line is longer than it is wide', async () => {
  await using server = await FakeServer.open()
  using home = new Home(server)
  server.on('GET', '/api/v1/leaves', () => ({ body: { rows: [rowOf(1)], total: 1, head: { treeSize: 2 } } }))
  const { screen, code } = await onTerminal(home, 'trail', { env: { ...home.signedIn(), TERM: 'xterm' } })
  expect(code).toBe(0)
  expect(screen).toContain('\u001b[32mallowed\u001b[39m')
  expect(screen).toContain('…')
})

test.skipIf(!hasScript).each([
  ['NO_COLOR', { NO_COLOR: '1', TERM: 'xterm' }],
  ['a dumb terminal', { TERM: 'dumb' }],
])('%s takes the colour away', async (_, env) => {
  using home = new Home()
  const { screen } = await onTerminal(home, 'doctor --server http://localhost:2', { env })
  expect(screen).toContain('problem')
  expect(screen).not.toContain('\u001b[')
})

test.skipIf(!hasScript)('on a terminal a failure is coloured, with the same words and code', async () => {
  using home = new Home()
  const { screen, code } = await onTerminal(home, 'status', { env: { TERM: 'xterm' } })
  expect(screen).toBe(
    '\u001b[31merror:\u001b[39m no server is named\n\u001b[1mfix:\u001b[22m countersign login --server URL, or set COUNTERSIGN_SERVER\n',
  )
  expect(code).toBe(2)
})

test.skipIf(!hasScript)('Ctrl-C while waiting for the browser ends at once', async () => {
  await using server = await FakeServer.open()
  using home = new Home(server)
  const { screen, code } = await home
    .execute('timeout', ['-s', 'INT', '2', LAUNCHER, 'login', '--browser'])
    .then(({ stderr, code: exit }) => ({ screen: stderr, code: exit }))
  expect(screen).toContain('/cli-login?')
  expect(code).not.toBe(0)
})
