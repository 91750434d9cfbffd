/** A directory on the disk that holds the checkout: a temporary one may be memory, where every sync is free. */

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** Gone with everything in it when it is disposed of. */
export async function openPlace(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(ROOT, '.countersign-bench-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
