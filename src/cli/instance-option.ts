/** What `init` and `up` are told: where everything is kept, and how it is reached. */

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { InstanceOptions } from '../control/instance.ts'
import { Failure } from './failure.ts'

const ROOT = resolve(import.meta.dirname, '../..')
export const DEFAULT_PORT = 7443

export interface InstanceFlags {
  readonly dir?: string
  readonly port?: string
  readonly publicUrl?: string
  readonly origin?: string
  readonly passphraseFile?: string
  readonly policies?: string
}

/** Throws a Failure for flags that cannot be meant. */
export async function instanceOptions(flags: InstanceFlags): Promise<InstanceOptions & { readonly port: number }> {
  const port = parsePort(flags.port)
  const publicUrl = parsePublicUrl(flags.publicUrl ?? `http://localhost:${port}`)
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return {
    directory: resolve(flags.dir ?? '.countersign'),
    publicUrl: publicUrl.origin,
    origin: flags.origin ?? originFor(publicUrl),
    policyDirectory: resolve(flags.policies ?? join(ROOT, 'policies')),
    version,
    port,
    ...(flags.passphraseFile && { passphraseFile: resolve(flags.passphraseFile) }),
  }
}

function parsePort(text: string | undefined): number {
  const port = Number(text ?? DEFAULT_PORT)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new Failure('usage', 'bad_port', `"${text}" is not a port`, { next: '--port 7443' })
}

/** Passkeys work over https, and over http on this very machine by the name localhost. */
function parsePublicUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || url.pathname !== '/' || url.search || url.hash || url.username)
    throw new Failure('usage', 'bad_public_url', `"${text}" is not the address of a server`, {
      next: '--public-url https://countersign.example',
    })
  if (url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost')) return url
  throw new Failure(
    'usage',
    'insecure_public_url',
    `browsers make passkeys only for https, or for http://localhost, not for ${url.origin}`,
    {
      next: '--public-url https://… with TLS in front, or an SSH tunnel to localhost',
    },
  )
}

/** A log's name is never used twice; on one machine there may be many logs, so each gets a name of its own. */
function originFor({ hostname }: URL): string {
  return hostname === 'localhost' ? `${randomBytes(5).toString('hex')}.localhost` : hostname
}
