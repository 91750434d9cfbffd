/** An artifact as it was named on the command line: a file, hashed here, or its digest. */

import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { basename } from 'node:path'
import { Failure } from './failure.ts'

export interface Artifact {
  readonly name: string
  /** `sha256:` and 64 hex digits. */
  readonly digest: string
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/u

export async function readArtifact(text: string): Promise<Artifact> {
  if (DIGEST.test(text)) return { name: text, digest: text }
  if (!statSync(text, { throwIfNoEntry: false })?.isFile()) {
    throw new Failure('notFound', 'no_artifact', `${text} is neither a file nor a digest`, {
      next: 'name a file, or sha256:<64 hex digits>',
    })
  }
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(text)) hash.update(chunk as Uint8Array)
  return { name: basename(text), digest: `sha256:${hash.digest('hex')}` }
}
