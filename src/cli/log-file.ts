/** The log's own files, which anybody may read (C2SP tlog-tiles): the checkpoint and the hash tiles. */

import { TILE_BYTES } from '../tlog/tile.ts'
import { Failure } from './failure.ts'

const TIMEOUT_MS = 15_000
const MAX_CHECKPOINT_BYTES = 100_000

export async function fetchText(server: string, path: string): Promise<string> {
  return Buffer.from(await fetchFile(server, path, MAX_CHECKPOINT_BYTES)).toString('utf8')
}

export async function fetchTile(server: string, path: string): Promise<Uint8Array> {
  return await fetchFile(server, path, TILE_BYTES)
}

async function fetchFile(server: string, path: string, maxBytes: number): Promise<Uint8Array> {
  const url = `${server}/log/${path}`
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    () => undefined,
  )
  if (response?.status !== 200) throw new Failure('failed', 'no_log_file', `${url} cannot be read`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Failure('failed', 'answer_too_large', `${url} is larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
