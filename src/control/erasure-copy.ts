/** Damaged logs that a restore put aside: their leaves are kept as they were found, what is erased is erased from them, too. */

import { join } from 'node:path'
import { parseDisclosure } from '../bytes/disclosure.ts'
import { attempt } from '../evidence/refusal.ts'
import { diskFiles } from '../store/file.ts'
import type { Personal } from './erasure-search.ts'
import { fold } from './mention.ts'

/** A disclosure, as it stands in any file, is a run of these: `["` and any first character of a salt of 22. */
const RUN = /Wy[IJ][A-Za-z0-9_-]{24,}/g

/** Overwrites every disclosure that goes, wherever in the files of a damaged log it stands. Durable when it resolves. */
export async function eraseFromCopies(directory: string, { texts, values }: Personal): Promise<void> {
  const copies = (await diskFiles.list(directory)).filter((name) => name.startsWith('log.damaged-'))
  for (const copy of copies)
    for (const part of ['wal', 'disclosures'])
      for (const file of await filesIn(join(directory, copy, part)))
        await overwrite(file, (text) => texts.has(text) || holds(text, values))
}

async function overwrite(path: string, goes: (text: string) => boolean): Promise<void> {
  const bytes = await diskFiles.read(path)
  if (!bytes) return
  const found = [...bytes.toString('latin1').matchAll(RUN)].filter(([text]) => goes(text))
  if (found.length === 0) return
  const file = await diskFiles.open(path)
  try {
    for (const { 0: text, index } of found) await file.write(Buffer.alloc(text.length, 'A'), index)
  } finally {
    await file.close()
  }
}

/** One that is not in the log any more may still be in its copy. */
function holds(text: string, values: ReadonlySet<string>): boolean {
  const value = attempt(() => parseDisclosure(text).value)
  return value !== undefined && [value, ...value.split(',')].some((each) => values.has(fold(each)))
}

async function filesIn(path: string): Promise<string[]> {
  const names = await diskFiles.list(path).catch(() => undefined)
  // What cannot be listed is a file.
  if (!names) return [path]
  return (await Promise.all(names.map((name) => filesIn(join(path, name))))).flat()
}
