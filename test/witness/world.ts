/** Logs with real keys, and witnesses as processes of their own. */

import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { leafHash, hashText } from '../../src/tlog/hash.ts'
import { signCheckpoint } from '../../src/tlog/checkpoint.ts'
import {
  ed25519Signer,
  formatKey,
  NOTE_SIGNATURE,
  parseKey,
  type Signer,
  type VerifierKey,
} from '../../src/tlog/key.ts'
import { consistencyRanges, proveRanges } from '../../src/tlog/proof.ts'
import { TILE_BYTES } from '../../src/tlog/tile.ts'
import { Tree } from '../../src/tlog/tree.ts'

export const origin = 'log.example'

export function freshSigner(name = origin): Signer {
  return ed25519Signer(name, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
}

export class Folder implements Disposable {
  readonly path: string

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'countersign-witness-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A log in memory, up to 256 leaves, that can be asked for any checkpoint and proof. */
export class MemoryLog {
  readonly signer: Signer
  readonly leaves: readonly Uint8Array[]
  readonly #hashes: Buffer

  constructor(count: number, signer: Signer, text = 'leaf') {
    this.signer = signer
    this.leaves = Array.from({ length: count }, (_, i) => Buffer.from(`${text} ${i}`))
    this.#hashes = Buffer.concat([...this.leaves.map(leafHash), Buffer.alloc(TILE_BYTES)], TILE_BYTES)
  }

  root(size: number) {
    const tree = new Tree()
    for (const leaf of this.leaves.slice(0, size)) tree.push(hashText(leafHash(leaf)))
    return tree.root()
  }

  checkpoint(size: number, signer = this.signer): string {
    return signCheckpoint({ origin: this.signer.key.name, size, rootHash: this.root(size) }, signer)
  }

  proof(oldSize: number, newSize: number) {
    return proveRanges(consistencyRanges(oldSize, newSize), () => this.#hashes)
  }
}

export interface RunningWitness extends AsyncDisposable {
  readonly url: string
  readonly key: VerifierKey
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
}

const PROGRAM = join(import.meta.dirname, 'program.ts')

/** `countersign witness` in a process of its own. */
export async function startWitness(
  directory: string,
  keys: readonly VerifierKey[],
  options: { readonly mirror?: boolean; readonly port?: number; readonly keyType?: 'ml-dsa-44' } = {},
): Promise<RunningWitness> {
  const settings = {
    dir: directory,
    listen: `127.0.0.1:${options.port ?? 0}`,
    log: keys.map(formatKey),
    name: 'witness.example',
    mirror: options.mirror ?? false,
    ...(options.keyType && { keyType: options.keyType }),
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; key: string }>()
  createInterface(child.stdout).on('line', (line) => {
    said += line
    try {
      resolve(JSON.parse(said) as { url: string; key: string })
    } catch {
      // Not the whole document yet.
    }
  })
  void exited.then(() => reject(new Error(`the witness ended: ${said}`)))
  const { url, key } = await promise
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  return { url, key: parseKey(key), kill: () => end('SIGKILL'), [Symbol.asyncDispose]: () => end('SIGTERM') }
}
