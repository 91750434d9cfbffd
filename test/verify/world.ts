/** A company's log as an attacker on the machine meets it: files to change, and a key to sign with. */

import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Terminal, type Sink } from '../../src/cli/terminal.ts'
import { openKeys } from '../../src/store/keys.ts'
import { openLog } from '../../src/store/log.ts'
import { readWal } from '../../src/store/stored-wal.ts'
import { locateLog } from '../../src/store/stored.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../../src/tlog/key.ts'
import type { Company } from '../world/company.ts'

/** A terminal that remembers what was written. */
export function listening(format: 'text' | 'json' = 'json') {
  let out = ''
  const sink: Sink = { write: (text: string) => (out += text) }
  const terminal = new Terminal({ env: {}, stdout: sink, stderr: { write: () => {} }, stdin: {}, format, color: false })
  return { terminal, text: () => out, json: <T>() => JSON.parse(out) as T }
}

/** Changes bytes of a file where they stand. */
export function edit(file: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file)
  change(bytes)
  chmodSync(file, 0o600)
  writeFileSync(file, bytes)
}

export function walOf({ directory }: Company): string {
  const wal = join(directory, 'log/wal')
  return join(wal, readdirSync(wal).filter((name) => name.endsWith('.wal'))[0]!)
}

/** What somebody with the server and its key makes of a copy of it: the whole log written anew, every checkpoint signed. */
export class Forgery implements Disposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async of(
    company: Company,
    change: (leaf: Buffer, leafIndex: number) => Uint8Array | undefined,
  ): Promise<Forgery> {
    await company.instance.log.flush()
    const forgery = new Forgery(mkdtempSync(join(tmpdir(), 'countersign-forgery-')))
    cpSync(company.directory, forgery.directory, { recursive: true })
    await rewriteLog(forgery.directory, change)
    return forgery
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

async function rewriteLog(
  directory: string,
  change: (leaf: Buffer, leafIndex: number) => Uint8Array | undefined,
): Promise<void> {
  const stored = await locateLog(directory)
  const { leaves, disclosures, size } = await readWal(stored, stored.origin!)
  const kept = Array.from({ length: size }, (_, i) => ({
    leaf: leaves.get(i)!.bytes,
    disclosures: disclosures.get(i)?.bytes,
  }))
  rmSync(join(directory, 'log'), { recursive: true })
  const { privateKey } = await (await openKeys({ directory: join(directory, 'keys') })).open('log')
  const signer = ed25519Signer(stored.origin!, NOTE_SIGNATURE, privateKey)
  await using log = await openLog({ directory: join(directory, 'log'), origin: stored.origin!, signer })
  for (const [leafIndex, { leaf, disclosures: beside }] of kept.entries()) {
    const changed = change(Buffer.from(leaf), leafIndex)
    if (changed) await log.append(changed, beside).durable
  }
}
