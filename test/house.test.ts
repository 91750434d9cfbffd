/** The house: floors, purity, one door for each dependency, names and proportions. Style is a test here, not a memory. */

import { globSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { expect, test } from 'vitest'

const floors = [
  ['bytes'],
  ['tlog', 'evidence', 'policy', 'match', 'wire'],
  ['domain'],
  ['store', 'index', 'credential', 'notify'],
  ['control'],
  ['http', 'gateway', 'console'],
  ['cli'],
]
const pure = floors.slice(0, 3).flat()
const root = join(import.meta.dirname, '..')
const src = join(root, 'src')

type File = {
  readonly name: string
  readonly folder: string
  readonly source: string
  readonly imports: readonly string[]
}

const files: File[] = globSync('**/*.{ts,tsx}', { cwd: src }).map((name) => {
  const source = readFileSync(join(src, name), 'utf8')
  const imports = [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!)
  return { name, folder: name.split('/')[0]!, source, imports }
})

const floorOf = (folder: string): number => floors.findIndex((rooms) => rooms.includes(folder))
const isBuiltin = (specifier: string) => specifier.startsWith('node:') || builtinModules.includes(specifier)
const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
/** Code without comments, so that prose may speak of clocks. */
const codeOf = (source: string) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')

test('every folder has a floor', () => {
  expect([...new Set(files.map(({ folder }) => folder))].filter((folder) => floorOf(folder) < 0)).toEqual([])
})

test('a folder imports itself and lower floors, never a neighbour and never upwards', () => {
  const wrong = files.flatMap(({ name, folder, imports }) =>
    imports
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(src, join(dirname(join(src, name)), specifier)).split('/')[0]!)
      .filter((target) => target !== '..' && target !== folder && floorOf(target) >= floorOf(folder))
      .map((target) => `${name} imports ${target}/`),
  )
  expect(wrong).toEqual([])
})

test('floors 0 to 2 know no time, network, randomness, environment or file', () => {
  const impure =
    /\b(?:Date\.now|new Date\(\)|Math\.random|randomUUID|randomBytes|randomInt|generateKeyPair|process\.|fetch\(|setTimeout|setInterval|console\.)/
  const wrong = files
    .filter(({ folder }) => pure.includes(folder))
    .flatMap(({ name, source, imports }) => [
      ...imports
        .filter((specifier) => isBuiltin(specifier) && specifier !== 'node:crypto')
        .map((specifier) => `${name} imports ${specifier}`),
      ...(codeOf(source).match(impure) ?? []).map((found) => `${name} uses ${found}`),
    ])
  expect(wrong).toEqual([])
})

test('each dependency has one door: it is imported from one folder', () => {
  const doors = new Map<string, Set<string>>()
  for (const { folder, imports } of files)
    for (const specifier of imports.filter((name) => !name.startsWith('.') && !isBuiltin(name)))
      doors.set(packageOf(specifier), (doors.get(packageOf(specifier)) ?? new Set()).add(folder))
  expect(
    [...doors]
      .filter(([, folders]) => folders.size > 1)
      .map(([name, folders]) => `${name}: ${[...folders].join(', ')}`),
  ).toEqual([])
})

test('no HTTP status below http, no SQL outside store, index and credential', () => {
  const wrong = files.flatMap(({ name, folder, source }) => {
    const code = codeOf(source)
    const found: string[] = []
    if (floorOf(folder) < floorOf('http') && /\b(?:statusCode|setStatus|reply\.status)\b/.test(code))
      found.push(`${name} speaks of HTTP statuses`)
    if (
      !['store', 'index', 'credential'].includes(folder) &&
      /\b(?:SELECT\s+[\w*,\s]+\sFROM|INSERT\s+INTO|DELETE\s+FROM)\b/.test(code) &&
      folder !== 'cli'
    )
      found.push(`${name} holds SQL`)
    return found
  })
  expect(wrong).toEqual([])
})

test('every event is named after the room it lives in', () => {
  const wrong = files
    .filter(({ folder }) => folder === 'domain')
    .flatMap(({ name, source }) => {
      const room = name.replace('domain/', '').replace('.ts', '')
      return [...source.matchAll(/^ {2}'([a-z]+)\.[a-z]+': z\.strictObject/gm)]
        .filter((match) => match[1] !== room)
        .map((match) => `${name}: ${match[0]}`)
    })
  expect(wrong).toEqual([])
})

test('files are named in kebab case and by a noun that says what they hold', () => {
  const forbidden = /(?:^|\/)(?:utils?|helpers?|common|manager|service|types|misc)\.tsx?$/
  const wrong = files
    .filter(({ name }) => forbidden.test(name) || !/^[a-z0-9/.-]+\.(?:d\.)?tsx?$/.test(name))
    .map(({ name }) => name)
  expect(wrong).toEqual([])
})

test('files stay under 300 lines, half of them under 130; no any, no unfinished words', () => {
  const lengths = files.map(({ source }) => source.split('\n').length).sort((a, b) => a - b)
  expect(
    files
      .filter(({ source }) => source.split('\n').length > 301)
      .map(({ name, source }) => `${name}: ${source.split('\n').length}`),
  ).toEqual([])
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(130)
  const isLoose = /:\s*any\b|\bas any\b|<any>/
  const isUnfinished = /\b(?:TODO|FIXME|XXX|HACK)\b/
  const wrong = files.filter(({ source }) => isLoose.test(codeOf(source)) || isUnfinished.test(source))
  expect(wrong.map(({ name }) => name)).toEqual([])
})

test('a module begins by saying what a reader may believe after reading it', () => {
  const silent = files
    .filter(({ name, source }) => !name.endsWith('.d.ts') && !/^(?:#![^\n]*\n)?\/\*\*/.test(source))
    .map(({ name }) => name)
  expect(silent).toEqual([])
})

test('no imports go round in a circle among files', () => {
  const graph = new Map(files.map(({ name, source }) => [name, localImports(name, source)]))
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) return void circles.push([...path.slice(path.indexOf(name)), name].join(' -> '))
    if (done.has(name)) return
    for (const next of graph.get(name) ?? []) visit(next, [...path, name])
    done.add(name)
  }
  for (const name of graph.keys()) visit(name, [])
  expect(circles).toEqual([])
})

/** Imports of values; types vanish before anything runs. */
function localImports(name: string, source: string): string[] {
  return [...source.matchAll(/^(?:import|export) (?!type\b)[\s\S]*?from '(\.[^']+)'/gm)]
    .filter((match) => !/^(?:import|export) \{(?:\s*type [^,}]+,?)+\s*\} from/.test(match[0]))
    .map((match) => relative(src, join(dirname(join(src, name)), match[1]!)))
}
