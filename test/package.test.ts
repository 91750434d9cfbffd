/** What the package is made of: exact versions with integrity and no addresses, nothing that runs at install, licences that we may ship. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (name: string) => readFileSync(join(root, name), 'utf8')

type Locked = {
  readonly version?: string
  readonly integrity?: string
  readonly resolved?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
}
const lock = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Locked>> }
const manifest = JSON.parse(read('package.json')) as Readonly<Record<string, Readonly<Record<string, string>>>>
const installed = Object.entries(lock.packages).filter(([path]) => path !== '')

/** Every file that git tracks or would, as text; none where there is no git. */
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\0')
  .filter((name) => name !== '' && !/\.(?:woff2?|png|ico|pdf)$/.test(name))

test('every locked package carries its integrity, and no address that it came from', () => {
  expect(installed.length).toBeGreaterThan(100)
  expect(installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path)).toEqual([])
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([])
  expect(read('.npmrc')).toMatch(/^omit-lockfile-registry-resolved=true$/m)
})

test('versions are exact', () => {
  const all = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
    Object.entries(manifest[kind] ?? {}),
  )
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/.test(version))).toEqual([])
})

test('nothing that is published has to run at install', () => {
  const published = installed.filter(([, { dev, optional }]) => !dev && !optional)
  const running = published.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)
  // Its script only tries to build what makes it faster, and it works without.
  expect(running.filter((path) => path !== 'node_modules/ssh2')).toEqual([])
})

test('the pinned Node and its siblings are of one version, one for each platform', () => {
  const nodes = Object.entries(manifest['optionalDependencies'] ?? {}).filter(([name]) => name.startsWith('node-'))
  expect(nodes).toHaveLength(5)
  expect(new Set(nodes.map(([, version]) => version)).size).toBe(1)
})

const ALLOWED = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'OFL-1.1', 'Unlicense'])
// LGPL, called as a library and replaceable; its text travels with it.
const EXCEPTIONS = new Map([['node_modules/openpgp', 'LGPL-3.0+']])

test('what is shipped has licences that we may ship', () => {
  const shipped = installed.filter(([, { dev }]) => !dev)
  const wrong = shipped
    .map(([path, { license }]) => [path, license ?? licenceOf(path)] as const)
    .filter(([path, license]) => !ALLOWED.has(license ?? '') && EXCEPTIONS.get(path) !== license)
  expect(wrong).toEqual([])
})

/** Where the lock says nothing, the installed package does. Of other platforms nothing is installed: the sibling speaks for them. */
function licenceOf(path: string): string | undefined {
  try {
    return (JSON.parse(read(`${path}/package.json`)) as { license?: string }).license
  } catch {
    return undefined
  }
}

test('no file names a registry, or a place where this was written', () => {
  const places = /registry\.(?:npmjs|yarnpkg)\.[a-z]+|\b(?:artifactory|verdaccio|npmmirror)\b|\/work\/(?:main|shared)\b/
  const wrong = tracked.filter((name) => name !== 'test/package.test.ts' && places.test(read(name)))
  expect(wrong).toEqual([])
})

test('the licence is Apache-2.0, in full', () => {
  expect(read('LICENSE')).toMatch(/^\s+Apache License\n\s+Version 2\.0, January 2004/m)
  expect(read('NOTICE')).toContain('Countersign')
  expect(JSON.parse(read('package.json'))).toMatchObject({ license: 'Apache-2.0' })
})
