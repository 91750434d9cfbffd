/** The log key this browser saw first at this address is the one it goes on trusting, until its person says otherwise. */

/** `key` is trusted; `offered` is what the server names now. */
export type Pin = { readonly key: string; readonly offered: string; readonly mismatch: boolean }

const SLOT = 'countersign.log-key'

/**
 * Remembers `offered` on first sight; afterwards the remembered key stands. One slot for the whole address and not one
 * per origin line: a server that renames its log must not look new.
 */
export function pinKey(offered: string, storage: Storage): Pin {
  const known = storage.getItem(SLOT)
  if (known === null) storage.setItem(SLOT, offered)
  return { key: known ?? offered, offered, mismatch: known !== null && known !== offered }
}

/** The person has compared the new key by another channel and takes it. */
export function trustKey(offered: string, storage: Storage): void {
  storage.setItem(SLOT, offered)
}
