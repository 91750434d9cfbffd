import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { granted } from '../../src/cli/contract-release.ts'
import { lendSsh } from '../../src/cli/handover-ssh.ts'
import { createJobKey } from '../../src/credential/ssh.ts'
import { startSshd, type Sshd } from '../world/sshd.ts'
import { approved, defineTarget, obtain } from './credential.ts'
import { Office } from './office.ts'
import { setUp, type Story } from './story.ts'

let folder: string
let office: Office
let story: Story
const certified = createJobKey('root@web-1')

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'csho-'))
  office = await Office.open()
  story = await setUp(office)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await office[Symbol.asyncDispose]()
})

const certify = (body: object, as = story.ana.token) =>
  office.post('/api/v1/targets/host/host-certificate', { publicKey: certified.publicKeyText.trim(), ...body }, as)

const target = (sshd: Pick<Sshd, 'host' | 'port' | 'account'>, host = sshd.host) =>
  defineTarget(story, { target: 'host', kind: 'ssh', address: `${host}:${sshd.port}`, principals: [sshd.account] })

async function start(certificate: string): Promise<Sshd> {
  writeFileSync(join(folder, 'host_key'), certified.privateKeyText, { mode: 0o600 })
  writeFileSync(join(folder, 'host_key.pub'), certified.publicKeyText)
  writeFileSync(join(folder, 'host_key-cert.pub'), certificate)
  const caPublicKeyText = office.company.instance.ledger.state.log!.sshCa
  return await startSshd({ directory: folder, caPublicKeyText, principals: [userInfo().username] })
}

/** As `countersign run` does, with the stock client. */
async function enter(): Promise<{ code: number; said: string }> {
  const key = createJobKey('job')
  const answer = await obtain(office, await approved(story), 'host', { publicKey: key.publicKeyText.trim() })
  const { credential, expiresAt } = granted.parse(answer.body.result)
  if (credential.kind !== 'ssh') throw new Error(credential.kind)
  const home = mkdtempSync(join(folder, 'run-'))
  await using lent = new AsyncDisposableStack()
  const loan = { target: 'host', key, credential, expiresAt }
  const { COUNTERSIGN_SSH_CONFIG: config } = await lendSsh([loan], home, lent)
  const asked = promisify(execFile)('ssh', ['-F', config!, 'host', 'echo in'], { encoding: 'utf8', timeout: 15_000 })
  return await asked.then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, said: stderr }),
  )
}

test('the stock client believes a host by its certificate, under its own name, and no other key', async () => {
  expect((await target({ host: '127.0.0.1', port: 22, account: userInfo().username })).status).toBe(201)
  expect((await certify({}, story.dana.token)).status).toBe(403)
  const { status, body } = await certify({ lifetimeDays: 1 })
  expect(status).toBe(200)
  const { certificate } = body.result
  writeFileSync(join(folder, 'shown-cert.pub'), certificate)
  const { stdout } = spawnSync('ssh-keygen', ['-Lf', join(folder, 'shown-cert.pub')], { encoding: 'utf8' })
  expect(stdout).toContain('host certificate')
  expect(stdout).toContain(`Serial: ${body.leafIndex}`)
  expect(stdout).toMatch(/Principals: \n\s+127\.0\.0\.1\n/)
  expect(JSON.stringify(office.company.instance.ledger.state.targets.get('host'))).not.toContain('web-1')
  expect((await office.get('/.well-known/countersign/ssh-host-ca')).text).toMatch(
    /^@cert-authority \* ssh-ed25519 \S+\n$/,
  )

  {
    await using sshd = await start(certificate)
    await target(sshd)
    expect(await enter()).toEqual({ code: 0, said: 'in\n' })
  }
  const plain = createJobKey('other')
  rmSync(join(folder, 'host_key-cert.pub'))
  writeFileSync(join(folder, 'host_key'), plain.privateKeyText, { mode: 0o600 })
  writeFileSync(join(folder, 'host_key.pub'), plain.publicKeyText)
  const caPublicKeyText = office.company.instance.ledger.state.log!.sshCa
  await using other = await startSshd({ directory: folder, caPublicKeyText, principals: [userInfo().username] })
  await target(other)
  expect(await enter()).toMatchObject({ code: 255, said: expect.stringContaining('verification failed') })
})

test('a target that moves to another name is not believed by the old certificate', async () => {
  const { targets } = office.company.instance.ledger.state
  expect(targets.get('host')!.certified).toBeDefined()
  await target({ host: '127.0.0.1', port: 22, account: userInfo().username }, 'localhost')
  expect(targets.get('host')!.certified).toBeUndefined()
})

test('only a host is certified, by a key that is one', async () => {
  expect((await certify({ publicKey: 'none' })).body.code).toBe('malformed')
  const other = { publicKey: certified.publicKeyText.trim() }
  const missing = await office.post('/api/v1/targets/moon/host-certificate', other, story.ana.token)
  expect(missing.body.code).toBe('no_such_target')
})
