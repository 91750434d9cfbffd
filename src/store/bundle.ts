/**
 * The file of a sealed entry bundle, in either of its two forms: as C2SP tlog-tiles spells it, or the same bytes as a gzip file
 * beside that name, which static servers give out as it stands.
 *
 *     tile/entries/x001/234       256 leaves, each behind its length
 *     tile/entries/x001/234.gz    RFC 1952: [10 bytes, always these][deflated][CRC-32][length]
 *
 * gzip, because tlog-tiles says that logs "MAY use Content-Encoding: gzip with no negotiation": every client reads it, and nothing is
 * compressed again to be served. Recorded leaves come to 0.092 of their size (level 6, 5.5 us a leaf; level 1 to 0.107, level 9 to
 * 0.090); zstd would come to 0.082 in 1.8 us, but few clients ask for it.
 */

import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { constants, crc32, createInflateRaw, deflateRaw, inflateRaw } from 'node:zlib'
import { equal } from '../bytes/digest.ts'
import { formatTilePath, MAX_BUNDLE_BYTES, TILE_WIDTH } from '../tlog/tile.ts'
import type { Files } from './file.ts'

export const BUNDLE_MODE = 0o444
const LEVEL = 6
/** No time, no name, of no system: one spelling, so that a changed byte is seen. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])
const TRAILER_BYTES = 8
/** Of what cannot be read to its end, all but the last piece of this size comes out. */
const SALVAGE_BYTES = 1024

export interface StoredBundle {
  /** The file that it came from. */
  readonly path: string
  /** The bundle, decompressed; perhaps only its beginning where that fails. */
  readonly bytes: Buffer
  /** False for a gzip file that is not, byte for byte, one of ours: whatever can be read of it, others may not. */
  readonly isWhole: boolean
}

export function bundlePath(publicDirectory: string, bundle: number): string {
  return join(publicDirectory, formatTilePath({ level: 'entries', index: bundle, width: TILE_WIDTH }))
}

export function gzipPath(path: string): string {
  return `${path}.gz`
}

/** The bundle as it is stored, not verified; undefined when it is in neither form. */
export async function readBundle(files: Files, path: string): Promise<StoredBundle | undefined> {
  const bytes = await files.read(path)
  // Asked in this order: a bundle that is being compressed has the new name before it loses the old one.
  return bytes ? { path, bytes, isWhole: true } : readCompressed(files, path)
}

export async function readCompressed(files: Files, path: string): Promise<StoredBundle | undefined> {
  const gzip = await files.read(gzipPath(path))
  const bytes = gzip && (await decompress(gzip))
  return gzip && { path: gzipPath(path), bytes: bytes ?? (await salvage(gzip)), isWhole: bytes !== undefined }
}

/** Durable when it resolves, in the form that it has, and in no other. */
export async function rewriteBundle(files: Files, path: string, bundle: Uint8Array): Promise<void> {
  const isCompressed = !(await files.read(path)) && (await files.read(gzipPath(path))) !== undefined
  if (isCompressed) await files.replace(gzipPath(path), await compress(bundle), BUNDLE_MODE)
  else await files.replace(path, bundle, BUNDLE_MODE)
  await files.syncDirectory(dirname(path))
  if (isCompressed) return
  await files.remove(gzipPath(path))
  await files.syncDirectory(dirname(path))
}

/** A gzip file; on another thread. */
export async function compress(bytes: Uint8Array): Promise<Buffer> {
  const trailer = Buffer.alloc(TRAILER_BYTES)
  trailer.writeUInt32LE(crc32(bytes))
  trailer.writeUInt32LE(bytes.length, 4)
  return Buffer.concat([HEADER, await promisify(deflateRaw)(bytes, { level: LEVEL }), trailer])
}

/** Undefined for anything that `compress` did not write, or that would be longer than any bundle. */
export async function decompress(gzip: Uint8Array): Promise<Buffer | undefined> {
  const body = bodyOf(gzip)
  if (!body) return undefined
  try {
    const { bytes, readBytes } = await inflate(body)
    const trailer = Buffer.from(gzip.subarray(gzip.length - TRAILER_BYTES))
    const isWhole =
      readBytes === body.length && trailer.readUInt32LE() === crc32(bytes) && trailer.readUInt32LE(4) === bytes.length
    return isWhole ? bytes : undefined
  } catch {
    return undefined
  }
}

function bodyOf(gzip: Uint8Array): Uint8Array | undefined {
  if (gzip.length < HEADER.length + TRAILER_BYTES || !equal(gzip.subarray(0, HEADER.length), HEADER)) return undefined
  return gzip.subarray(HEADER.length, gzip.length - TRAILER_BYTES)
}

function inflate(body: Uint8Array): Promise<{ readonly bytes: Buffer; readonly readBytes: number }> {
  return new Promise((resolve, reject) => {
    const options = { info: true, maxOutputLength: MAX_BUNDLE_BYTES }
    // What stands behind the end of a stream is passed over by zlib: it says how far it read.
    const done = (error: Error | null, result: unknown) => {
      if (error) return reject(error)
      const { buffer, engine } = result as {
        readonly buffer: Buffer
        readonly engine: { readonly bytesWritten: number }
      }
      resolve({ bytes: buffer, readBytes: engine.bytesWritten })
    }
    inflateRaw(body, options, done)
  })
}

/** As much of a changed file as comes out: leaves before the change are whole, and are found by their hashes. */
async function salvage(gzip: Uint8Array): Promise<Buffer> {
  const inflater = createInflateRaw({ chunkSize: SALVAGE_BYTES, finishFlush: constants.Z_SYNC_FLUSH })
  const parts: Buffer[] = []
  let sizeBytes = 0
  inflater.end(gzip.subarray(HEADER.length, Math.max(HEADER.length, gzip.length - TRAILER_BYTES)))
  try {
    for await (const part of inflater as AsyncIterable<Buffer>) {
      parts.push(part)
      sizeBytes += part.length
      if (sizeBytes > MAX_BUNDLE_BYTES) break
    }
  } catch {
    // What came before the change is what we are after.
  }
  return Buffer.concat(parts).subarray(0, MAX_BUNDLE_BYTES)
}
