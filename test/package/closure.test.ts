/** The auditor's program is small, pure and complete: one import, no floor above the rules, and the dependencies that are named. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { auditorClosure, formatClosure } from '../../build/closure.ts'
import { FRAMEWORKS } from '../../src/domain/package/manifest.ts'
import * as verify from '../../src/domain/verify.ts'

const closure = auditorClosure()

test('nothing above the rules belongs to it, and no dependency that nobody named', () => {
  const floors = new Set(closure.files.map((file) => file.split('/')[0]))
  expect([...floors].sort()).toEqual(['bytes', 'domain', 'evidence', 'match', 'policy', 'tlog'])
  expect(closure.dependencies).toEqual(['@cedar-policy/cedar-wasm', 'jose', 'node:crypto', 'openpgp', 'zod'])
})

test('README says how large it is', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  expect(readme).toContain(formatClosure(closure))
})

test('checking alone, as the page does it, needs no dependency at all', () => {
  const stamps = ['algorithm', 'cms', 'refusal', 'timestamp', 'x509'].map((name) => `evidence/${name}.ts`)
  const own = closure.files.filter((file) => file.startsWith('domain/package/') && !/node-tools|replay/.test(file))
  const imports = [...own, ...stamps, 'bytes/der.ts'].flatMap((file) => {
    const source = readFileSync(join(import.meta.dirname, '../../src', file), 'utf8')
    const names = [...source.matchAll(/^import (?!type\b)[^'";]*?from '([^']+)'/gms)].map(([, name]) => name!)
    return names.map((name) => (name.startsWith('.') ? join(dirname(file), name) : name))
  })
  const isPortable = /^bytes\/(?:der|json|portable|zip)\.ts$/
  const outside = imports.filter((name) => !own.includes(name) && !stamps.includes(name) && !isPortable.test(name))
  expect(outside).toEqual([])
})

test('one import checks a package and decides it again', () => {
  expect(Object.keys(verify).sort()).toEqual([
    'Replayer',
    'checkPackage',
    'nodeTools',
    'readLeaf',
    'redecide',
    'replayPackage',
  ])
  expect(FRAMEWORKS).toHaveLength(5)
})
