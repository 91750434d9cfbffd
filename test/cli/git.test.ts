import { createHash, createPublicKey, verify } from 'node:crypto'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { splitBatch } from '../../src/cli/push.ts'
import { Home } from './command-line.ts'
import { FakeServer, ORIGIN, type Seen } from './fake-server.ts'

interface Pushed {
  readonly repository: string
  readonly updates: {
    readonly ref: string
    readonly oldId: string
    readonly newId: string
    readonly isForced: boolean
  }[]
  readonly commits: { readonly object: string }[]
}

class Place implements AsyncDisposable {
  readonly server: FakeServer
  readonly home: Home
  constructor(server: FakeServer) {
    this.server = server
    this.home = new Home(server)
    server.on('POST', '/api/v1/pushes', ({ body }) => ({
      status: 201,
      body: server.receipt('repository.pushed', { accepted: true, commits: (body as Pushed).commits.length }),
    }))
    server.on('POST', '/api/v1/repositories', () => ({
      status: 201,
      body: server.receipt('repository.registered', {}),
    }))
  }

  async git(...args: string[]) {
    return await this.home.execute('git', args)
  }

  /** A bare repository with the hook, and a clone of it in `work`. */
  async open(...more: string[]) {
    await this.git('init', '-q', '--bare', '-b', 'main', 'shop.git')
    const installed = await this.home.launch(
      ['git', 'hook', 'install', '--repository', 'acme/shop', '--git-dir', 'shop.git', '--json', ...more],
      { env: this.home.signedIn() },
    )
    await this.git('clone', '-q', 'shop.git', 'work')
    for (const [name, value] of [
      ['user.name', 'Ana'],
      ['user.email', 'ana@acme.test'],
      ['commit.gpgsign', 'false'],
    ])
      await this.git('-C', 'work', 'config', name!, value!)
    return installed
  }

  async commit(message: string, ...more: string[]): Promise<string> {
    await this.git('-C', 'work', 'commit', '-q', '--allow-empty', '-m', message, ...more)
    return (await this.git('-C', 'work', 'rev-parse', 'HEAD')).stdout.trim()
  }

  async push(...more: string[]) {
    return await this.git('-C', 'work', 'push', '-q', 'origin', ...more)
  }

  get pushes(): Seen[] {
    return this.server.seenAt('POST', '/api/v1/pushes')
  }

  async [Symbol.asyncDispose]() {
    this.home[Symbol.dispose]()
    await this.server[Symbol.asyncDispose]()
  }
}

const openPlace = async () => new Place(await FakeServer.open())

test('a push carries its updates and exactly its new commit objects, signed by the door', async () => {
  await using place = await openPlace()
  const installed = JSON.parse((await place.open()).stdout) as { doorKey: string; gitDir: string }
  const first = await place.commit('one')
  const second = await place.commit('two')
  const { code, stderr } = await place.push('main')
  expect(stderr).toContain('remote: accepted: 2 new commits in acme/shop')
  expect(stderr).toMatch(/remote: leaf: 0/u)
  expect(code).toBe(0)
  const [seen] = place.pushes
  const { repository, updates, commits } = seen!.body as Pushed
  expect({ repository, updates }).toEqual({
    repository: 'acme/shop',
    updates: [{ ref: 'refs/heads/main', oldId: '0'.repeat(40), newId: second, isForced: false }],
  })
  expect(commits.map(({ object }) => objectId(Buffer.from(object, 'base64')))).toEqual([first, second])
  expectDoorToken(seen!, installed.doorKey)
  const third = await place.commit('three')
  await place.push('main')
  expect(
    (place.pushes[1]!.body as Pushed).commits.map(({ object }) => objectId(Buffer.from(object, 'base64'))),
  ).toEqual([third])
})

function objectId(bytes: Buffer): string {
  return createHash('sha1').update(`commit ${bytes.length}\0`).update(bytes).digest('hex')
}

function expectDoorToken({ headers, text }: Seen, doorKey: string): void {
  const [, header = '', claims = '', signature = ''] =
    /^Door ([\w-]+)\.([\w-]+)\.([\w-]+)$/u.exec(headers.authorization!) ?? []
  const key = createPublicKey({ key: Buffer.from(doorKey, 'base64'), format: 'der', type: 'spki' })
  expect(verify(null, Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number; iat: number }
  expect(said).toMatchObject({
    iss: 'acme/shop',
    aud: ORIGIN,
    bodySha256: createHash('sha256').update(text).digest('base64url'),
  })
  expect(said.exp - said.iat).toBeLessThanOrEqual(60)
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'EdDSA' })
}

test('a refused push moves nothing and tells rule, reason, fix and leaf through git', async () => {
  await using place = await openPlace()
  await place.open()
  const id = await place.commit('unsigned')
  place.server.on('POST', '/api/v1/pushes', () =>
    place.server.refusal('unsigned', 'The commit is not signed.', {
      policies: ['source-signed'],
      facts: { commit: id, fix: 'countersign git setup && git commit --amend -S --no-edit && git push' },
    }),
  )
  const { code, stderr } = await place.push('main')
  const remote = stderr
    .split('\n')
    .filter((line) => line.startsWith('remote: '))
    .map((line) => line.slice(8).trimEnd())
  expect(remote.slice(0, 4)).toEqual([
    'refused: The commit is not signed',
    `why: rule source-signed · commit ${id}`,
    'fix: countersign git setup && git commit --amend -S --no-edit && git push',
    'leaf: 0',
  ])
  expect(code).not.toBe(0)
  expect((await place.git('--git-dir=shop.git', 'for-each-ref')).stdout).toBe('')
})

test('moving a branch back is said to be forced; deleting and creating are not', async () => {
  await using place = await openPlace()
  await place.open()
  await place.commit('one')
  await place.push('main', 'main:side')
  const rewritten = await place.commit('rewritten', '--amend')
  await place.push('--force', 'main')
  await place.push('origin', ':side')
  const updates = place.pushes.map(({ body }) =>
    (body as Pushed).updates.map(({ ref, isForced, newId }) => ({ ref, isForced, newId })),
  )
  expect(updates[0]!.map(({ isForced }) => isForced)).toEqual([false, false])
  expect(updates[1]).toEqual([{ ref: 'refs/heads/main', isForced: true, newId: rewritten }])
  expect((place.pushes[0]!.body as Pushed).commits).toHaveLength(1)
})

test('a push of a branch that is known brings no commit, and a deletion none either', async () => {
  await using place = await openPlace()
  await place.open()
  await place.commit('one')
  await place.push('main')
  await place.push('main:copy')
  await place.push('--delete', 'copy')
  expect(place.pushes.map(({ body }) => (body as Pushed).commits.length)).toEqual([1, 0, 0])
  expect((place.pushes[2]!.body as Pushed).updates).toMatchObject([
    { ref: 'refs/heads/copy', newId: '0'.repeat(40), isForced: false },
  ])
})

test('a server that cannot be reached keeps the door closed', async () => {
  await using place = await openPlace()
  await place.open()
  await place.commit('one')
  await place.server[Symbol.asyncDispose]()
  const { code, stderr } = await place.push('main')
  expect(stderr).toMatch(/remote: error: http:\/\/localhost:\d+ cannot be reached/u)
  expect(code).not.toBe(0)
})

test('an answer that the pinned log did not sign keeps the door closed', async () => {
  await using place = await openPlace()
  await place.open()
  await place.commit('one')
  place.server.changeKey()
  const { code, stderr } = await place.push('main')
  expect(stderr).toContain('remote: error: the checkpoint is not one that the pinned log signed')
  expect(code).not.toBe(0)
})

test('the door key is private, stays the same, and an open one is not used', async () => {
  await using place = await openPlace()
  const first = JSON.parse((await place.open()).stdout) as { doorKey: string }
  const key = place.home.path('shop.git/countersign/door.key')
  expect(statSync(key).mode & 0o777).toBe(0o600)
  const again = await place.home.launch([
    'git',
    'hook',
    'install',
    '--repository',
    'acme/shop',
    '--git-dir',
    'shop.git',
    '--json',
  ])
  expect((JSON.parse(again.stdout) as { doorKey: string }).doorKey).toBe(first.doorKey)
  await place.commit('one')
  chmodSync(key, 0o644)
  const { code, stderr } = await place.push('main')
  expect(stderr).toContain('can be read by others')
  expect(code).not.toBe(0)
})

test('registering sends key, protected references and the heads that were there before', async () => {
  await using place = await openPlace()
  await place.git('init', '-q', '-b', 'main', 'old')
  await place.git(
    '-C',
    'old',
    '-c',
    'user.name=A',
    '-c',
    'user.email=a@b.c',
    'commit',
    '-q',
    '--allow-empty',
    '-m',
    'before',
  )
  await place.git('clone', '-q', '--bare', 'old', 'shop.git')
  const head = (await place.git('--git-dir=shop.git', 'rev-parse', 'main')).stdout.trim()
  const { stdout, code } = await place.home.launch(
    [
      'git',
      'hook',
      'install',
      '--repository',
      'acme/shop',
      '--git-dir',
      'shop.git',
      '--register',
      '--protect',
      'refs/heads/main',
      '--protect',
      'refs/tags/*',
      '--json',
    ],
    { env: place.home.signedIn() },
  )
  expect(code).toBe(0)
  const { doorKey } = JSON.parse(stdout) as { doorKey: string }
  expect(place.server.seenAt('POST', '/api/v1/repositories')[0]!.body).toEqual({
    repository: 'acme/shop',
    protectedRefs: ['refs/heads/main', 'refs/tags/*'],
    doorKey,
    baseline: [head],
  })
})

test('a hook of somebody else is left alone, and so is a repository with a work tree', async () => {
  await using place = await openPlace()
  await place.git('init', '-q', '--bare', 'shop.git')
  mkdirSync(place.home.path('shop.git/hooks'), { recursive: true })
  writeFileSync(place.home.path('shop.git/hooks/pre-receive'), '#!/bin/sh\nexit 0\n')
  const install = (path: string) =>
    place.home.launch(['git', 'hook', 'install', '--repository', 'acme/shop', '--git-dir', path])
  expect((await install('shop.git')).stderr).toContain('exists and is not ours')
  expect(place.home.read('shop.git/hooks/pre-receive')).toBe('#!/bin/sh\nexit 0\n')
  await place.git('init', '-q', 'tree')
  expect((await install('tree/.git')).stderr).toContain('is not a bare repository')
})

test('without its files the hook refuses; on bad input too', async () => {
  using home = new Home()
  await home.execute('git', ['init', '-q', '--bare', 'x.git'])
  const { code, stderr } = await home.launch(['git', 'hook', 'pre-receive', '--git-dir', 'x.git'])
  expect(stderr).toContain('is not connected to Countersign\nfix: countersign git hook install')
  expect(code).toBe(1)
})

test('a batch of objects is split by its own lengths, and only at the ids that were asked for', () => {
  const [a, b] = ['a'.repeat(40), 'b'.repeat(40)]
  const batch = Buffer.from(`${a} commit 5\nx\ny\nz\n${b} commit 0\n\n`)
  expect(splitBatch(batch, [a, b]).map(String)).toEqual(['x\ny\nz', ''])
  expect(() => splitBatch(batch, [b, a])).toThrow(/does not have commit b/u)
  expect(() => splitBatch(Buffer.from(`${a} missing\n`), [a])).toThrow()
  expect(() => splitBatch(Buffer.from(`${a} commit 500\nx`), [a])).toThrow()
})
