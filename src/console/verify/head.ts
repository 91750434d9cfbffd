/** The newest log head this browser has verified, kept so that a log that shrinks or shows two histories is noticed. */

/** `rootHash` in base64, under the log key it was verified with. */
export type Head = { readonly key: string; readonly size: number; readonly rootHash: string }

const SLOT = 'countersign.head'

export function readHead(storage: Storage): Head | undefined {
  try {
    const head = JSON.parse(storage.getItem(SLOT) ?? 'null') as Partial<Head> | null
    const { key, size, rootHash } = head ?? {}
    return typeof key === 'string' && typeof size === 'number' && typeof rootHash === 'string'
      ? { key, size, rootHash }
      : undefined
  } catch {
    return undefined
  }
}

export function rememberHead(head: Head, storage: Storage): void {
  const kept = readHead(storage)
  if (kept?.key !== head.key || kept.size < head.size) storage.setItem(SLOT, JSON.stringify(head))
}

/** A log only grows, and has one root hash for each size. Heads under another key say nothing about each other. */
export function contradicts(head: Head, seen: Head): boolean {
  if (head.key !== seen.key) return false
  return head.size < seen.size || (head.size === seen.size && head.rootHash !== seen.rootHash)
}
