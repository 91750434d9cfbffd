import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { granted } from '../../src/cli/contract-release.ts'
import { lendX509 } from '../../src/cli/handover-x509.ts'
import { createJobKey } from '../../src/credential/ssh.ts'
import { approved, defineTarget, obtain } from './credential.ts'
import { Office } from './office.ts'
import { setUp, type Released, type Story } from './story.ts'

const PROXY = { target: 'proxy', kind: 'x509', address: 'proxy.example:443', account: 'deploy' }

let office: Office
let story: Story
let folder: string
beforeAll(async () => {
  office = await Office.open()
  story = await setUp(office)
  folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  expect((await defineTarget(story, PROXY)).status).toBe(201)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await office[Symbol.asyncDispose]()
})

type Held = { released: Released; grant: string; leafIndex: number; cert: string; key: string }

/** As `countersign run` takes it and lays it down. */
async function lend(): Promise<Held> {
  const released = await approved(story)
  const key = createJobKey('job')
  const answer = await obtain(office, released, 'proxy', { publicKey: key.publicKeyText.trim() })
  expect(answer.status).toBe(201)
  const { credential, grant } = granted.parse(answer.body.result)
  if (credential.kind !== 'x509') throw new Error(credential.kind)
  const variables = lendX509([{ target: 'proxy', key, credential }], folder)
  expect(Object.keys(variables)).toEqual(['COUNTERSIGN_X509_PROXY_CERT', 'COUNTERSIGN_X509_PROXY_KEY'])
  for (const path of Object.values(variables)) expect(statSync(path).mode & 0o777).toBe(0o600)
  const [cert, pem] = Object.values(variables).map((path) => readFileSync(path, 'utf8'))
  return { released, grant, leafIndex: answer.body.leafIndex, cert: cert!, key: pem! }
}

const published = async (name: string) => (await office.get(`/.well-known/countersign/${name}`)).text

/** What a TLS server that trusts our authority, and reads our list, makes of a client. */
async function knock({ cert, key }: Pick<Held, 'cert' | 'key'>): Promise<string> {
  const [ca, crl] = [await published('x509-ca.pem'), await published('x509.crl')]
  const own = { key: join(folder, 'server.key'), cert: join(folder, 'server.crt') }
  const of = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=proxy']
  execFileSync('openssl', [...of, '-keyout', own.key, '-out', own.cert], { stdio: 'ignore' })
  const server = createServer({
    ...{ key: readFileSync(own.key), cert: readFileSync(own.cert), ca, crl, requestCert: true },
    rejectUnauthorized: true,
  })
  server.on('secureConnection', (socket) => socket.end((socket.getPeerCertificate().subject as { CN: string }).CN))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const socket = connect({ port, host: '127.0.0.1', cert, key, rejectUnauthorized: false })
    let said = ''
    socket.on('data', (chunk) => (said += String(chunk)))
    await once(socket, 'end').catch(() => undefined)
    socket.destroy()
    return said || 'refused'
  } finally {
    server.close()
  }
}

test('a server of TLS lets a job in by its certificate until it is taken back', async () => {
  const held = await lend()
  const other = await lend()
  expect(await knock(held)).toBe('deploy')
  const taken = await office.ask('DELETE', `/api/v1/grants/${held.grant}`, { as: held.released.job.token })
  expect(taken.status).toBe(200)
  expect(await knock(held)).toBe('refused')
  expect(await knock(other)).toBe('deploy')
  const { ledger, lender } = office.company.instance
  const ended = ledger.state.grants.get(held.grant)!
  expect(await lender.withdraw(ended, ledger.state, ended.issuedAt)).toEqual({
    how: 'listed_as_revoked',
    terminated: 0,
  })
  expect(await published('revoked-keys')).toBe('')
})

test('the certificate names its grant, release and leaf, is for clients alone, and OpenSSL finds nothing odd about it', async () => {
  const { cert, leafIndex, grant, released } = await lend()
  const [leaf, authority] = cert.match(/-----BEGIN[^]*?END CERTIFICATE-----\n/g)!.map((pem) => new X509Certificate(pem))
  expect(BigInt(`0x${leaf!.serialNumber}`)).toBe(BigInt(leafIndex))
  expect(leaf!.subjectAltName).toBe(`URI:urn:countersign:${grant}, URI:urn:countersign:${released.release}`)
  expect([leaf!.ca, authority!.ca, leaf!.checkIssued(authority!)]).toEqual([false, true, true])
  expect(leaf!.validToDate.getTime()).toBeLessThanOrEqual(
    office.company.instance.ledger.state.grants.get(grant)!.expiresAt,
  )
  const file = (name: string, text: string) => (writeFileSync(join(folder, name), text), join(folder, name))
  const [ca, crl] = [file('ca.pem', await published('x509-ca.pem')), file('list.pem', await published('x509.crl'))]
  const how = ['verify', '-x509_strict', '-crl_check', '-CAfile', ca, '-CRLfile', crl, '-purpose', 'sslclient']
  const path = file('leaf.pem', leaf!.toString())
  expect(execFileSync('openssl', [...how, path], { encoding: 'utf8' })).toContain('OK')
  expect(() => execFileSync('openssl', [...how.slice(0, -1), 'sslserver', path], { stdio: 'ignore' })).toThrow()
})

test('a certificate is for a key that is there and signs in TLS, and its name fits', async () => {
  const released = await approved(story)
  const without = await obtain(office, released, 'proxy', { publicKey: undefined })
  expect([without.status, without.body.code]).toEqual([400, 'malformed'])
  const long = await office.post('/api/v1/targets', { ...PROXY, account: 'x'.repeat(65) }, story.ana.token)
  expect(long.body.code).toBe('malformed')
})
