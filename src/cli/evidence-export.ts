/** `countersign evidence export`: one period of the log as one file that proves itself, fetched and checked against its receipt. */

import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { parseBound } from '../domain/package/bound.ts'
import * as z from '../bytes/schema.ts'
import { exact } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Client } from './client.ts'
import type { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './text.ts'

export interface EvidenceExportOptions extends ServerOptions {
  readonly from: string
  readonly to: string
  readonly framework?: string
  readonly samples?: number
  readonly nonce?: string
  readonly withhold?: string
  readonly output: string
}

/** Making it reads much of the log. */
const TIMEOUT_MS = 10 * 60_000

const made = z.object({ digest: exact, sizeBytes: z.int(), from: z.int(), to: z.int() })

export async function run(options: EvidenceExportOptions, terminal: Terminal): Promise<number> {
  const { from, to, framework, samples, nonce, withhold, output } = options
  for (const [name, value, end] of [
    ['--from', from, 'first'],
    ['--to', to, 'last'],
  ] as const)
    if (!parseBound(value, end))
      throw new Failure('usage', 'bad_value', `${name} cannot be "${printable(value)}"`, {
        next: 'a leaf index, 2026-11-23, or 2026-11-23T14:02:11Z',
      })
  if (samples && !nonce)
    throw new Failure('usage', 'no_nonce', 'samples without words of the auditor could be tried until they please', {
      next: '--nonce, with any words that the auditor says after the period has ended',
    })
  const client = openClient(options, terminal)
  const asked = { from, to, ...(framework && { framework }), ...(samples && { samples }), ...(nonce && { nonce }) }
  const { result, leafIndex } = await make(client, { ...asked, ...(withhold && { withhold }) }, terminal)
  using progress = terminal.progress('bytes')
  await fetchPackage(client, result, output, progress)
  progress[Symbol.dispose]()
  terminal.result({ ...result, leafIndex, file: output }, () =>
    [
      `${printable(output)}: leaves ${result.from} to ${result.to - 1}, ${result.sizeBytes} bytes`,
      `digest: ${result.digest}`,
      `leaf: ${leafIndex}`,
      `check it: countersign verify ${printable(output)}`,
    ].join('\n'),
  )
  return 0
}

/** It takes as long as the period is; the server says nothing in between. */
async function make(client: Client, asked: object, terminal: Terminal) {
  using _ = terminal.progress('leaves')
  return await client.post('/api/v1/evidence-packages', asked, made, { timeoutMs: TIMEOUT_MS })
}

/** Under its name only when it is whole and the one that the receipt names. */
async function fetchPackage(
  { server, authorization }: Client,
  { digest, sizeBytes }: z.infer<typeof made>,
  output: string,
  progress: Progress,
): Promise<void> {
  const response = await fetch(`${server}/api/v1/evidence-packages/${digest}`, {
    headers: { authorization },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => undefined)
  if (!response?.ok || !response.body)
    throw new Failure('failed', 'not_fetched', `the package was made, and ${server} did not hand it out`, {
      next: 'run the same command again',
    })
  const part = `${output}.part`
  const file = await open(part, 'w', 0o600).catch((error: Error) => {
    throw new Failure('failed', 'not_written', `couldn't write ${printable(part)}: ${printable(error.message)}`)
  })
  try {
    const hash = createHash('sha256')
    let done = 0
    for await (const chunk of response.body) {
      hash.update(chunk)
      await file.writeFile(chunk)
      done += chunk.length
      progress.update(done, sizeBytes)
    }
    await file.sync()
    if (`sha256:${hash.digest('hex')}` !== digest)
      throw new Failure('unverified', 'other_package', 'what came is not the package that the receipt names')
    await rename(part, output)
  } finally {
    await file.close()
    await rm(part, { force: true })
  }
}
