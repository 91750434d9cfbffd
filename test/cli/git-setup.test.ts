import { expect, test } from 'vitest'
import { Home } from './command-line.ts'
import { FakeServer } from './fake-server.ts'
import { ana } from './world.ts'

async function openPlace() {
  const server = await FakeServer.open()
  const home = new Home(server)
  server.on('POST', '/api/v1/keys', () => ({
    status: 201,
    body: server.receipt('key.enrolled', { key: 'SHA256:abc' }),
  }))
  await home.execute('git', ['config', '--global', 'user.email', 'ana@acme.test'])
  const config = async (...args: string[]) => (await home.execute('git', ['config', ...args])).stdout.trim()
  return {
    server,
    home,
    config,
    setup: (...args: string[]) => home.launch(['git', 'setup', ...args], { env: home.signedIn() }),
    [Symbol.asyncDispose]: async () => {
      home[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

test('makes a key, registers it with the address of git, and the next commit is signed with it', async () => {
  await using place = await openPlace()
  const { code, stdout } = await place.setup('--no-passphrase')
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^made .*\/\.ssh\/id_countersign\.pub\nregistered SHA256:abc for ana@acme\.test · leaf 0\ngit config --global gpg\.format ssh\n/u,
  )
  expect(place.server.seenAt('POST', '/api/v1/keys')[0]!.body).toEqual({
    format: 'ssh',
    publicKey: place.home.read('.ssh/id_countersign.pub').trim(),
    emails: ['ana@acme.test'],
  })
  await place.home.execute('git', ['init', '-q', 'repo'])
  await place.home.execute('git', [
    '-C',
    'repo',
    '-c',
    'user.name=Ana',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'signed',
  ])
  expect((await place.home.execute('git', ['-C', 'repo', 'cat-file', 'commit', 'HEAD'])).stdout).toContain(
    '-----BEGIN SSH SIGNATURE-----',
  )
})

test('a second time changes nothing, when the list of people shows the key', async () => {
  await using place = await openPlace()
  await place.setup('--no-passphrase')
  const made = place.home.read('.ssh/id_countersign.pub')
  const fingerprint = (await place.home.execute('ssh-keygen', ['-lf', '.ssh/id_countersign.pub'])).stdout.split(' ')[1]!
  place.server.on('GET', '/api/v1/logins/current', () => ({ body: { who: ana } }))
  place.server.on('GET', '/api/v1/people', () => ({ body: { people: [{ who: ana, keys: [{ fingerprint }] }] } }))
  const { code, stdout } = await place.setup('--no-passphrase')
  expect(stdout).toMatch(/^using .*\nregistered already\ngit was configured already\n$/u)
  expect(code).toBe(0)
  expect(place.home.read('.ssh/id_countersign.pub')).toBe(made)
  await place.setup('--email', 'ana@other.test')
  expect(place.server.seenAt('POST', '/api/v1/keys').map(({ body }) => (body as { emails: string[] }).emails)).toEqual([
    ['ana@acme.test'],
    ['ana@other.test'],
  ])
})

test('the key that git uses already is taken, and --local stays in the repository', async () => {
  await using place = await openPlace()
  await place.home.execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', 'mine'])
  await place.config('--global', 'gpg.format', 'ssh')
  await place.config('--global', 'user.signingkey', place.home.path('mine.pub'))
  await place.home.execute('git', ['init', '-q', 'repo'])
  const { stdout } = await place.home.launch(['git', 'setup', '--local', '--json'], {
    env: place.home.signedIn(),
    cwd: place.home.path('repo'),
  })
  expect(JSON.parse(stdout)).toMatchObject({ key: place.home.path('mine.pub'), isNew: false, scope: 'local' })
  expect(await place.config('--file', 'repo/.git/config', 'commit.gpgsign')).toBe('true')
  expect(await place.config('--global', '--get', 'commit.gpgsign')).toBe('')
})

test('an OpenPGP key is exported from gpg and registered', async () => {
  await using place = await openPlace()
  await place.home.execute('mkdir', ['-m', '700', 'gnupg'])
  await place.home.execute('gpg', [
    '--batch',
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    '',
    '--quick-gen-key',
    'Ana <ana@acme.test>',
    'ed25519',
    'sign',
    '1d',
  ])
  const fingerprint = /^fpr:+([0-9A-F]{40}):/mu.exec(
    (await place.home.execute('gpg', ['--list-secret-keys', '--with-colons'])).stdout,
  )![1]!
  const { code } = await place.setup('--openpgp', fingerprint)
  await place.home.execute('gpgconf', ['--kill', 'all'])
  expect(code).toBe(0)
  expect(place.server.seenAt('POST', '/api/v1/keys')[0]!.body).toMatchObject({
    format: 'openpgp',
    publicKey: expect.stringContaining('BEGIN PGP PUBLIC KEY BLOCK') as string,
  })
  expect([await place.config('gpg.format'), await place.config('user.signingkey')]).toEqual(['openpgp', fingerprint])
})

test('without a terminal a passphrase cannot be asked for: the flag is named, and nothing was done', async () => {
  await using place = await openPlace()
  const { code, stderr } = await place.setup()
  expect(stderr).toContain('fix: pass --no-passphrase, or --key FILE')
  expect(code).toBe(2)
  expect(place.server.seenAt('POST', '/api/v1/keys')).toEqual([])
  expect(place.home.has('.ssh/id_countersign')).toBe(false)
})

test('a login that is not fresh says what to do', async () => {
  await using place = await openPlace()
  place.server.on('POST', '/api/v1/keys', () =>
    place.server.refusal('policy_refused', 'The login is too old for this.', { next: 'countersign login' }),
  )
  const { code, stderr } = await place.setup('--no-passphrase')
  expect(stderr).toMatch(/refused: The login is too old for this\nfix: countersign login\nleaf: 0/u)
  expect(code).toBe(3)
})
