/** `countersign restore`: a damaged log made whole while its server is down, from what is left of it and a witness's copy. */

import { join, resolve } from 'node:path'
import { restoreLog, type Restored } from '../control/restore.ts'
import { verifyLog } from '../control/verification.ts'
import { WitnessError } from '../control/witness-client.ts'
import { StoreError } from '../store/error.ts'
import { diskFiles } from '../store/file.ts'
import { openKeys } from '../store/keys.ts'
import { locateLog } from '../store/stored.ts'
import { ed25519Signer, NOTE_SIGNATURE, rawPublicKey, verifierKey } from '../tlog/key.ts'
import { EXIT, Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export interface RestoreOptions {
  /** The data directory of a server that is not running. */
  readonly data: string
  /** Base URL of a witness that keeps a copy, or a directory with one. */
  readonly from: string
  /** Opens the key of the log where that is encrypted. */
  readonly passphraseFile?: string
  /** Leave out local leaves that the copy's signed history does not have. */
  readonly discardLocal?: boolean
  /** Look at every stored byte afterwards. */
  readonly verify?: boolean
  /** Needed only when the whole log directory is gone. */
  readonly origin?: string
}

/** 0 when the log is whole now (also when it was before); a failure says what is missing. */
export async function run(options: RestoreOptions, terminal: Terminal): Promise<number> {
  const directory = resolve(options.data)
  using progress = terminal.progress('leaves')
  try {
    const restored = await restoreLog({
      directory,
      from: options.from,
      ...(await keysOf(directory, options)),
      onProgress: (done, total) => progress.update(done, total),
      ...(options.discardLocal && { discardLocal: true }),
    })
    progress[Symbol.dispose]()
    if (options.verify) await requireWhole(directory, terminal)
    terminal.result({ ok: true, ...restored, ...(options.verify && { verified: true }) }, () =>
      textOf(restored, directory, terminal),
    )
    return EXIT.ok
  } catch (error) {
    progress[Symbol.dispose]()
    throw failureOf(error)
  }
}

async function requireWhole(directory: string, terminal: Terminal): Promise<void> {
  using progress = terminal.progress('leaves')
  const onProgress = (done: number, total: number) => progress.update(done, total)
  const [first] = (await verifyLog({ path: directory, onProgress })).findings
  if (first) throw new StoreError('damaged', `the restored log does not verify: ${first.problem}`)
}

async function keysOf(directory: string, { passphraseFile, origin: named }: RestoreOptions) {
  const origin = (await locateLog(directory).catch(() => undefined))?.origin ?? named
  if (origin === undefined)
    throw new Failure('usage', 'no_origin', `there is no log in ${directory} that says its origin`, {
      next: '--origin <origin>',
    })
  // A key that is made now could sign nothing that anybody believes.
  if (!(await diskFiles.read(join(directory, 'keys', 'log.pem'))))
    throw new Failure('notFound', 'no_key', `the key of the log is not in ${join(directory, 'keys')}`, {
      next: 'restore that directory from a backup first',
    })
  const keys = await openKeys({ directory: join(directory, 'keys'), ...(passphraseFile && { passphraseFile }) })
  const { privateKey, formerPublicKeys } = await keys.open('log')
  return {
    origin,
    signer: ed25519Signer(origin, NOTE_SIGNATURE, privateKey),
    formerKeys: formerPublicKeys.map((key) => verifierKey(origin, NOTE_SIGNATURE, rawPublicKey(key))),
  }
}

function failureOf(error: unknown): unknown {
  if (error instanceof WitnessError)
    return new Failure('failed', 'witness_failed', `the copy cannot be read: ${error.message}`)
  if (!(error instanceof StoreError)) return error
  const next = error.code === 'locked' ? 'while it runs, ask it: POST /api/v1/log/repair' : undefined
  return new Failure(error.code === 'damaged' ? 'unverified' : 'failed', error.code, error.message, { next })
}

function textOf({ treeSize, fetched, discarded, kept }: Restored, directory: string, { paint }: Terminal): string {
  if (fetched.length === 0 && kept === undefined)
    return paint.good(`✓ nothing to restore: ${treeSize} leaves are whole`)
  return [
    paint.good(`✓ ${treeSize} leaves are whole again; ${fetched.length} came from the copy`),
    ...(fetched.length > 0 ? [`  leaves ${fetched.slice(0, 10).join(', ')}${fetched.length > 10 ? ', …' : ''}`] : []),
    ...(discarded > 0 ? [paint.amber(`  ${discarded} local leaves are not part of it`)] : []),
    ...(kept === undefined ? [] : [`  the damaged log is kept in ${printable(kept)}`]),
    `  next: countersign verify ${printable(directory)}`,
  ].join('\n')
}
