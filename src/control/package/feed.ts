/** What an export needs of a running log: leaves with what they disclose, evidence, and one signature. */

import type { DigestText } from '../../bytes/digest.ts'
import type { Proof } from '../../domain/package/layout.ts'
import { PAYLOAD_TYPE, type Asked, type Manifest } from '../../domain/package/manifest.ts'
import { formatEnvelope } from '../../evidence/envelope.ts'
import type { EvidenceStore } from '../../store/evidence.ts'
import type { Log } from '../../store/log.ts'
import type { Stamps } from '../../store/stamps.ts'
import { formatKey, type Signer, type VerifierKey } from '../../tlog/key.ts'
import { BATCH } from './message.ts'
import { closingOf, proveRange, stampedClosing, type Closing } from './proof.ts'
import type { LeafRange } from './range.ts'

export type FedLeaf = { readonly leafIndex: number; readonly leaf: Uint8Array; readonly disclosures?: Uint8Array }

export interface Feed {
  /** Leaves `from` to `to` (excluded), in order and in batches. */
  readonly leaves: (from: number, to: number) => AsyncIterable<readonly FedLeaf[]>
  /** Undefined when it was erased. */
  readonly blob: (digest: DigestText) => Promise<Uint8Array | undefined>
  /** A DSSE envelope around an in-toto statement, signed with the key of the log. */
  readonly sign: (statement: Uint8Array) => Promise<Uint8Array>
}

/** All that is known of a package before its first leaf is read. */
export type Order = {
  readonly manifest: Omit<Manifest, 'members'>
  readonly closing: Closing
  readonly proof: Proof
  /** Framework to the text of its control map. */
  readonly controls: ReadonlyMap<string, string>
}

export type ExportSource = {
  readonly log: Log
  readonly evidence: Pick<EvidenceStore, 'get'>
  readonly signer: Signer
  readonly witnesses: readonly VerifierKey[]
  readonly version: string
  readonly controls: ReadonlyMap<string, string>
  readonly stamps?: Pick<Stamps, 'sizes' | 'read'>
}

export async function orderOf(source: ExportSource, asked: Asked, range: LeafRange): Promise<Order> {
  const { log, signer, version, controls } = source
  const latest = closingOf(log, range, signer, source.witnesses)
  const { stamps, witnesses } = source
  const closing = stamps ? await stampedClosing(latest, stamps, range, signer, witnesses) : latest
  const manifest = {
    ...{ origin: log.origin, logKey: formatKey(signer.key), witnesses: closing.witnesses },
    ...{ ...range, checkpointSize: closing.size, asked, version },
  }
  return { manifest, closing, proof: await proveRange(log, range, closing), controls }
}

/** Straight from the log, in this thread. */
export function feedOf({ log, evidence, signer }: ExportSource): Feed {
  return {
    leaves: (from, to) => batchesOf(log, from, to),
    blob: (digest) => evidence.get(digest),
    sign: (statement) => Promise.resolve(signStatement(statement, signer)),
  }
}

export function signStatement(statement: Uint8Array, signer: Signer): Uint8Array {
  return formatEnvelope(PAYLOAD_TYPE, statement, (bytes) => signer.sign(bytes))
}

async function* batchesOf(log: Log, from: number, to: number): AsyncGenerator<FedLeaf[]> {
  for (let first = from; first < to; first += BATCH) yield await readBatch(log, first, Math.min(to, first + BATCH))
}

export async function readBatch(log: Log, from: number, to: number): Promise<FedLeaf[]> {
  const batch: FedLeaf[] = []
  for await (const each of log.leaves(from, to)) {
    const disclosures = commits(each.leaf) ? await log.disclosures(each.leafIndex) : undefined
    batch.push({ ...each, ...(disclosures && { disclosures }) })
  }
  return batch
}

function commits(leaf: Uint8Array): boolean {
  return Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).includes('"_sd"')
}
