/** Archives have one spelling, other programs read them, and whatever else there is under the name of zip is refused with its position. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 as nodeCrc32, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32, formatBase64, parseBase64 } from '../../src/bytes/portable.ts'
import {
  compareNames,
  formatDirectory,
  formatLocalHeader,
  isMemberName,
  memorySource,
  readZip,
  ZipError,
  type ZipEntry,
} from '../../src/bytes/zip.ts'
import { hasTool } from '../world/repository.ts'

type Content = readonly [name: string, bytes: Uint8Array]

function zip(members: readonly Content[], change: (entry: ZipEntry) => Partial<ZipEntry> = () => ({})): Buffer {
  const parts: Uint8Array[] = []
  const entries: ZipEntry[] = []
  let offset = 0
  for (const [name, bytes] of members) {
    const entry = { name, size: bytes.length, crc: crc32(bytes), offset }
    parts.push(formatLocalHeader(entry), bytes)
    entries.push({ ...entry, ...change(entry) })
    offset += 30 + name.length + bytes.length
  }
  return Buffer.concat([...parts, formatDirectory(entries, offset)])
}

const hello: Content = ['a/hello.txt', Buffer.from('hello')]
const world: Content = ['b.txt', Buffer.from('world')]
const good = () => zip([hello, world])
const parseZip = async (bytes: Uint8Array) => {
  const members = await readZip(memorySource(bytes))
  return members.map(({ at, size, ...each }) => ({ ...each, bytes: bytes.subarray(at, at + size) }))
}
const refused = async (bytes: Uint8Array) => {
  try {
    await parseZip(bytes)
  } catch (error) {
    if (error instanceof ZipError) return error
    throw error
  }
  return undefined
}

const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,12}(\/[a-z0-9][a-z0-9._-]{0,8}){0,2}$/)
const contents = fc
  .uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 200 })), { selector: ([each]) => each, maxLength: 12 })
  .map((all) => all.sort(([a], [b]) => compareNames(a, b)))
  .filter((all) => all.every(([a]) => !all.some(([b]) => b.startsWith(`${a}/`))))

test('what is written is read, and written again it is the same', async () => {
  await fc.assert(
    fc.asyncProperty(contents, async (members) => {
      const bytes = zip(members)
      const read = await parseZip(bytes)
      expect(read.map((each) => [each.name, Buffer.from(each.bytes)])).toEqual(
        members.map(([n, b]) => [n, Buffer.from(b)]),
      )
      expect(read.every((each) => each.crc === nodeCrc32(each.bytes))).toBe(true)
    }),
  )
})

test('bytes that are read have one spelling: nothing hides in an archive', async () => {
  await fc.assert(
    fc.asyncProperty(contents, fc.nat(), fc.integer({ min: 1, max: 255 }), async (members, place, flip) => {
      const bytes = zip(members)
      bytes[place % bytes.length]! ^= flip
      let read: Awaited<ReturnType<typeof parseZip>>
      try {
        read = await parseZip(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(ZipError)
        return
      }
      const crcs = new Map(read.map((each) => [each.name, each.crc]))
      const parts = read.flatMap((each) => [formatLocalHeader({ ...each, size: each.bytes.length }), each.bytes])
      const body = Buffer.concat(parts)
      let offset = 0
      const entries = read.map((each) => {
        const entry = { name: each.name, size: each.bytes.length, crc: crcs.get(each.name)!, offset }
        offset += 30 + each.name.length + each.bytes.length
        return entry
      })
      expect(Buffer.concat([body, formatDirectory(entries, offset)]).equals(bytes)).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('any bytes are read or refused, and nothing else happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await refused(bytes)
      await refused(Buffer.concat([bytes, formatDirectory([], 0).subarray(-22)]))
      await refused(Buffer.concat([good().subarray(0, bytes.length % 120), bytes, good().subarray(-140)]))
    }),
    { numRuns: 500 },
  )
})

test('an archive cut short anywhere is refused', async () => {
  const bytes = good()
  for (let length = 0; length < bytes.length; length += 1)
    expect(await refused(bytes.subarray(0, length)), String(length)).toBeDefined()
})

const long = 'x'.repeat(101)
test.each([
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  '/etc/passwd',
  'a//b',
  'a/',
  './a',
  '.hidden',
  'a/.git',
  'c:\\x',
  'a\\b',
  'a b',
  'ä',
  'a\u0000b',
  '-rf',
  '~',
  'con:',
  long,
  'a/b/c/d/e/f/g',
  '\u202Egnp.exe',
])('no member is called %j', async (bad) => {
  expect(isMemberName(bad)).toBe(false)
  const ascii = bad.replaceAll(/[^\u0000-\u00ff]/g, '?')
  expect((await refused(zip([[ascii, Buffer.from('x')]])))?.message).toMatch(/cannot be called/)
})

test.each<[string, () => Buffer, RegExp]>([
  ['twice', () => zip([world, world]), /there twice/],
  ['in another order', () => zip([world, hello]), /order of names/],
  [
    'apart by case alone',
    () =>
      zip([
        ['A.txt', Buffer.from('1')],
        ['a.txt', Buffer.from('2')],
      ]),
    /overwrite/,
  ],
  [
    'both file and folder',
    () =>
      zip([
        ['a', Buffer.from('1')],
        ['a/b', Buffer.from('2')],
      ]),
    /folder that is a file/,
  ],
  [
    'somewhere else',
    () => zip([hello, world], ({ name: each }) => (each === 'b.txt' ? { offset: 0 } : {})),
    /not of the one form/,
  ],
  [
    'larger than it is',
    () => zip([hello, world], ({ size }) => ({ size: size + 9 })),
    /not that of its directory entry/,
  ],
  ['of four gigabytes', () => zip([hello], () => ({ size: 0xffff_ffff })), /at most 536870912 are read/],
])('a member that is there %s is refused', async (_, make, message) => {
  expect((await refused(make()))?.message).toMatch(message)
})

test('a bomb is refused before anything of it is opened', async () => {
  const bytes = good()
  const packed = deflateRawSync(Buffer.alloc(1 << 20))
  expect(packed.length).toBeLessThan(2000)
  const directory = bytes.readUInt32LE(bytes.length - 6)
  bytes.writeUInt16LE(8, directory + 10)
  expect(await refused(bytes)).toMatchObject({ position: directory, message: expect.stringContaining('compressed') })
})

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['a comment', (b) => (b.writeUInt16LE(3, b.length - 2), Buffer.concat([b, Buffer.from('hey')]))],
  ['something before', (b) => Buffer.concat([Buffer.from('MZ'), b])],
  ['something behind', (b) => Buffer.concat([b, Buffer.from('\n')])],
  ['a member that the directory hides', (b) => Buffer.concat([formatLocalHeader({ name: 'x', size: 0, crc: 0 }), b])],
  ['too many members', (b) => (b.writeUInt16LE(65_535, b.length - 12), b.writeUInt16LE(65_535, b.length - 14), b)],
  ['encryption', (b) => (b.writeUInt16LE(1, 6), b)],
  ['another time', (b) => (b.writeUInt16LE(1, 10), b)],
])('%s is refused with its position', async (_, change) => {
  const error = await refused(change(good()))
  expect(error?.message).toMatch(/at byte \d+$/)
})

test.skipIf(!hasTool('python3', '--version'))('another program reads it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  try {
    writeFileSync(join(folder, 'x.zip'), good())
    const said = execFileSync('python3', [
      '-c',
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist(), z.read("b.txt"))',
      join(folder, 'x.zip'),
    ])
    expect(said.toString().trim()).toBe(`None ['a/hello.txt', 'b.txt'] b'world'`)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('base64 and CRC-32 are as elsewhere, strictly', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      expect(formatBase64(bytes)).toBe(text)
      expect(Buffer.from(parseBase64(text))).toEqual(Buffer.from(bytes))
      expect(crc32(bytes)).toBe(nodeCrc32(bytes))
    }),
  )
  for (const bad of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA==AAAA', 'AAAA ', 'A-_A', '===='])
    expect(() => parseBase64(bad), bad).toThrow(SyntaxError)
})
