/** A released artifact with everything around it, exported; and a package taken apart and put together again, as an attacker would. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatHex } from '../../src/bytes/portable.ts'
import { sha256 } from '../../src/bytes/digest.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { compareNames, formatDirectory, formatLocalHeader, type ZipEntry } from '../../src/bytes/zip.ts'
import { crc32 } from 'node:zlib'
import { exportPackage } from '../../src/control/package/export.ts'
import { feedOf, orderOf, type ExportSource } from '../../src/control/package/feed.ts'
import { readControls } from '../../src/control/package/controls.ts'
import { findRange } from '../../src/control/package/range.ts'
import { nodeTools } from '../../src/domain/package/node-tools.ts'
import { checkPackage, type PackageReport, type Trust } from '../../src/domain/package/check.ts'
import { MANIFEST } from '../../src/domain/package/layout.ts'
import {
  formatManifest,
  PAYLOAD_TYPE,
  parseManifest,
  type Asked,
  type Manifest,
} from '../../src/domain/package/manifest.ts'
import { formatEnvelope } from '../../src/evidence/envelope.ts'
import { isRefusal } from '../../src/evidence/refusal.ts'
import { systemCaller } from '../../src/control/handle.ts'
import { ed25519Signer, formatKey, NOTE_SIGNATURE, type Signer } from '../../src/tlog/key.ts'
import { Office } from '../http/office.ts'
import { createCommit, jobKeyLine, pushOf, requestRelease, setUp, type Story } from '../http/story.ts'

export const ASKED: Asked = { from: '0', to: '2100-01-01', samples: 1, nonce: 'dice: 4 2 6' }

export class World implements AsyncDisposable {
  readonly office: Office
  readonly directory = mkdtempSync(join(tmpdir(), 'countersign-package-'))
  #count = 0

  private constructor(office: Office) {
    this.office = office
  }

  /** People, a push, a build, a release that two people agree to, its credential; an unsigned push and what is refused. */
  static async open(): Promise<World> {
    const office = await Office.open({ clock: ticking() })
    const story = await setUp(office)
    await fireAlerts(office)
    await live(story)
    await office.company.instance.log.flush()
    return new World(office)
  }

  get source(): ExportSource {
    const { instance } = this.office.company
    const { log, evidence, signer } = instance
    return { log, evidence, signer, witnesses: [], version: 'test', controls: readControls() }
  }

  async export(asked: Partial<Asked> = {}, source: Partial<ExportSource> = {}): Promise<Uint8Array> {
    const whole = { ...ASKED, ...asked }
    const range = await findRange(whole, this.source.log)
    if (isRefusal(range)) throw new Error(range.because)
    const path = join(this.directory, `${(this.#count += 1)}.csevidence`)
    const all = { ...this.source, ...source }
    await exportPackage(await orderOf(all, whole, range), feedOf(all), path)
    return readFileSync(path)
  }

  get key(): string {
    return formatKey(this.source.signer.key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.office[Symbol.asyncDispose]()
    rmSync(this.directory, { recursive: true })
  }
}

/** A clock of its own: each look is a second later. */
function ticking(): () => number {
  let at = Date.parse('2026-03-02T09:00:00Z')
  return () => (at += 1000)
}

/** Four people with roles within minutes: that calls for an alert, and leaving it out would be a difference. */
async function fireAlerts({ company, port }: Office): Promise<void> {
  for (const alert of [...port.ledger.state.due.keys()])
    await company.ask({
      command: { type: 'fire alert', alert: alert as `alert:${string}` },
      caller: systemCaller('watch'),
    })
}

async function live(story: Story): Promise<void> {
  const { office, ana, ben, cleo, dana } = story
  const { job, release } = await requestRelease(story)
  await office.decide(dana, release, 'approvals')
  await office.decide(ben, release, 'approvals')
  await office.decide(cleo, release, 'approvals')
  const { body } = await office.post('/api/v1/grants', { release, target: 'web', publicKey: jobKeyLine() }, job.token)
  await office.ask('DELETE', `/api/v1/grants/${body.result.grant}`, { as: job.token })
  await office.post(`/api/v1/releases/${release}/outcome`, { exitCode: 0 }, job.token)
  const { id, object } = createCommit()
  await office.push(story.door, pushOf(id, object))
  await office.post(`/api/v1/people/${dana.id}/revocation`, { reason: 'left' }, ana.token)
}

export type Parts = Map<string, Uint8Array>

/** Members as an exporter wrote them, one behind the other. */
export function takeApart(bytes: Uint8Array): Parts {
  const parts: Parts = new Map()
  const archive = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; archive.readUInt32LE(at) === 0x0403_4b50;) {
    const [size, from] = [archive.readUInt32LE(at + 22), at + 30 + archive.readUInt16LE(at + 26)]
    parts.set(archive.toString('latin1', at + 30, from), bytes.subarray(from, from + size))
    at = from + size
  }
  return parts
}

export function zip(members: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = []
  const entries: ZipEntry[] = []
  let offset = 0
  for (const [name, content] of members) {
    const entry = { name, size: content.length, crc: crc32(content), offset }
    parts.push(formatLocalHeader(entry), content)
    offset += 30 + name.length + content.length
    entries.push(entry)
  }
  return Buffer.concat([...parts, formatDirectory(entries, offset)])
}

/** In the order of names, as an exporter would. */
export function putTogether(parts: Parts): Uint8Array {
  return zip([...parts].sort(([a], [b]) => compareNames(a, b)))
}

export function manifestOf(parts: Parts): Manifest {
  const { payload } = JSON.parse(text(parts, MANIFEST)) as { payload: string }
  return parseManifest(utf8.decode(base64.decode(payload)))
}

/** The manifest made to fit its members again, by somebody with this key. */
export function resign(parts: Parts, signer: Signer, change: Partial<Manifest> = {}): Parts {
  const members = [...parts]
    .filter(([name]) => name !== MANIFEST)
    .map(([name, bytes]) => ({ name, sha256: formatHex(sha256(bytes)) }))
    .sort((a, b) => compareNames(a.name, b.name))
  const statement = utf8.encode(formatManifest({ ...manifestOf(parts), ...change, members }))
  parts.set(
    MANIFEST,
    formatEnvelope(PAYLOAD_TYPE, statement, (bytes) => signer.sign(bytes)),
  )
  return parts
}

export function stranger(name: string): Signer {
  return ed25519Signer(name, NOTE_SIGNATURE, generateKeyPairSync('ed25519').privateKey)
}

export function text(parts: Parts, name: string): string {
  return utf8.decode(parts.get(name)!)
}

/** Changes the lines of one member. */
export function editLines(parts: Parts, name: string, change: (lines: string[]) => string[]): Parts {
  const lines = text(parts, name).split('\n').slice(0, -1)
  return parts.set(
    name,
    utf8.encode(
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    ),
  )
}

export async function check(bytes: Uint8Array, trust: Trust = {}): Promise<PackageReport> {
  return (await checkPackage(bytes, trust, nodeTools)).report
}

/** What is wrong, as `check: cause`. */
export function wrong({ checks }: PackageReport): string[] {
  return checks.flatMap(({ name, problems }) => problems.map(({ cause }) => `${name}: ${cause}`))
}
