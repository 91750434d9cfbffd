/** Putting a log together: the lock, what recovery finds, and the refusal of anything that does not fit what was signed. */

import { join } from 'node:path'
import { parse } from '../bytes/json.ts'
import type { Signer, VerifierKey } from '../tlog/key.ts'
import { Tree } from '../tlog/tree.ts'
import { Compressor, type CompressSources } from './compress.ts'
import { Disclosures } from './disclosure.ts'
import { codeOf, reasonOf, StoreError } from './error.ts'
import { diskFiles, type Files } from './file.ts'
import { signHead, type Head } from './head.ts'
import { cosignedPath, Keeper } from './keeper.ts'
import { Leaves } from './leaves.ts'
import { lockDirectory } from './lock.ts'
import { Publisher, type Published } from './publication.ts'
import { recover, requireNoRollback, type Recovered } from './recovery.ts'
import type { RepairSources } from './repair.ts'
import { countSealed, PUBLIC_DIRECTORY_MODE, Sealer } from './seal.ts'
import { Tiles } from './tiles.ts'
import { createWal, removeLeftovers, Wal } from './wal.ts'
import { Writer } from './writer.ts'

const FORMAT = 1
const DEFAULT_SEGMENT_BYTES = 1 << 24
const MIN_SEGMENT_BYTES = 1 << 19

export interface LogOptions {
  readonly directory: string
  /** A bare host name, fixed when the log is created. */
  readonly origin: string
  /** Signs every checkpoint; its key's name is the origin. */
  readonly signer: Signer
  /** Also signs every checkpoint, while its key is being replaced. */
  readonly overlapping?: Signer | undefined
  /** Keys that signed earlier checkpoints of this log. */
  readonly formerKeys?: readonly VerifierKey[]
  /** The disk; tests pass one that fails. */
  readonly files?: Files
  /** Size of a write-ahead segment: 512 KiB and more, 16 MiB unless said. */
  readonly segmentBytes?: number
  /** Least time between two publications, 1,000 ms unless said. */
  readonly publishIntervalMs?: number
  /** Sealed bundles become gzip files once so many leaves (such as 4,096) follow; unless said they stay raw. */
  readonly compressBehind?: number
  /** Time between two attempts to go on after a failed write, 1,000 ms unless said. */
  readonly probeIntervalMs?: number
}

export interface LogParts {
  readonly lock: Disposable
  readonly tiles: Tiles
  readonly wal: Wal
  readonly writer: Writer
  readonly keeper: Keeper
  readonly leaves: Leaves
  readonly sources: RepairSources
}

interface Setting {
  readonly options: LogOptions
  readonly files: Files
  readonly publicDirectory: string
  readonly walDirectory: string
  readonly segmentBytes: number
}

export async function openParts(options: LogOptions): Promise<LogParts> {
  if (options.signer.key.name !== options.origin) {
    throw new TypeError(
      `the signer of a log is named after its origin ${options.origin}, not ${options.signer.key.name}`,
    )
  }
  const setting: Setting = {
    options,
    files: options.files ?? diskFiles,
    publicDirectory: join(options.directory, 'public'),
    walDirectory: join(options.directory, 'wal'),
    segmentBytes: Math.max(MIN_SEGMENT_BYTES, options.segmentBytes ?? DEFAULT_SEGMENT_BYTES),
  }
  await attempt(options, () => setting.files.makeDirectory(options.directory, PUBLIC_DIRECTORY_MODE))
  const lock = lockDirectory(options.directory)
  try {
    return await attempt(options, () => assemble(setting, lock))
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

async function attempt<T>({ directory }: LogOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError || codeOf(error) === undefined) throw error
    throw new StoreError('unwritable', `couldn't open the log in ${directory}: ${reasonOf(error)}`, { cause: error })
  }
}

async function assemble(setting: Setting, lock: Disposable): Promise<LogParts> {
  const { options, files, publicDirectory, walDirectory, segmentBytes } = setting
  await files.makeDirectory(walDirectory, 0o700)
  await files.makeDirectory(publicDirectory, PUBLIC_DIRECTORY_MODE)
  await removeLeftovers({ directory: walDirectory, files })
  if (!(await isCreated(setting))) await create(setting)

  const tiles = new Tiles(files, publicDirectory)
  const { segments, head } = await recoverChecked(setting, tiles)
  await segments.at(-1)!.wipe()

  const relieve = () => keeper.relieve()
  const wal = new Wal({ directory: walDirectory, files, segmentBytes, relieve }, segments)
  const disclosures = new Disclosures(files, join(options.directory, 'disclosures'))
  const sealed = await countSealed(files, publicDirectory, segments[0]!.start)
  const sealer = new Sealer({ files, publicDirectory, disclosures }, tiles, wal, sealed)
  tiles.sealed(sealer.size)
  const leaves = new Leaves({ files, publicDirectory, tiles, wal, sealer })
  const publisher = new Publisher(files, publicDirectory, tiles, leaves, sealer)
  const compressor = compressorOf(setting, tiles, (work) => keeper.inTurn(work))
  const keeper = new Keeper(
    { ...options, files, publishIntervalMs: options.publishIntervalMs ?? 1000, keys: keysOf(options) },
    { tiles, wal, sealer, publisher, disclosures, compressor },
    head,
    await readCosigned(setting),
  )
  const onCommit = (latest: Head) => keeper.committed(latest)
  const writer = new Writer(
    {
      ...options,
      signers: signersOf(options),
      segmentBytes,
      probeIntervalMs: options.probeIntervalMs ?? 1000,
      onCommit,
    },
    tiles,
    wal,
    head,
  )
  keeper.committed(head)
  const sources: RepairSources = {
    ...{ files, publicDirectory, tiles, wal, sealer, publisher, leaves },
    origin: options.origin,
    signers: () => writer.signers,
    keys: () => keeper.keys,
  }
  return { lock, tiles, wal, writer, keeper, leaves, sources }
}

function compressorOf(setting: Setting, tiles: Tiles, inTurn: CompressSources['inTurn']): Compressor | undefined {
  const { options, files, publicDirectory } = setting
  const sources = { files, publicDirectory, hashes: (bundle: number) => tiles.read(0, bundle), inTurn }
  return options.compressBehind === undefined ? undefined : new Compressor(sources, options.compressBehind)
}

/** `meta.json` comes last when a log is made: with it, everything else must be there. */
async function isCreated({ options, files }: Setting): Promise<boolean> {
  const bytes = await files.read(metaPath(options))
  if (!bytes) return false
  const meta = parse(bytes.toString()) as { format?: unknown; origin?: unknown }
  if (meta.format !== FORMAT)
    throw new StoreError('damaged', `${metaPath(options)} is not of format ${FORMAT}; use the version that wrote it`)
  if (meta.origin !== options.origin) {
    throw new StoreError(
      'rolled_back',
      `the log in ${options.directory} has the origin ${String(meta.origin)}, not ${options.origin}; an origin never changes`,
    )
  }
  return true
}

async function create({ options, files, walDirectory, segmentBytes }: Setting): Promise<void> {
  if ((await files.list(join(options.directory, 'public'))).length > 0) {
    throw new StoreError(
      'damaged',
      `${metaPath(options)} is gone but tiles are there; restore the directory from a copy`,
    )
  }
  const empty = signHead(options.origin, new Tree(), signersOf(options))
  const segment = await createWal({ directory: walDirectory, files, segmentBytes }, empty.note)
  await segment.close()
  await files.replace(
    metaPath(options),
    Buffer.from(`${JSON.stringify({ format: FORMAT, origin: options.origin })}\n`),
    0o644,
  )
  await files.syncDirectory(options.directory)
}

async function recoverChecked(
  { options, files, publicDirectory, walDirectory }: Setting,
  tiles: Tiles,
): Promise<Recovered> {
  const recovery = { directory: walDirectory, files, origin: options.origin, keys: keysOf(options) }
  const recovered = await recover(recovery, tiles)
  for (const path of [join(publicDirectory, 'checkpoint'), cosignedPath(options.directory)]) {
    await requireNoRollback(path, recovery, recovered.head, tiles)
  }
  return recovered
}

async function readCosigned({ options, files }: Setting): Promise<Published | undefined> {
  const bytes = await files.read(cosignedPath(options.directory))
  if (!bytes) return undefined
  const note = bytes.toString()
  return { size: Number(note.split('\n', 2)[1]), note }
}

function signersOf({ signer, overlapping }: LogOptions): Signer[] {
  return overlapping ? [signer, overlapping] : [signer]
}

function keysOf({ signer, formerKeys }: LogOptions) {
  return [signer.key, ...(formerKeys ?? [])]
}

function metaPath({ directory }: LogOptions): string {
  return join(directory, 'meta.json')
}
