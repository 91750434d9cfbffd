import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { granted, type TokenCredential } from '../../src/cli/contract-release.ts'
import { lendTokens } from '../../src/cli/handover-token.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'countersign-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const token = 'aGVhZA.Ym9keQ.c2ln'
const expiresAt = '2026-11-23T20:00:00.000Z'
const credential = { kind: 'oidc', token, audience: 'sts', host: 'cloud.example', port: 443, serial: '42' } as const

function lend(more: Partial<TokenCredential>, target = 'the cloud') {
  return lendTokens([{ target, credential: { ...credential, ...more }, expiresAt }], folder)
}

test('a token is in a file of this user alone, and nowhere else unless its target names a variable', () => {
  const variables = lend({})
  expect(Object.keys(variables)).toEqual(['COUNTERSIGN_TOKEN_FILE_THE_CLOUD'])
  expect(readFileSync(variables['COUNTERSIGN_TOKEN_FILE_THE_CLOUD']!, 'utf8')).toBe(token)
  expect(lend({ variable: 'DEPLOY_TOKEN' })['DEPLOY_TOKEN']).toBe(token)
  lend({ preset: 'google' })
  lend({ preset: 'kubernetes' })
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600)
})

test('the SDKs of clouds find it where they look', () => {
  const aws = lend({ preset: 'aws', account: 'arn:aws:iam::1:role/deploy' })
  expect(aws).toMatchObject({ AWS_ROLE_ARN: 'arn:aws:iam::1:role/deploy', AWS_ROLE_SESSION_NAME: 'countersign-42' })
  expect(readFileSync(aws['AWS_WEB_IDENTITY_TOKEN_FILE']!, 'utf8')).toBe(token)
  const azure = lend({ preset: 'azure', account: 'tenant/client' })
  expect(azure).toMatchObject({ AZURE_TENANT_ID: 'tenant', AZURE_CLIENT_ID: 'client' })
  expect(readFileSync(azure['AZURE_FEDERATED_TOKEN_FILE']!, 'utf8')).toBe(token)
  const google = lend({ preset: 'google', audience: 'https://iam.googleapis.com/p', account: 'a@b' })
  const config = JSON.parse(readFileSync(google['GOOGLE_APPLICATION_CREDENTIALS']!, 'utf8'))
  expect(config).toMatchObject({ type: 'external_account', audience: '//iam.googleapis.com/p' })
  expect(config.service_account_impersonation_url).toContain('/a%40b:generateAccessToken')
  expect(readFileSync(config.credential_source.file, 'utf8')).toBe(token)
  expect(lend({ preset: 'vault' })['VAULT_ADDR']).toBe('https://cloud.example:443')
})

test('the exec plugin of a cluster answers with the token and its end', () => {
  const { KUBECONFIG } = lend({ preset: 'kubernetes', certificate: 'PEM', account: 'shop' })
  const config = JSON.parse(readFileSync(KUBECONFIG!, 'utf8'))
  expect(readFileSync(KUBECONFIG!, 'utf8')).not.toContain(token)
  expect(config.clusters[0].cluster).toEqual({
    server: 'https://cloud.example:443',
    'certificate-authority-data': Buffer.from('PEM').toString('base64'),
  })
  const { apiVersion, command, args } = config.users[0].user.exec
  const answer = JSON.parse(execFileSync(command, args, { encoding: 'utf8' }))
  expect(answer).toEqual({ apiVersion, kind: 'ExecCredential', status: { token, expirationTimestamp: expiresAt } })
})

test('two tokens that would be found under one name are refused', () => {
  const loan = { target: 'a', credential: { ...credential, preset: 'aws' } as const, expiresAt }
  expect(() => lendTokens([loan, { ...loan, target: 'b' }], folder)).toThrow('AWS_WEB_IDENTITY_TOKEN_FILE')
})

test('a server cannot set a variable that decides what a program loads, or write a second line', () => {
  const answer = (more: object) => granted.safeParse({ grant: 'g', expiresAt, credential: { ...credential, ...more } })
  expect(answer({ variable: 'DEPLOY_TOKEN' }).success).toBe(true)
  for (const variable of ['LD_PRELOAD', 'NODE_OPTIONS', 'PATH', 'BASH_ENV', 'a_TOKEN'])
    expect(answer({ variable }).success, variable).toBe(false)
  for (const more of [{ token: 'a.b.c\nx' }, { serial: '1\n' }, { account: 'a b' }, { host: 'x"y' }])
    expect(answer(more).success, JSON.stringify(more)).toBe(false)
})
