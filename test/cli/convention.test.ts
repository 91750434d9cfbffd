import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Home, LAUNCHER, ROOT } from './command-line.ts'

const NODE = join(ROOT, 'node_modules/.bin/node')

test('help comes with examples first, on stdout, and says nothing on stderr', async () => {
  using home = new Home()
  const { code, stdout, stderr } = await home.launch(['--help'])
  expect(code).toBe(0)
  expect(stdout.startsWith('Examples:\n')).toBe(true)
  expect(stderr).toBe('')
  for (const name of ['up', 'login', 'git', 'run', 'approve', 'why', 'trail', 'doctor'])
    expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'mu'))
})

test('help starts within a few times what bare node takes', () => {
  using home = new Home()
  const time = (program: string, args: readonly string[]) => {
    const startedAt = performance.now()
    execFileSync(program, args, { env: home.env, stdio: 'ignore' })
    return performance.now() - startedAt
  }
  time(LAUNCHER, ['--help'])
  const best = (run: () => number) => Math.min(...Array.from({ length: 5 }, run))
  const bare = best(() => time(NODE, ['-e', '0']))
  const help = best(() => time(LAUNCHER, ['--help']))
  expect(help - bare).toBeLessThan(Math.max(100, 5 * bare))
})

test('the launcher works through symbolic links, without node on the PATH', () => {
  using home = new Home()
  symlinkSync(LAUNCHER, home.path('direct'))
  symlinkSync('direct', home.path('twice'))
  const { status, stdout } = spawnSync(home.path('twice'), ['--help'], {
    env: { ...home.env, PATH: '/usr/bin:/bin' },
    cwd: '/',
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(stdout).toContain('countersign login')
})

test('without node_modules the launcher names the command that fixes it', () => {
  using home = new Home()
  mkdirSync(home.path('copy/bin'), { recursive: true })
  copyFileSync(LAUNCHER, home.path('copy/bin/countersign'))
  const { status, stderr } = spawnSync('sh', [home.path('copy/bin/countersign'), 'status'], {
    env: home.env,
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^error: .* not installed .*\nfix: \(cd '.*copy' && npm ci\)\n$/u)
})

test.each([
  [['statsu'], /unknown command 'statsu'\nfix: did you mean status\?/u],
  [['git', 'sett'], /unknown command 'sett'\nfix: did you mean setup\?/u],
  [['status', '--jsno'], /unknown option '--jsno'\nfix: did you mean --json\?/u],
  [['status', 'extra'], /too many arguments/u],
  [['approve'], /missing required argument 'release'\nfix: countersign approve --help/u],
  [['revoke', '@kit'], /required option '--reason <text>' not specified/u],
  [['status', '--server', ''], /--server is empty\nfix: give it a value, or leave it out/u],
  [['revoke', '', '--reason', 'x'], /<person> is empty/u],
  [['release', 'list', '--state', 'done'], /--state cannot be "done"\nfix: one of waiting, /u],
  [['release', 'wait', 'K7Q2-9DMX', '--wait', 'soon'], /"soon" is not a time span\nfix: write it as 90s/u],
  [['trail', 'query', '--limit', '0'], /not a whole number/u],
  [['status', '--server', 'example.com'], /is not the URL of a server/u],
  [['status', '--server', 'http://192.0.2.1'], /would carry the login in clear\nfix: use https/u],
  [['status'], /no server is named\nfix: countersign login --server URL/u],
  [['run', '--env', 'production', '--artifact', 'x'], /missing required argument 'cmd'/u],
  [['run', '--json', '--env', 'production', '--artifact', 'x', '--', 'true'], /unknown option '--json'/u],
  [['help', 'exit-cods'], /there is no help on "exit-cods"\nfix: countersign help exit-codes/u],
])('%j is a usage error that names its fix', async (args, expected) => {
  using home = new Home()
  const { code, stdout, stderr } = await home.run(args)
  expect(stderr).toMatch(expected)
  expect(stderr).toMatch(/^error: /mu)
  expect(code).toBe(2)
  if (!args.includes('--json')) expect(stdout).toBe('')
})

test('an empty variable is an error, not a default', async () => {
  using home = new Home()
  const { code, stderr } = await home.run(['status'], { env: { COUNTERSIGN_SERVER: '' } })
  expect(stderr).toBe('error: COUNTERSIGN_SERVER is set but empty\nfix: unset COUNTERSIGN_SERVER, or give it a value\n')
  expect(code).toBe(2)
})

test('with --json a failure is the one document on stdout, and lines on stderr', async () => {
  using home = new Home()
  const { code, stdout, stderr } = await home.run(['status', '--json', '--server', 'http://localhost:9'])
  expect(code).toBe(4)
  expect(JSON.parse(stdout)).toEqual({
    error: {
      code: 'sign_in_needed',
      message: 'not signed in to http://localhost:9',
      next: 'countersign login --server http://localhost:9',
    },
  })
  expect(stderr).toMatch(/^error: not signed in/u)
})

test('exit codes and variables have their pages', async () => {
  using home = new Home()
  const codes = await home.run(['help', 'exit-codes'])
  for (const code of [0, 1, 2, 3, 4, 5, 6, 75, 124, 130]) expect(codes.stdout).toMatch(new RegExp(`^ +${code} `, 'mu'))
  const variables = await home.run(['help', 'environment'])
  for (const name of ['COUNTERSIGN_SERVER', 'COUNTERSIGN_ID_TOKEN_FILE', 'NO_COLOR'])
    expect(variables.stdout).toContain(name)
})

test('colour is asked for, taken back, and absent from a pipe', async () => {
  using home = new Home()
  const colored = async (env: Record<string, string>, ...flags: string[]) =>
    (await home.run(['doctor', '--server', 'http://localhost:9', ...flags], { env })).stdout.includes('\u001b[')
  expect(await colored({})).toBe(false)
  expect(await colored({ FORCE_COLOR: '1' })).toBe(true)
  expect(await colored({ FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false)
  expect(await colored({ FORCE_COLOR: '1' }, '--no-color')).toBe(false)
  expect(await colored({ FORCE_COLOR: '1' }, '--json')).toBe(false)
})

test('version tells client and node even when the server is away', async () => {
  using home = new Home()
  const { code, stdout } = await home.run(['version', '--json'], { env: { COUNTERSIGN_SERVER: 'http://localhost:9' } })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    version: expect.stringMatching(/^\d+\./u) as string,
    node: expect.stringMatching(/^26\./u) as string,
  })
})

test('every command has examples, and its help loads', async () => {
  using home = new Home()
  const { stdout } = await home.run(['people', 'role', 'add', '--help'])
  expect(stdout).toMatch(/^Examples:\n.*countersign people role add @ana approver/u)
})
