/** Whether the log's newest checkpoint was signed by the key this browser trusts, and by which witnesses: checked here. */

import { useQuery } from '@tanstack/react-query'
import { useLog, useWellKnown } from '../api/query.ts'
import type { LogStatus } from '../api/shape.ts'
import { rememberHead } from '../part/checked.ts'
import { formatBase64 } from '../verify/bytes.ts'
import { checkCheckpoint } from '../verify/leaf.ts'
import { parseKey, parseNote, verifyNote } from '../verify/note.ts'
import { pinKey, type Pin } from '../verify/pin.ts'

/** `cosigned` counts witnesses whose cosignature on this very checkpoint verifies here. */
export type LogCheck = { readonly ok: boolean; readonly sentence: string; readonly cosigned: number }

/** The log key this browser trusts; undefined until the server was asked. */
export function usePin(): Pin | undefined {
  const known = useWellKnown()
  return known.data ? pinKey(known.data.logKey, localStorage) : undefined
}

export function useLogCheck() {
  const log = useLog()
  const pin = usePin()
  const checkpoint = log.data?.checkpoint
  return useQuery({
    queryKey: ['log-check', checkpoint, pin?.key],
    queryFn: () => checkLog(log.data!, pin!.key),
    enabled: log.data !== undefined && pin !== undefined,
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
}

async function checkLog(log: LogStatus, key: string): Promise<LogCheck> {
  try {
    const checkpoint = await checkCheckpoint(log.checkpoint, key)
    if (checkpoint.treeSize !== log.treeSize || formatBase64(checkpoint.rootHash) !== log.rootHash)
      return { ok: false, cosigned: 0, sentence: 'The log head shown is not the one that was signed.' }
    if (wentBack(checkpoint.treeSize, log.rootHash, key))
      return { ok: false, cosigned: 0, sentence: 'This browser has seen a log head that contradicts this one.' }
    rememberHead(checkpoint.treeSize)
    return { ok: true, cosigned: await countCosignatures(log), sentence: 'Signed by the log key this browser trusts.' }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : 'The checkpoint cannot be read'
    return { ok: false, cosigned: 0, sentence: `${sentence}.` }
  }
}

async function countCosignatures(log: LogStatus): Promise<number> {
  const note = parseNote(log.checkpoint)
  const answers = await Promise.all(
    log.witnesses.map(async ({ key }) => {
      try {
        return await verifyNote(note, await parseKey(key))
      } catch {
        return 'absent'
      }
    }),
  )
  return answers.filter((answer) => answer === 'valid').length
}

const HEAD = 'countersign.head'

/** A log that shrank, or shows another root at a size seen before, is not the log this browser knows. */
function wentBack(treeSize: number, rootHash: string, key: string): boolean {
  const seen = readHead()
  if (seen?.key === key && (treeSize < seen.treeSize || (treeSize === seen.treeSize && rootHash !== seen.rootHash)))
    return true
  localStorage.setItem(HEAD, JSON.stringify({ key, treeSize, rootHash }))
  return false
}

function readHead(): { key: string; treeSize: number; rootHash: string } | undefined {
  try {
    return JSON.parse(localStorage.getItem(HEAD) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}
