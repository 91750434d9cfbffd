/** What a push brings: its reference updates and every commit object that the repository did not have. Bounded. */

import { base64 } from '../bytes/text.ts'
import { Failure } from './failure.ts'
import { git, pipeGit, tryGit, type GitPlace } from './git.ts'

export interface Update {
  readonly ref: string
  readonly oldId: string
  readonly newId: string
  readonly isForced: boolean
}

export interface Push {
  readonly updates: readonly Update[]
  readonly commits: readonly { readonly object: string }[]
}

export const MAX_COMMITS = 5_000
const MAX_UPDATES = 1_000
const MAX_OBJECT_BYTES = 16 * 1024 * 1024

const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u
const LINE = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs\/[\x21-\x7e]+)$/u

/** Reads git's lines `old new ref`, and asks git about them. Throws a Failure for anything beyond the bounds. */
export async function readPush(stdin: string, place: GitPlace): Promise<Push> {
  const lines = stdin.split('\n').filter(Boolean)
  if (lines.length === 0 || lines.length > MAX_UPDATES)
    throw new Failure('usage', 'bad_push', 'stdin does not hold the updates of a push')
  const updates: Update[] = []
  for (const line of lines) updates.push(await readUpdate(line, place))
  return { updates, commits: await newCommits(updates, place) }
}

async function readUpdate(line: string, place: GitPlace): Promise<Update> {
  const [, oldId = '', newId = '', ref = ''] = LINE.exec(line) ?? []
  if (!ID.test(oldId) || !ID.test(newId))
    throw new Failure('usage', 'bad_push', 'a line of the push is not: old new ref')
  return { ref, oldId, newId, isForced: await isForced(oldId, newId, place) }
}

export function isNothing(id: string): boolean {
  return /^0+$/u.test(id)
}

/** A move that leaves commits behind. New references leave none; deletions are seen by their new id. */
async function isForced(oldId: string, newId: string, place: GitPlace): Promise<boolean> {
  if (isNothing(oldId) || isNothing(newId)) return false
  const { code } = await tryGit(place, 'merge-base', '--is-ancestor', oldId, newId)
  return code !== 0
}

/** Parents before children, so that a reader can judge each commit with its parents known. */
async function newCommits(updates: readonly Update[], place: GitPlace): Promise<Push['commits']> {
  const tips = updates.map(({ newId }) => newId).filter((id) => !isNothing(id))
  if (tips.length === 0) return []
  const listed = await git(
    place,
    'rev-list',
    '--topo-order',
    '--reverse',
    `--max-count=${MAX_COMMITS + 1}`,
    ...tips,
    '--not',
    '--all',
  )
  const ids = listed.split('\n').filter(Boolean)
  if (ids.length > MAX_COMMITS)
    throw new Failure('failed', 'push_too_large', `this push brings more than ${MAX_COMMITS} commits`, {
      next: 'push in smaller steps',
    })
  if (ids.length === 0) return []
  const batch = await pipeGit(place, ['cat-file', '--batch'], `${ids.join('\n')}\n`, MAX_OBJECT_BYTES)
  return splitBatch(batch, ids).map((object) => ({ object: base64.encode(object) }))
}

/** `<id> commit <size>\n<bytes>\n`, once for each id. */
export function splitBatch(batch: Uint8Array, ids: readonly string[]): Uint8Array[] {
  const bytes = Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength)
  let at = 0
  return ids.map((id) => {
    const end = bytes.indexOf(0x0a, at)
    const [, sizeBytes] =
      new RegExp(`^${id} commit (\\d+)$`, 'u').exec(bytes.toString('latin1', at, Math.max(end, at))) ?? []
    if (sizeBytes === undefined) throw new Failure('failed', 'git_failed', `git does not have commit ${id}`)
    const start = end + 1
    at = start + Number(sizeBytes) + 1
    if (at > bytes.length) throw new Failure('failed', 'git_failed', `git sent commit ${id} in part`)
    return bytes.subarray(start, at - 1)
  })
}
