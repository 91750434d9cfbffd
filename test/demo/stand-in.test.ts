import { spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/cli/demo/ssh.ts'
import { parseSshPrivateKey } from '../../src/cli/demo/ssh-private-key.ts'
import { startSshd, type Sshd } from '../../src/cli/demo/sshd.ts'
import { createJobKey, formatAuthority, issueCertificate } from '../../src/credential/ssh.ts'
import { parseSshPublicKey } from '../../src/evidence/ssh-key.ts'
import { verifySshsig } from '../../src/evidence/sshsig.ts'
import { hasTool } from '../world/repository.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-stand-in-'))
const program = (name: string) => resolve(import.meta.dirname, '../../src/cli/demo', name)
const keygen = (...args: string[]) =>
  spawnSync(process.execPath, [program('ssh-keygen.ts'), ...args], { encoding: 'utf8', timeout: 20_000 })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the stand-in for ssh-keygen makes keys and signatures that hold', () => {
  const file = join(folder, 'id')
  expect(keygen('-q', '-t', 'ed25519', '-N', '', '-C', 'ivo@acme.example', '-f', file).status).toBe(0)
  expect(keygen('-q', '-t', 'ed25519', '-N', '', '-C', 'again', '-f', file).stderr).toContain('exists')
  const message = join(folder, 'message')
  writeFileSync(message, 'tree 4b825dc\n')
  expect(keygen('-Y', 'sign', '-n', 'git', '-f', `${file}.pub`, message).status).toBe(0)
  const armored = readFileSync(`${message}.sig`, 'utf8')
  const key = parseSshPublicKey(readFileSync(`${file}.pub`, 'utf8'))
  const fingerprint = 'fingerprint' in key && key.fingerprint
  expect(verifySshsig(armored, readFileSync(message), 'git')).toMatchObject({ key: { fingerprint } })
  expect(verifySshsig(armored, Buffer.from('tree 4b825dd\n'), 'git')).toMatchObject({ refused: 'bad_signature' })
  expect(keygen('-t', 'rsa', '-f', join(folder, 'rsa')).status).toBe(1)
})

test.skipIf(!hasTool('ssh-keygen', '-?'))('ssh-keygen itself agrees', () => {
  const { privateKeyText, publicKeyText } = createJobKey('li')
  const file = join(folder, 'other')
  writeFileSync(file, privateKeyText, { mode: 0o600 })
  writeFileSync(`${file}.pub`, publicKeyText)
  writeFileSync(`${file}.txt`, 'hello\n')
  writeFileSync(`${file}.signers`, `li ${publicKeyText}`)
  expect(keygen('-Y', 'sign', '-n', 'git', '-f', file, `${file}.txt`).status).toBe(0)
  const args = ['-Y', 'verify', '-f', `${file}.signers`, '-I', 'li', '-n', 'git', '-s', `${file}.txt.sig`]
  const { status, stdout } = spawnSync('ssh-keygen', args, { input: 'hello\n', encoding: 'utf8' })
  expect({ status, stdout }).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Good "git" signature for li'),
  })
})

test('only whole, unencrypted Ed25519 files are read as private keys', () => {
  const { privateKeyText } = createJobKey('job')
  expect(parseSshPrivateKey(privateKeyText).key.asymmetricKeyType).toBe('ed25519')
  const cut = `${privateKeyText.slice(0, 120)}\n-----END OPENSSH PRIVATE KEY-----\n`
  for (const bad of ['', cut, privateKeyText.replace('b3BlbnNzaC1r', 'b3BlbnNzaC1s')])
    expect(() => parseSshPrivateKey(bad)).toThrow()
})

test('a host is read out of a configuration file, and no other', () => {
  const text = 'Host web-1\n  HostName 127.0.0.1\n  IdentityFile "/a b/id"\n\nHost web-2\n  HostName 10.0.0.1\n'
  expect(Object.fromEntries(readConfig(text, 'web-1'))).toEqual({ hostname: '127.0.0.1', identityfile: '/a b/id' })
  expect(readConfig(text, 'web').size).toBe(0)
})

const { privateKey: authority } = generateKeyPairSync('ed25519')
const job = createJobKey('job')
const directory = join(folder, 'server')
const id = join(folder, 'job')
let sshd: Sshd
beforeAll(async () => {
  mkdirSync(directory)
  const caPublicKeyText = formatAuthority(authority, 'authority')
  sshd = await startSshd({ directory, caPublicKeyText, principals: ['deploy'], kind: 'ssh2' })
  writeFileSync(id, job.privateKeyText, { mode: 0o600 })
  writeFileSync(join(folder, 'known_hosts'), `${sshd.knownHost}\n`)
  writeFileSync(join(folder, 'unknown_hosts'), `${sshd.knownHost.slice(0, -8)}AAAAAAAA\n`)
})
afterAll(() => sshd?.stop())

async function ssh(validUntil: number, knownHosts = 'known_hosts') {
  const grant = {
    grantId: 'g',
    leafIndex: 1,
    publicKey: job.publicKey,
    principals: ['deploy'],
    validFrom: 1_000,
    validUntil,
  }
  writeFileSync(`${id}-cert.pub`, issueCertificate(grant, { key: authority, nonce: randomBytes(32) }).text)
  const options = [`CertificateFile=${id}-cert.pub`, `UserKnownHostsFile=${join(folder, knownHosts)}`].flatMap(
    (word) => ['-o', word],
  )
  const place = [
    '-F',
    'none',
    '-i',
    id,
    ...options,
    '-p',
    String(sshd.port),
    `${sshd.account}@${sshd.host}`,
    'cat; exit 3',
  ]
  const child = spawn(process.execPath, [program('ssh.ts'), ...place])
  child.stdin.on('error', () => {}).end('artifact\n')
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (said.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (said.stderr += String(chunk)))
  return { code: await new Promise((done) => child.once('close', done)), ...said }
}

test('the stand-in for ssh hands over what comes in and out, and the exit code', async () => {
  expect(await ssh(Date.now() + 60_000)).toEqual({ code: 3, stdout: 'artifact\n', stderr: '' })
})

test('it is refused as ssh is, and goes to no host that it does not know', async () => {
  expect(await ssh(Date.now() - 60_000)).toMatchObject({
    code: 255,
    stderr: expect.stringContaining('Permission denied'),
  })
  const unknown = await ssh(Date.now() + 60_000, 'unknown_hosts')
  expect(unknown).toMatchObject({ code: 255, stdout: '' })
  expect(unknown.stderr).not.toContain('Permission denied')
})
