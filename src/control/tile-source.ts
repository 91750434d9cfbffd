/** Somebody's log as C2SP tlog-tiles serves it, from a directory or over HTTP. What comes is bounded, and nothing in it is believed here. */

import { reasonOf, StoreError } from '../store/error.ts'
import { locateLog, readPublic, readTile } from '../store/stored.ts'
import { formatTilePath, MAX_LEAF_BYTES, TILE_BYTES, TILE_WIDTH } from '../tlog/tile.ts'

export interface TileSource {
  /** The signed note; a StoreError `absent` when there is none. */
  checkpoint(): Promise<Uint8Array>
  /** At least `width` hashes or leaves of the tile, perhaps more; undefined when absent. */
  tile(level: number | 'entries', index: number, width: number): Promise<Uint8Array | undefined>
  /** What else is served there: rotations, stamped checkpoints. Undefined when absent. */
  file(path: string): Promise<Uint8Array | undefined>
}

const MAX_NOTE_BYTES = 1_000_000
const MAX_BUNDLE_BYTES = TILE_WIDTH * (MAX_LEAF_BYTES + 2)
const TIMEOUT_MS = 30_000

/** `from`: a data directory, a directory of tiles, or the URL under which `/checkpoint` is. `bearer` is sent to that URL. */
export function openTiles(from: string, bearer?: string): Promise<TileSource> {
  return /^https?:\/\//.test(from) ? Promise.resolve(new RemoteTiles(from, bearer)) : openDirectory(from)
}

async function openDirectory(path: string): Promise<TileSource> {
  const log = await locateLog(path)
  return {
    checkpoint: async () => {
      const note = await readPublic(log, 'checkpoint')
      if (note) return note
      throw new StoreError('absent', `nothing is published in ${path} yet`)
    },
    file: (path) => readPublic(log, path),
    tile: async (level, index, width) => (await readTile(log, level, index, width))?.bytes,
  }
}

class RemoteTiles implements TileSource {
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(url: string, bearer: string | undefined) {
    this.#url = url.replace(/\/+$/, '')
    this.#headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  }

  async checkpoint(): Promise<Uint8Array> {
    const note = await this.#get('checkpoint', MAX_NOTE_BYTES)
    if (note) return note
    throw new StoreError('absent', `${this.#url}/checkpoint is not there`)
  }

  file(path: string): Promise<Uint8Array | undefined> {
    return this.#get(path, MAX_NOTE_BYTES)
  }

  async tile(level: number | 'entries', index: number, width: number): Promise<Uint8Array | undefined> {
    const limit = level === 'entries' ? MAX_BUNDLE_BYTES : TILE_BYTES
    // tlog-tiles: a partial tile may be gone once the full one is there.
    for (const each of new Set([width, TILE_WIDTH])) {
      const bytes = await this.#get(formatTilePath({ level, index, width: each }), limit)
      if (bytes) return bytes
    }
    return undefined
  }

  async #get(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const url = `${this.#url}/${path}`
    try {
      const init = { headers: this.#headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) } as const
      const response = await fetch(url, init)
      if (response.status === 404) return undefined
      if (response.status === 200) return await readBounded(response, maxBytes)
      const hint = response.status === 401 || response.status === 403 ? '; leaves need a login: --token-file' : ''
      throw new StoreError('absent', `${url} answers ${response.status}${hint}`)
    } catch (error) {
      if (error instanceof StoreError) throw error
      throw new StoreError('absent', `${url} does not answer: ${reasonOf((error as Error).cause ?? error)}`)
    }
  }
}

async function readBounded({ body }: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > maxBytes) throw new StoreError('size', `an answer is longer than ${maxBytes} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
