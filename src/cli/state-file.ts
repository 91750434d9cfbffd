/** Small private files: JSON of one object, mode 0600 in a folder of mode 0700, replaced whole or not at all. */

import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse, type Json } from '../bytes/json.ts'
import { Failure } from './failure.ts'

export interface StateFile {
  readonly path: string
}

type JsonObject = { readonly [name: string]: Json | undefined }

const MAX_BYTES = 1_000_000

/** The object in the file; undefined when there is no file; a failure that names the file when it holds anything else. */
export function readJson({ path }: StateFile): JsonObject | undefined {
  const text = readSmall(path)
  if (text === undefined) return undefined
  try {
    const value = parse(text)
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as JsonObject
  } catch {
    // Said below, as for every other content that is no object.
  }
  throw new Failure('failed', 'bad_file', `${path} is not a JSON object`, { next: `rm ${path}` })
}

/** The text of a file of at most 1 MB; undefined when there is none. */
export function readSmall(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return undefined
  if (stat.size > MAX_BYTES) throw new Failure('failed', 'bad_file', `${path} is larger than ${MAX_BYTES} bytes`)
  return readFileSync(path, 'utf8')
}

export function writeJson({ path }: StateFile, value: object): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // A name that nobody can have put there before, in folders that others may write to.
  const partial = `${path}.${randomUUID()}.tmp`
  writeFileSync(partial, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(partial, path)
}

export function remove({ path }: StateFile): void {
  rmSync(path, { force: true })
}
