import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'

import { verifyCommit } from '../../src/evidence/commit.ts'
import type { TrustedKeys } from '../../src/evidence/git-signature.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { parseSshPublicKey } from '../../src/evidence/ssh-key.ts'
import { createRepository, hasTool } from '../world/repository.ts'

const tools = hasTool('git', '--version') && hasTool('ssh-keygen', '-?')
const at = Date.now()
const hour = 3_600_000
const window = { validFrom: at - hour, validUntil: at + hour }
const none: TrustedKeys = { ssh: [], openpgp: [] }

function trustSsh(line: string, keyId: string, changed: object = {}) {
  const key = parseSshPublicKey(line)
  if (isRefusal(key)) throw new Error(key.because)
  return { keyId, fingerprint: key.fingerprint, ...window, ...changed }
}

describe.skipIf(!tools)('commits made by git', () => {
  const repository = createRepository()
  afterAll(() => repository[Symbol.dispose]())
  const { directory, git, commit, read, gitAccepts } = repository

  const lines = {
    ed25519: repository.sshKey('ed25519', '-t', 'ed25519'),
    ecdsa256: repository.sshKey('ecdsa256', '-t', 'ecdsa', '-b', '256'),
    ecdsa384: repository.sshKey('ecdsa384', '-t', 'ecdsa', '-b', '384'),
    ecdsa521: repository.sshKey('ecdsa521', '-t', 'ecdsa', '-b', '521'),
    rsa: repository.sshKey('rsa', '-t', 'rsa', '-b', '2048'),
  }
  const signers = join(directory, 'allowed_signers')
  git('config', 'gpg.ssh.allowedSignersFile', signers)
  for (const line of Object.values(lines)) appendFileSync(signers, `dana@acme.example namespaces="git" ${line}`)
  const ssh = Object.entries(lines).map(([name, line]) => trustSsh(line, name))

  function signWithSsh(name: string, ...options: string[]): string {
    git('config', 'gpg.format', 'ssh')
    git('config', 'user.signingkey', join(directory, name))
    return commit(`Sell shoes\n\nCo-authored-by: Kim <kim@acme.example>`, '-S', ...options)
  }
  /** Writes other bytes as a commit object, as an attacker can. */
  function write(content: Buffer): string {
    return repository
      .run('git', ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], content)
      .toString()
      .trim()
  }

  test.each(Object.keys(lines))('signed with %s, as git finds too', async (name) => {
    const id = signWithSsh(name)
    const claims = await verifyCommit(read(id), { ...none, ssh }, at)
    expect(claims).toMatchObject({
      id,
      tree: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
      author: { name: 'Dana Müller', email: 'dana@acme.example' },
      coAuthors: [{ name: 'Kim', email: 'kim@acme.example' }],
      title: 'Sell shoes',
      signature: { format: 'ssh', keyId: name, userVerified: false },
    })
    const printed = execFileSync('sha256sum', { input: read(id) }).toString()
    expect(claims).toHaveProperty('sha256', `sha256:${printed.slice(0, 64)}`)
    expect(gitAccepts(id)).toBe(true)
  })

  test('fingerprints are those of ssh-keygen', () => {
    for (const [name, line] of Object.entries(lines)) {
      const printed = repository.run('ssh-keygen', ['-lf', join(directory, `${name}.pub`)]).toString()
      expect(parseSshPublicKey(line)).toMatchObject({ fingerprint: printed.split(' ')[1], comment: `${name}@laptop` })
    }
  })

  test('an unsigned commit is refused and described', async () => {
    const id = commit('No signature', '--no-gpg-sign')
    expect(await verifyCommit(read(id), { ...none, ssh }, at)).toMatchObject({
      refused: 'unsigned',
      commit: { id, author: { email: 'dana@acme.example' } },
    })
  })

  test('an unknown key, and a key outside its window, are refused by name', async () => {
    const object = read(signWithSsh('ed25519'))
    const [known] = ssh
    expect(await verifyCommit(object, { ...none, ssh: ssh.slice(1) }, at)).toMatchObject({
      refused: 'unknown_key',
      fingerprint: known!.fingerprint,
      commit: { title: 'Sell shoes' },
    })
    for (const moment of [window.validFrom - 1, window.validUntil]) {
      expect(await verifyCommit(object, { ...none, ssh }, moment)).toMatchObject({ refused: 'key_not_valid' })
    }
    const again = { ...known!, keyId: 'again', validFrom: window.validUntil, validUntil: undefined }
    expect(await verifyCommit(object, { ...none, ssh: [...ssh, again] }, window.validUntil)).toMatchObject({
      signature: { keyId: 'again' },
    })
  })

  test('a date in the commit changes nothing: the moment of judgement is ours', async () => {
    git('config', 'gpg.format', 'ssh')
    git('config', 'user.signingkey', join(directory, 'ed25519'))
    const id = commit('Long ago', '-S', '--date', '2001-01-01T00:00:00Z')
    expect(await verifyCommit(read(id), { ...none, ssh }, at)).toMatchObject({ author: { claimedAt: 978_307_200_000 } })
  })

  test('any flipped bit is refused, or at least never accepted where git refuses', async () => {
    const object = read(signWithSsh('ed25519'))
    await fc.assert(
      fc.asyncProperty(fc.nat(object.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(object)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const claims = await verifyCommit(changed, { ...none, ssh }, at)
        if (isRefusal(claims)) return
        // Nothing but a white space of the armor may differ, and then the object is another one that git accepts as well.
        expect(gitAccepts(write(changed))).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  test('any truncation is refused', async () => {
    const object = read(signWithSsh('ed25519'))
    await fc.assert(
      fc.asyncProperty(fc.nat(object.length - 1), async (length) => {
        expect(await verifyCommit(object.subarray(0, length), { ...none, ssh }, at)).toHaveProperty('refused')
      }),
    )
  })

  test('what two readers could read differently is refused', async () => {
    const text = read(signWithSsh('ed25519')).toString('latin1')
    const signature = /^gpgsig [^\n]*\n(?: [^\n]*\n)*/m.exec(text)![0]
    const changes = {
      'two signatures': text.replace(signature, signature + signature),
      'two trees': text.replace(/^/, 'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n'),
      'two authors': text.replace(/^(author .*\n)/m, '$1$1'),
      'a second author behind': text.replace(/^(committer .*\n)/m, '$1author Eve <eve@evil.test> 1 +0000\n'),
      'a tree behind the signature': text.replace(
        signature,
        `${signature}tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n`,
      ),
      'an unknown signature header': text.replace(signature, `gpgsigned x\n${signature}`),
      'NUL in a header': text.replace('Dana', 'Da\0na'),
      'no author': text.replace(/^author .*\n/m, ''),
    }
    for (const [name, changed] of Object.entries(changes)) {
      const outcome = await verifyCommit(Buffer.from(changed, 'latin1'), { ...none, ssh }, at)
      expect(outcome, name).toMatchObject({ refused: 'malformed' })
    }
    const other = text.replace(signature, `gpgsig-sha256 x\n${signature}`)
    expect(await verifyCommit(Buffer.from(other, 'latin1'), { ...none, ssh }, at)).toHaveProperty('signature')
    expect(gitAccepts(write(Buffer.from(other, 'latin1')))).toBe(true)
  })

  test('a signature over a file, moved to a commit, is none', async () => {
    const id = signWithSsh('ed25519')
    const payload = read(id)
      .toString('latin1')
      .replace(/^gpgsig [^\n]*\n(?: [^\n]*\n)*/m, '')
    const sign = (namespace: string, ...options: string[]) =>
      repository.run(
        'ssh-keygen',
        ['-Y', 'sign', '-n', namespace, '-f', join(directory, 'ed25519'), ...options],
        Buffer.from(payload, 'latin1'),
      )
    const embed = (armored: string) =>
      Buffer.from(payload.replace(/\n\n/, `\ngpgsig ${armored.trim().replaceAll('\n', '\n ')}\n\n`), 'latin1')
    expect(await verifyCommit(embed(sign('file').toString()), { ...none, ssh }, at)).toMatchObject({
      refused: 'wrong_namespace',
    })
    const good = embed(sign('git').toString())
    expect(await verifyCommit(good, { ...none, ssh }, at)).toHaveProperty('signature')
    const sha256 = embed(sign('git', '-O', 'hashalg=sha256').toString())
    expect(await verifyCommit(sha256, { ...none, ssh }, at)).toHaveProperty('signature')
    expect(gitAccepts(write(sha256))).toBe(true)
  })

  test('merges and merged tags', async () => {
    git('checkout', '-q', '-b', 'side')
    commit('Side', '--no-gpg-sign')
    git('config', 'gpg.format', 'ssh')
    git('config', 'user.signingkey', join(directory, 'ecdsa256'))
    git('tag', '-s', '-m', 'A signed tag', 'v1')
    git('checkout', '-q', 'main')
    git('merge', '-q', '--no-ff', '-S', '-m', 'Merge v1', 'v1')
    const object = read('HEAD')
    expect(object.toString()).toContain('mergetag object')
    const claims = await verifyCommit(object, { ...none, ssh }, at)
    expect(claims).toMatchObject({ title: 'Merge v1', signature: { keyId: 'ecdsa256' } })
    expect(claims).toHaveProperty('parents.length', 2)
  })

  test('commits signed with a certificate of a trusted authority', async () => {
    const authority = repository.sshKey('authority', '-t', 'ed25519')
    repository.sshKey('person', '-t', 'ed25519')
    const issue = (...options: string[]) => {
      const args = ['-q', '-s', join(directory, 'authority'), '-I', 'dana laptop', '-z', '42', ...options]
      repository.run('ssh-keygen', [...args, join(directory, 'person.pub')])
      return read(signWithSsh('person-cert.pub'))
    }
    const sshAuthorities = [{ ...trustSsh(authority, 'ca'), principals: ['dana'] }]
    const good = issue('-n', 'dana', '-V', '-1m:+1h')
    expect(await verifyCommit(good, { ...none, sshAuthorities }, at)).toMatchObject({
      signature: { keyId: 'ca', certificate: { serial: '42', label: 'dana laptop', principals: ['dana'] } },
    })
    expect(await verifyCommit(good, none, at)).toMatchObject({ refused: 'unknown_key' })
    const refused = { refused: 'certificate_not_valid' }
    expect(
      await verifyCommit(
        good,
        { ...none, sshAuthorities: [{ ...sshAuthorities[0]!, validUntil: at + 9 * hour }] },
        at + 2 * hour,
      ),
    ).toMatchObject(refused)
    expect(await verifyCommit(issue('-n', 'kim', '-V', '-1m:+1h'), { ...none, sshAuthorities }, at)).toMatchObject(
      refused,
    )
    expect(await verifyCommit(issue('-V', '-1m:+1h'), { ...none, sshAuthorities }, at)).toMatchObject(refused)
    const restricted = issue('-n', 'dana', '-V', '-1m:+1h', '-O', 'force-command=/bin/true')
    expect(await verifyCommit(restricted, { ...none, sshAuthorities }, at)).toMatchObject(refused)
    const host = issue('-n', 'dana', '-V', '-1m:+1h', '-h')
    expect(await verifyCommit(host, { ...none, sshAuthorities }, at)).toMatchObject({
      refused: 'unsupported_signature',
    })
  })
})

test.skipIf(!tools)('repositories with SHA-256 ids', async () => {
  using repository = createRepository('--object-format=sha256')
  const line = repository.sshKey('key', '-t', 'ed25519')
  repository.git('config', 'gpg.format', 'ssh')
  repository.git('config', 'user.signingkey', join(repository.directory, 'key'))
  repository.commit('First', '-S')
  const id = repository.commit('Second', '-S')
  expect(id).toHaveLength(64)
  expect(await verifyCommit(repository.read(id), { ...none, ssh: [trustSsh(line, 'key')] }, at)).toMatchObject({
    id,
    signature: { keyId: 'key' },
  })
})

test('any bytes are refused', async () => {
  const header = fc.constantFrom(
    'tree ',
    'parent ',
    'author ',
    'committer ',
    'gpgsig ',
    '\n',
    ' ',
    'a <b> 1 +0000\n',
    '4b825dc642cb6eb9a060e54bf8d69288fbee4904\n',
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.array(header, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))),
  )
  await fc.assert(
    fc.asyncProperty(bytes, async (object) => {
      expect(await verifyCommit(object, none, at)).toHaveProperty('refused')
    }),
  )
  expect(await verifyCommit(new Uint8Array(1_048_577), none, at)).toMatchObject({ refused: 'too_large' })
})
