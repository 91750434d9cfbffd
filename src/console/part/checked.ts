/** Who checked a leaf: this browser remembers what it recomputed itself since the page was opened. */

import { useSyncExternalStore } from 'react'

export type Checked = 'here' | 'server' | 'unsigned' | 'mismatch'

const verdicts = new Map<number, 'here' | 'mismatch'>()
const listeners = new Set<() => void>()
let signedSize = Number.POSITIVE_INFINITY

export function rememberVerdict(leafIndex: number, ok: boolean): void {
  const verdict = ok ? 'here' : 'mismatch'
  if (verdicts.get(leafIndex) === verdict) return
  verdicts.set(leafIndex, verdict)
  for (const listener of listeners) listener()
}

/** The size of the newest signed tree: leaves at or beyond it are not signed in yet. */
export function rememberHead(treeSize: number): void {
  if (signedSize === treeSize) return
  signedSize = treeSize
  for (const listener of listeners) listener()
}

export function useChecked(leafIndex: number): Checked {
  return useSyncExternalStore(
    subscribe,
    () => verdicts.get(leafIndex) ?? (leafIndex < signedSize ? 'server' : 'unsigned'),
  )
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
