/** Following a log from the key that this machine pinned to the one that replaced it, where the pinned one itself vouches for that. */

import { attempt } from '../evidence/refusal.ts'
import { followRotations, isReplaced } from '../domain/rotation.ts'
import { TlogError } from '../tlog/error.ts'
import { formatKey, parseKey } from '../tlog/key.ts'
import { fetchText } from './log-file.ts'

/** The key that signs now, if it can be followed; undefined when nothing shows that the pinned one was replaced. */
export async function followKey(server: string, logKey: string, note: string): Promise<string | undefined> {
  const pinned = attempt(() => parseKey(logKey))
  if (!pinned || !attempt(() => isReplaced(note, pinned))) return undefined
  try {
    const keys = await followRotations(pinned, (path) => fetchText(server, path).catch(() => undefined))
    const newest = keys.at(-1)
    return newest && formatKey(newest)
  } catch (error) {
    // What proves nothing changes nothing: the pinned key stands, and judges.
    if (error instanceof TlogError) return undefined
    throw error
  }
}
