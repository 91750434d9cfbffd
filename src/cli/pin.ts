/** Which log this machine believes, per server: given, or the first one seen, and never silently another. */

import { discovery, type Discovery } from './contract.ts'
import { isSplit, unverified, type Head, type LogPin } from './proof.ts'
import { pinFile, variable } from './setting.ts'
import { readJson, writeJson, type StateFile } from './state-file.ts'
import type { Environment, Terminal } from './terminal.ts'

/** Where a pin is kept between commands. */
export interface PinStore {
  read(): StoredPin | undefined
  write(pin: StoredPin): void
}

export type StoredPin = LogPin & { readonly head?: Head | undefined }

/** A pin that lives as long as this process: for jobs, whose machine forgets everything. */
export function memoryPin(pin?: StoredPin): PinStore {
  let kept = pin
  return { read: () => kept, write: (next) => void (kept = next) }
}

/** The pin beside the login. `COUNTERSIGN_LOG_KEY` stands above what was seen first. */
export function filedPin(env: Environment, server: string): PinStore {
  const file = pinFile(env, server)
  const logKey = variable(env, 'COUNTERSIGN_LOG_KEY')
  return {
    read: () => {
      const stored = readPin(file)
      if (!logKey || stored?.logKey === logKey) return stored
      return { origin: originOf(logKey), logKey }
    },
    write: (pin) => writeJson(file, pin),
  }
}

function readPin(file: StateFile): StoredPin | undefined {
  const stored = readJson(file)
  if (typeof stored?.['origin'] !== 'string' || typeof stored['logKey'] !== 'string') return undefined
  const { origin, logKey, head } = stored as unknown as StoredPin
  return { origin, logKey, head }
}

/** A key of a log is named after its origin. */
export function originOf(logKey: string): string {
  return logKey.slice(0, Math.max(0, logKey.indexOf('+')))
}

/** The pinned log; on first use the one that the server names, which people are told. */
export async function resolvePin(
  store: PinStore,
  discover: () => Promise<unknown>,
  terminal: Terminal,
): Promise<StoredPin> {
  const known = store.read()
  if (known) return known
  const { origin, logKey }: Discovery = discovery.parse(await discover())
  const pin = { origin, logKey }
  store.write(pin)
  terminal.say(`trusting the log on first use: ${logKey}`)
  return pin
}

/** Remembers the largest head. Throws a Failure `unverified` when the log signed another root for a size seen before. */
export function rememberHead(store: PinStore, pin: StoredPin, head: Head): StoredPin {
  if (pin.head && isSplit(pin.head, head)) {
    throw unverified('split_view', `the log signed two different histories of ${head.treeSize} leaves`)
  }
  if (pin.head && pin.head.treeSize >= head.treeSize) return pin
  const next = { ...pin, head }
  store.write(next)
  return next
}
