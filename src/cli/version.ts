/** Versions: of this client, of the Node that runs it, and of the server when one is known. */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { discovery } from './contract.ts'
import { tryGit } from './git.ts'
import { strangerClient } from './login-file.ts'
import type { Terminal } from './terminal.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export async function run(_options: object, terminal: Terminal): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string }
  const { code, stdout: commit } = await tryGit(
    { env: terminal.env, gitDir: join(ROOT, '.git') },
    'rev-parse',
    'HEAD',
  ).catch(() => ({ code: 1, stdout: '' }))
  const server = await serverVersion(terminal)
  const found = { version, node: process.versions.node, ...(code === 0 && { commit }), ...(server && { server }) }
  terminal.result(found, () =>
    [
      `countersign ${version}${code === 0 ? ` (${commit.slice(0, 12)})` : ''}, node ${process.versions.node}`,
      ...(server ? [`server ${server.version ?? 'unknown'} at ${server.url}`] : []),
    ].join('\n'),
  )
  return 0
}

/** Undefined when no server is known or it does not answer: a version must always be told. */
async function serverVersion(
  terminal: Terminal,
): Promise<{ readonly url: string; readonly version: string | undefined } | undefined> {
  try {
    const client = strangerClient({}, terminal)
    const { version } = await client.get('/.well-known/countersign', discovery, { timeoutMs: 2_000 })
    return { url: client.server, version }
  } catch {
    return undefined
  }
}
