/**
 * A zip archive with one spelling: the same members make the same bytes, and anything that another program could read otherwise
 * is refused with its position. Members are stored and not compressed, so that none can be a bomb.
 *
 *     [local header][name][bytes] ... [central header][name] ... [end of central directory, 22 bytes]
 *
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. Runs in a browser, too.
 */

/** Bytes that can be read at any place, so that an archive need not fit into memory. */
export type Source = {
  readonly size: number
  /** Exactly these bytes. Rejects when there are fewer. */
  readonly read: (at: number, length: number) => Promise<Uint8Array>
}

/** `at` is where its bytes begin in the archive. */
export type ZipMember = { readonly name: string; readonly size: number; readonly crc: number; readonly at: number }
export type ZipEntry = { readonly name: string; readonly size: number; readonly crc: number; readonly offset: number }

export const MAX_MEMBERS = 20_000
export const MAX_MEMBER_BYTES = 512 << 20
/** Offsets have 32 bits. */
export const MAX_ARCHIVE_BYTES = 0xffff_fffe

const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46
const END_BYTES = 22
/** 1 January 1980, 00:00: the first moment that a zip can say. */
const DOS_DATE = 0x0021
const VERSION = 10
const MADE_BY_UNIX = (3 << 8) | VERSION
const REGULAR_FILE_0644 = 0o100644 * 0x1_0000

/** Segments begin with a letter or a digit: no `..`, nothing hidden, nothing absolute, no drive, no other alphabet. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,5}$/

export class ZipError extends Error {
  override readonly name = 'ZipError'
  /** Bytes from the start of the archive. */
  readonly position: number

  constructor(position: number, message: string) {
    super(`${message}, at byte ${position}`)
    this.position = position
  }
}

export function isMemberName(name: string): boolean {
  return NAME.test(name)
}

/** Orders names as their bytes do. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export function formatLocalHeader({ name, size, crc }: Omit<ZipEntry, 'offset'>): Uint8Array {
  const bytes = new Uint8Array(LOCAL_BYTES + name.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0x0403_4b50, true)
  view.setUint16(4, VERSION, true)
  view.setUint16(12, DOS_DATE, true)
  setSizes(view, 14, size, crc)
  view.setUint16(26, name.length, true)
  setName(bytes, LOCAL_BYTES, name)
  return bytes
}

/** What follows the last member. `entries` stand in the order of their offsets, which is that of their names. */
export function formatDirectory(entries: readonly ZipEntry[], offset: number): Uint8Array {
  const headers = entries.map(formatCentralHeader)
  const size = headers.reduce((sum, header) => sum + header.length, 0)
  const bytes = new Uint8Array(size + END_BYTES)
  let at = 0
  for (const header of headers) {
    bytes.set(header, at)
    at += header.length
  }
  const view = new DataView(bytes.buffer, size)
  view.setUint32(0, 0x0605_4b50, true)
  view.setUint16(8, entries.length, true)
  view.setUint16(10, entries.length, true)
  view.setUint32(12, size, true)
  view.setUint32(16, offset, true)
  return bytes
}

function formatCentralHeader({ name, size, crc, offset }: ZipEntry): Uint8Array {
  const bytes = new Uint8Array(CENTRAL_BYTES + name.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0x0201_4b50, true)
  view.setUint16(4, MADE_BY_UNIX, true)
  view.setUint16(6, VERSION, true)
  view.setUint16(14, DOS_DATE, true)
  setSizes(view, 16, size, crc)
  view.setUint16(28, name.length, true)
  view.setUint32(38, REGULAR_FILE_0644, true)
  view.setUint32(42, offset, true)
  setName(bytes, CENTRAL_BYTES, name)
  return bytes
}

function setSizes(view: DataView, at: number, size: number, crc: number): void {
  view.setUint32(at, crc, true)
  view.setUint32(at + 4, size, true)
  view.setUint32(at + 8, size, true)
}

/** Names are ASCII. */
function setName(bytes: Uint8Array, at: number, name: string): void {
  for (let i = 0; i < name.length; i += 1) bytes[at + i] = name.charCodeAt(i)
}

export function memorySource(bytes: Uint8Array): Source {
  return { size: bytes.length, read: (at, length) => Promise.resolve(bytes.subarray(at, at + length)) }
}

/**
 * The members and where their bytes are. Rejects with a ZipError for what `formatLocalHeader` and `formatDirectory` would not have
 * written: compression, encryption, comments, extra fields, gaps, overlaps, other orders, names that lead elsewhere or twice to one
 * place. Whether the bytes are those that their CRC-32 names is not looked at here.
 */
export async function readZip(source: Source): Promise<ZipMember[]> {
  const { count, start, size } = await readEnd(source)
  const directory = await source.read(start, size)
  const members: ZipMember[] = []
  const places = new Set<string>()
  let [at, end] = [0, 0]
  for (let i = 0; i < count; i += 1) {
    const entry = parseCentralHeader(directory, at, start)
    requireName(entry.name, start + at, members.at(-1)?.name, places)
    const header = formatCentralHeader({ ...entry, offset: end })
    requireSame(directory.subarray(at), start + at, header, 'a directory entry is not of the one form')
    const local = formatLocalHeader(entry)
    const from = end + local.length
    const found = await source.read(end, Math.min(local.length, start - end))
    requireSame(found, end, local, `the header of ${entry.name} is not that of its directory entry`)
    if (from + entry.size > start) throw new ZipError(from, `${entry.name} runs into the directory`)
    members.push({ ...entry, at: from })
    end = from + entry.size
    at += header.length
  }
  if (end !== start) throw new ZipError(end, 'bytes that belong to no member')
  if (at !== size) throw new ZipError(start + at, 'bytes that belong to no directory entry')
  return members
}

/** Longer than any directory that has a place in it for each member. */
const MAX_DIRECTORY_BYTES = MAX_MEMBERS * (CENTRAL_BYTES + 606)

async function readEnd(
  source: Source,
): Promise<{ readonly count: number; readonly start: number; readonly size: number }> {
  const at = source.size - END_BYTES
  if (at < 0) throw new ZipError(0, 'too short for a zip archive')
  const view = viewOf(await source.read(at, END_BYTES), 0)
  if (view.getUint32(0, true) !== 0x0605_4b50)
    throw new ZipError(at, 'not a zip archive, or cut short, or with something behind its end')
  const [count, size, start] = [view.getUint16(10, true), view.getUint32(12, true), view.getUint32(16, true)]
  if (view.getUint32(4, true) !== 0 || view.getUint16(8, true) !== count || view.getUint16(20, true) !== 0)
    throw new ZipError(at, 'an archive in several parts, or with a comment')
  if (count > MAX_MEMBERS) throw new ZipError(at, `${count} members, and at most ${MAX_MEMBERS} are read`)
  if (start + size !== at) throw new ZipError(at, 'the directory does not end where the archive does')
  if (size > MAX_DIRECTORY_BYTES) throw new ZipError(start, `a directory of ${size} bytes`)
  return { count, start, size }
}

/** The entry at `at` of the directory, which begins at `start` of the archive. */
function parseCentralHeader(bytes: Uint8Array, at: number, start: number) {
  if (at + CENTRAL_BYTES > bytes.length) throw new ZipError(start + at, 'the directory is cut short')
  const view = viewOf(bytes, at)
  if (view.getUint16(10, true) !== 0)
    throw new ZipError(start + at, 'a member is compressed; members are only ever stored')
  const length = view.getUint16(28, true)
  if (at + CENTRAL_BYTES + length > bytes.length) throw new ZipError(start + at, 'a name is cut short')
  const name = String.fromCharCode(...bytes.subarray(at + CENTRAL_BYTES, at + CENTRAL_BYTES + Math.min(length, 1024)))
  const size = view.getUint32(24, true)
  if (size > MAX_MEMBER_BYTES)
    throw new ZipError(start + at, `a member of ${size} bytes, and at most ${MAX_MEMBER_BYTES} are read`)
  return { name, size, crc: view.getUint32(16, true) }
}

function requireName(name: string, at: number, before: string | undefined, places: Set<string>): void {
  if (!isMemberName(name)) throw new ZipError(at, `a member cannot be called ${JSON.stringify(name.slice(0, 80))}`)
  if (before !== undefined && compareNames(before, name) >= 0)
    throw new ZipError(at, before === name ? `${name} is there twice` : `${name} does not stand in the order of names`)
  // File systems that do not tell cases apart would put two members into one file; a folder cannot be a file as well.
  const place = name.toLowerCase()
  if (places.has(place) || places.has(`${place}/`)) throw new ZipError(at, `${name} would overwrite another member`)
  places.add(place)
  for (let slash = place.indexOf('/'); slash > 0; slash = place.indexOf('/', slash + 1)) {
    if (places.has(place.slice(0, slash))) throw new ZipError(at, `${name} stands in a folder that is a file`)
    places.add(place.slice(0, slash + 1))
  }
}

/** `at` is where these bytes stand in the archive. */
function requireSame(bytes: Uint8Array, at: number, expected: Uint8Array, problem: string): void {
  for (let i = 0; i < expected.length; i += 1) if (bytes[i] !== expected[i]) throw new ZipError(at + i, problem)
}

function viewOf(bytes: Uint8Array, at: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at)
}
