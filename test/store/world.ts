/** A log in a directory of its own, with a key of its own. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519Signer, NOTE_SIGNATURE } from '../../src/tlog/key.ts'
import { openLog, type Log, type LogOptions } from '../../src/store/log.ts'

export const origin = 'log.example'

export class TestDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'countersign-store-'))
  readonly signer = ed25519Signer(origin, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)

  open(options: Partial<LogOptions> = {}): Promise<Log> {
    return openLog({
      directory: this.path,
      origin,
      signer: this.signer,
      segmentBytes: 1 << 19,
      probeIntervalMs: 10,
      publishIntervalMs: 5,
      ...options,
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A leaf that says which one it is. */
export function leafOf(leafIndex: number, sizeBytes = 40): Uint8Array {
  return Buffer.from(`{"leaf":${leafIndex}}`.padEnd(sizeBytes, ' '))
}

export async function appendMany(log: Log, count: number, sizeBytes?: number): Promise<void> {
  for (let done = 0; done < count; done += 4000) {
    const batch = Array.from(
      { length: Math.min(4000, count - done) },
      () => log.append(leafOf(log.size, sizeBytes)).durable,
    )
    await Promise.all(batch)
  }
}
