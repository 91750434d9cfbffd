import { generateKeyPairSync } from 'node:crypto'
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openSecrets } from '../../src/store/secret.ts'

test('a secret comes back as it was kept, to this instance alone, and under its own name', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'countersign-secret-'))
  try {
    const { privateKey } = generateKeyPairSync('ed25519')
    const secrets = await openSecrets(directory, privateKey)
    expect(await secrets.open('idp-acme')).toBeUndefined()
    await secrets.keep('idp-acme', 'sécret : of a client')
    expect(await (await openSecrets(directory, privateKey)).open('idp-acme')).toBe('sécret : of a client')
    const file = join(directory, 'idp-acme.jwe')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await readFile(file, 'utf8')).split('.')).toHaveLength(5)
    expect(await readFile(file, 'utf8')).not.toContain('cret')
    await copyFile(file, join(directory, 'idp-other.jwe'))
    await expect(secrets.open('idp-other')).rejects.toThrow('set it anew')
    const stranger = await openSecrets(directory, generateKeyPairSync('ed25519').privateKey)
    await expect(stranger.open('idp-acme')).rejects.toThrow('set it anew')
    await secrets.forget('idp-acme')
    expect(await secrets.open('idp-acme')).toBeUndefined()
    await expect(secrets.keep('../log', 'x')).rejects.toThrow('no secret is called')
  } finally {
    await rm(directory, { recursive: true })
  }
})
