/** `countersign init`: makes the log and its keys, says who may witness it and who may administer it, and ends. */

import { readFile } from 'node:fs/promises'
import { Instance } from '../control/instance.ts'
import { StoreError } from '../store/error.ts'
import { Failure } from './failure.ts'
import { instanceOptions, type InstanceFlags } from './instance-option.ts'
import type { Terminal } from './terminal.ts'

export async function run(flags: InstanceFlags, terminal: Terminal): Promise<number> {
  const options = await instanceOptions(flags)
  try {
    await using instance = await Instance.open(options)
    const setupUrl = await setupUrlOf(instance)
    const made = {
      directory: options.directory,
      origin: instance.log.origin,
      logKey: instance.logKey,
      treeSize: instance.log.size,
      ...(setupUrl && { setupUrl }),
    }
    terminal.result(made, () =>
      [
        `log        ${made.origin}, ${made.treeSize} leaves, in ${made.directory}`,
        `key        ${made.logKey}`,
        ...(setupUrl ? [`first      ${setupUrl} makes the first administrator, once the server runs`] : []),
        `witness    countersign witness --dir DIR --log '${made.logKey}' --mirror`,
        `start      countersign up --dir ${made.directory}`,
      ].join('\n'),
    )
    return 0
  } catch (error) {
    throw openFailure(error)
  }
}

/** The one-time link for the first administrator, until it was used. */
export async function setupUrlOf({ setupFile, ledger, options }: Instance): Promise<string | undefined> {
  const isNeeded = [...ledger.state.people.values()].every(({ enrolledAt }) => enrolledAt === undefined)
  if (!isNeeded) return undefined
  return `${options.publicUrl}/enrol#${(await readFile(setupFile, 'utf8')).trim()}`
}

/** What kept an instance from opening, as a command's failure. */
export function openFailure(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  return new Failure(
    error.code === 'rolled_back' || error.code === 'damaged' ? 'unverified' : 'failed',
    error.code,
    error.message,
  )
}
