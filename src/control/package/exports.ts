/**
 * Packages on their way out: made for whoever the policies let take them, named in the log before they go, and kept here for a
 * quarter of an hour at most, since what is erased must be gone from here too.
 */

import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf, type DigestText } from '../../bytes/digest.ts'
import type { Asked } from '../../domain/package/manifest.ts'
import { isRefusal, refuse, type Refusal } from '../../evidence/refusal.ts'
import { StoreError } from '../../store/error.ts'
import { Stamps } from '../../store/stamps.ts'
import type { Written } from '../../store/package.ts'
import { freshNonce } from '../fresh.ts'
import type { Request } from '../handle.ts'
import type { Instance } from '../instance.ts'
import type { Recorded } from '../ledger.ts'
import { readControls } from './controls.ts'
import { findRange, type LeafRange } from './range.ts'
import { exportInThread } from './thread.ts'

const KEPT_MS = 15 * 60 * 1000
const MAX_KEPT = 4

export type Made = {
  readonly path: string
  readonly sizeBytes: number
  readonly until: number
}
export type Exported = { readonly recorded: Recorded; readonly sizeBytes: number }

export class Exports implements AsyncDisposable {
  readonly #instance: Instance
  readonly #directory: string
  readonly #made = new Map<string, Made>()
  readonly #unfollow: () => void
  #isBusy = false
  #cleared: Promise<unknown> | undefined

  constructor(instance: Instance) {
    this.#instance = instance
    this.#directory = join(instance.options.directory, 'exports')
    this.#unfollow = instance.ledger.follow(({ leaf: { event } }) => {
      if (event.type === 'erasure.ordered' || event.type === 'erasure.done') void this.forget().catch(() => undefined)
    })
  }

  /** One after the other: each reads much of the log. It is given up when `signal` says that nobody waits for it any more. */
  async give(asked: Asked, request: Omit<Request, 'command'>, signal?: AbortSignal): Promise<Exported | Refusal> {
    const range = await findRange(asked, this.#instance.log)
    if (isRefusal(range)) return range
    const command = (digest: DigestText) => commandOf(asked, range, digest)
    // Nothing is made for whom it is not meant; the refusal is a leaf, and names a package of nothing.
    const nothing = { ...request, command: command(digestOf(new Uint8Array(0))) }
    if (!this.#instance.wouldAllow(nothing)) return this.#record(nothing, 0)
    if (this.#isBusy) return refuse('busy', 'Another package is being made; ask again when it is there.')
    this.#isBusy = true
    try {
      return await this.#make(asked, range, request, command, signal)
    } catch (error) {
      if (error instanceof StoreError && error.code === 'size') return refuse('too_large', `${error.message}.`)
      if (error instanceof StoreError && error.code === 'closed')
        return refuse('busy', 'It took too long to make this package; choose a shorter period, or ask again later.')
      throw error
    } finally {
      this.#isBusy = false
    }
  }

  /** For whoever took it, and nobody else. */
  made(digest: string, holder: string): Made | undefined {
    const found = this.#made.get(keyOf(digest, holder))
    return found && found.until > this.#instance.clock() ? found : undefined
  }

  /** Every package is gone from here: something in one of them may have been erased. */
  async forget(): Promise<void> {
    this.#made.clear()
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #make(
    asked: Asked,
    range: LeafRange,
    request: Omit<Request, 'command'>,
    command: (digest: DigestText) => Request['command'],
    signal: AbortSignal | undefined,
  ): Promise<Exported | Refusal> {
    // What a process before us left behind.
    await (this.#cleared ??= this.forget())
    await this.#makeRoom()
    const { log, evidence, signer, options } = this.#instance
    const witnesses = (options.witnesses ?? []).map(({ key }) => key)
    const stamps = new Stamps(join(options.directory, 'log/public'))
    const source = { log, evidence, signer, witnesses, version: options.version, controls: readControls(), stamps }
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const path = join(this.#directory, freshNonce())
    const place = { path, evidenceDirectory: join(options.directory, 'evidence') }
    const written = await exportInThread(source, asked, range, place, signal)
    const exported = await this.#record({ ...request, command: command(written.digest) }, written.sizeBytes)
    if (isRefusal(exported) || exported.recorded.decision.outcome !== 'allowed') await rm(path, { force: true })
    else await this.#keep(path, written, exported.recorded.leaf.caller.id)
    return exported
  }

  async #record(request: Request, sizeBytes: number): Promise<Exported | Refusal> {
    const recorded = await this.#instance.handle(request)
    return isRefusal(recorded) ? recorded : { recorded, sizeBytes }
  }

  async #keep(path: string, { digest, sizeBytes }: Written, holder: string): Promise<void> {
    const key = keyOf(digest, holder)
    const before = this.#made.get(key)
    if (before) await this.#drop(key, before.path)
    const until = this.#instance.clock() + KEPT_MS
    this.#made.set(key, { path, sizeBytes, until })
    setTimeout(() => void this.#drop(key, path), KEPT_MS).unref()
  }

  async #drop(key: string, path: string): Promise<void> {
    if (this.#made.get(key)?.path === path) this.#made.delete(key)
    await rm(path, { force: true }).catch(() => undefined)
  }

  async #makeRoom(): Promise<void> {
    for (const [key, { path }] of [...this.#made].slice(0, Math.max(0, this.#made.size + 1 - MAX_KEPT)))
      await this.#drop(key, path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unfollow()
    await this.forget()
  }
}

/** A package is for whoever had it made. */
function keyOf(digest: string, holder: string): string {
  return `${digest} ${holder}`
}

function commandOf({ framework, withhold }: Asked, range: LeafRange, digest: DigestText): Request['command'] {
  return { type: 'export evidence', ...range, digest, ...(framework && { framework }), ...(withhold && { withhold }) }
}
