import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { follow, parseList } from '../../src/cli/target-follow.ts'
import { createJobKey } from '../../src/credential/ssh.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-follow-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the list on the host is the list of the server, and gone when the server is gone for a minute', async () => {
  const file = join(folder, 'revoked_keys')
  const key = createJobKey('job').publicKeyText
  const stop = new AbortController()
  const said: string[] = []
  let answer: string | Error = ''
  let now = 0
  const fetchList = async () => {
    if (answer instanceof Error) throw answer
    return await Promise.resolve(answer)
  }
  const say = (text: string) => said.push(text)
  const ended = follow({ file, fetchList, signal: stop.signal, say, now: () => now, periodMs: 2 })
  const settled = () => sleep(40)

  await settled()
  expect(readFileSync(file, 'utf8')).toBe('')
  answer = key
  await settled()
  expect(readFileSync(file, 'utf8')).toBe(key)

  answer = new Error('unreachable')
  now = 59_000
  await settled()
  expect(readFileSync(file, 'utf8')).toBe(key)
  now = 60_000
  await settled()
  expect(existsSync(file)).toBe(false)

  answer = key
  await settled()
  expect(readFileSync(file, 'utf8')).toBe(key)
  stop.abort()
  await ended
  expect(said).toEqual([
    `${file}: 0 revoked keys`,
    `${file}: 1 revoked key`,
    'the list of revoked keys could not be refreshed: unreachable',
    `${file} was removed, so that sshd lets nobody in until the server answers`,
    `${file}: 1 revoked key`,
    'the server answers again',
  ])
})

test('nothing but whole lines with SSH public keys is a list', () => {
  const key = createJobKey('job').publicKeyText
  const server = 'http://localhost:7443'
  expect(parseList('', server)).toBe('')
  expect(parseList(key + key, server)).toBe(key + key)
  for (const bad of ['<html></html>\n', `${key}ssh-ed25519 AAAA\n`, key.trimEnd(), `${key}${key.slice(0, 40)}`])
    expect(() => parseList(bad, server)).toThrow('not a list of SSH keys')
})
