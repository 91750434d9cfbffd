import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { createJobKey, formatAuthority, issueCertificate, type SshGrant } from '../../src/credential/ssh.ts'
import { hasTool } from '../world/repository.ts'
import { SSHD, startSshd } from '../world/sshd.ts'

const { privateKey: caKey } = generateKeyPairSync('ed25519')
const job = createJobKey('job')
const now = Date.now()
const grant: SshGrant = {
  grantId: 'g_01HX',
  leafIndex: 4711,
  note: 'run=acme/shop/99 env=production',
  publicKey: job.publicKey,
  principals: ['deploy'],
  validFrom: now - 60_000,
  validUntil: now + 120_000,
  forceCommand: 'echo forced "$SSH_ORIGINAL_COMMAND"',
  sourceAddresses: ['127.0.0.1/32', '10.0.0.0/8'],
}
const issue = (change: Partial<SshGrant> = {}) =>
  issueCertificate({ ...grant, ...change }, { key: caKey, nonce: randomBytes(32) })

const directory = mkdtempSync(join(tmpdir(), 'countersign-ssh-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const keyFile = join(directory, 'job')
writeFileSync(keyFile, job.privateKeyText, { mode: 0o600 })
writeFileSync(`${keyFile}.pub`, job.publicKeyText)

test.skipIf(!hasTool('ssh-keygen', '-?'))('ssh-keygen reads keys and certificate as they were meant', () => {
  const { text, serial, keyId } = issue()
  expect({ serial, keyId }).toEqual({
    serial: '4711',
    keyId: 'countersign grant=g_01HX leaf=4711 run=acme/shop/99 env=production',
  })
  writeFileSync(`${keyFile}-cert.pub`, text)
  const { stdout } = spawnSync('ssh-keygen', ['-Lf', `${keyFile}-cert.pub`], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  })
  expect(stdout).toContain('Type: ssh-ed25519-cert-v01@openssh.com user certificate')
  expect(stdout).toContain(`Key ID: "${keyId}"`)
  expect(stdout).toContain('Serial: 4711')
  expect(stdout).toMatch(/Principals: \n\s+deploy\n/)
  expect(stdout).toContain('force-command echo forced "$SSH_ORIGINAL_COMMAND"')
  expect(stdout).toContain('source-address 127.0.0.1/32,10.0.0.0/8')
  expect(stdout).toContain('Extensions: (none)')
  const until = new Date(Math.floor(grant.validUntil / 1000) * 1000).toISOString().slice(0, 19)
  expect(stdout).toContain(`to ${until}`)
  const derived = spawnSync('ssh-keygen', ['-yf', keyFile], { encoding: 'utf8' })
  expect(derived.stdout).toBe(job.publicKeyText)
})

test('a restriction cannot be empty by accident', () => {
  expect(() => issue({ sourceAddresses: [] })).toThrow(RangeError)
  expect(() => issue({ sourceAddresses: ['10.0.0.0/8,0.0.0.0/0'] })).toThrow(RangeError)
  expect(() => issue({ forceCommand: '' })).toThrow(RangeError)
  expect(() => issue({ principals: [] })).toThrow(RangeError)
})

describe.skipIf(!existsSync(SSHD) || !hasTool('ssh', '-V'))('a stock sshd that trusts the authority', async () => {
  const sshd = await startSshd({
    directory,
    caPublicKeyText: formatAuthority(caKey, 'authority'),
    principals: ['deploy'],
  })
  afterAll(() => sshd.stop())
  writeFileSync(join(directory, 'known_hosts'), `${sshd.knownHost}\n`)

  function login(certificate: string | undefined, command = 'echo hello') {
    if (certificate === undefined) rmSync(`${keyFile}-cert.pub`, { force: true })
    else writeFileSync(`${keyFile}-cert.pub`, certificate)
    const options = [
      '-F',
      'none',
      '-i',
      keyFile,
      '-p',
      String(sshd.port),
      '-o',
      'IdentitiesOnly=yes',
      '-o',
      'BatchMode=yes',
    ]
    const host = ['-o', `UserKnownHostsFile=${join(directory, 'known_hosts')}`, `${sshd.account}@${sshd.host}`, command]
    const env = { ...process.env, SSH_AUTH_SOCK: '' }
    const { status, stdout, stderr } = spawnSync('ssh', [...options, ...host], {
      encoding: 'utf8',
      env,
      timeout: 15_000,
    })
    return { status, stdout, stderr }
  }

  test('lets the job in, runs the one command, and logs grant and leaf', () => {
    const { status, stdout, stderr } = login(issue().text)
    expect({ status, stdout }, `${stderr}\n${sshd.log()}`).toEqual({ status: 0, stdout: 'forced echo hello\n' })
    expect(sshd.log()).toContain('ID countersign grant=g_01HX leaf=4711 run=acme/shop/99 env=production (serial 4711)')
  })

  test.each<[string, Partial<SshGrant>, string]>([
    ['expired', { validFrom: now - 600_000, validUntil: now - 300_000 }, 'Certificate invalid: expired'],
    ['not yet valid', { validFrom: now + 60_000 }, 'Certificate invalid: not yet valid'],
    ['used from elsewhere', { sourceAddresses: ['10.0.0.0/8'] }, 'not from a permitted source address'],
    [
      'for another account',
      { principals: ['root-of-elsewhere'] },
      'Certificate does not contain an authorized principal',
    ],
  ])('refuses a certificate %s', (_, change, logged) => {
    const { status, stdout } = login(issue(change).text)
    expect({ status, stdout }).toEqual({ status: 255, stdout: '' })
    expect(sshd.log()).toContain(logged)
  })

  test('refuses the bare key, and a certificate of another authority', () => {
    expect(login(undefined).status).toBe(255)
    const other = generateKeyPairSync('ed25519').privateKey
    expect(login(issueCertificate(grant, { key: other, nonce: randomBytes(32) }).text).status).toBe(255)
  })
})
