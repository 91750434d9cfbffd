/** Whether the log's newest checkpoint was signed by the key this browser trusts, and by which witnesses: checked here. */

import { useQuery } from '@tanstack/react-query'
import { useLog, useWellKnown } from '../api/query.ts'
import type { LogStatus } from '../api/shape.ts'
import { rememberHead } from '../part/checked.ts'
import { formatBase64 } from '../verify/bytes.ts'
import { checkCheckpoint } from '../verify/leaf.ts'
import { contradicts, readHead, rememberHead as keepHead } from '../verify/head.ts'
import { parseKey, parseNote, verifyNote } from '../verify/note.ts'
import { pinKey, trustKey, type Pin } from '../verify/pin.ts'
import { leadsTo } from '../verify/rotation.ts'

/** `cosigned` counts witnesses whose cosignature on this very checkpoint, of `size` leaves, verifies here. */
export type LogCheck = {
  readonly ok: boolean
  readonly sentence: string
  readonly cosigned: number
  readonly size: number
}

/**
 * The log key this browser trusts; undefined until the server was asked, and while a key that the server names instead is looked into:
 * the trusted one may vouch for it.
 */
export function usePin(): Pin | undefined {
  const known = useWellKnown()
  const pin = known.data ? pinKey(known.data.logKey, localStorage) : undefined
  const followed = useQuery({
    queryKey: ['rotation', pin?.key, pin?.offered],
    queryFn: () => follow(pin!),
    enabled: pin?.mismatch ?? false,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  if (!pin?.mismatch) return pin
  if (followed.isPending) return undefined
  return followed.data ? { key: pin.offered, offered: pin.offered, mismatch: false } : pin
}

async function follow({ key, offered }: Pin): Promise<boolean> {
  const isVouchedFor = await leadsTo(key, offered, async (path) => {
    const response = await fetch(`/log/${path}`, { redirect: 'error' })
    return response.ok ? response.text() : undefined
  })
  if (isVouchedFor) trustKey(offered, localStorage)
  return isVouchedFor
}

export function useLogCheck() {
  const log = useLog()
  const pin = usePin()
  return useQuery({
    queryKey: ['log-check', log.data?.checkpoint, log.data?.treeSize, log.data?.rootHash, pin?.key],
    queryFn: () => checkLog(log.data!, pin!.key),
    enabled: log.data !== undefined && pin !== undefined,
    placeholderData: (before) => before,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })
}

// Taken when the page opens: what another tab learns later must not look like a log that shrank.
let seen = readHead(localStorage)

async function checkLog(log: LogStatus, key: string): Promise<LogCheck> {
  const refuse = (sentence: string): LogCheck => ({ ok: false, cosigned: 0, size: 0, sentence })
  try {
    const { treeSize: size, rootHash } = await checkCheckpoint(log.checkpoint, key)
    const head = { key, size, rootHash: formatBase64(rootHash) }
    if (size > log.treeSize || (size === log.treeSize && head.rootHash !== log.rootHash))
      return refuse('The log head shown is not the one that was signed.')
    if (seen && contradicts(head, seen)) return refuse('This browser has seen a log head that contradicts this one.')
    seen = head
    keepHead(head, localStorage)
    rememberHead(log.treeSize)
    const cosigned = await countCosignatures(log)
    return {
      ok: true,
      cosigned,
      size,
      sentence: `Checkpoint at ${size} leaves signed by the log key this browser trusts.`,
    }
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : 'The checkpoint cannot be read'}.`)
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
