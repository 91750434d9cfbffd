/** Where everything stands in a package. */

import { encodeText } from '../../bytes/portable.ts'

export const MANIFEST = 'manifest.json'
export const CHECKPOINT = 'log/checkpoint'
/** The TimeStampResp (RFC 3161) over the checkpoint, where there is one. */
export const CHECKPOINT_STAMP = 'log/checkpoint.tsr'
/** {@link Proof}, canonical JSON. */
export const PROOF = 'log/proof.json'
export const LEAVES = 'log/leaves/'
export const DISCLOSURES = 'disclosures/'
export const EVIDENCE = 'evidence/'
/** 32 bytes for each leaf, in order. */
export const HASHES = 'log/hashes'
export const HOWTO = 'HOWTO.txt'
export const COVERAGE = 'coverage.md'
export const EXCEPTIONS = 'exceptions.csv'
/** The state before the first leaf, as a snapshot holds it. */
export const STATE = 'state/start.jsonl'
export const PICKS = 'samples/picks.json'

/** Leaves in one file. */
export const CHUNK = 5_000
export const MAX_PACKAGE_BYTES = 2_000_000_000
export const MAX_LEAVES = 2_000_000

/** One leaf a line, exactly as it was hashed. `first` is the index of the first. */
export function leavesName(first: number): string {
  return `${LEAVES}${String(first).padStart(12, '0')}.jsonl`
}

/** `{"disclosures":["…"],"leafIndex":18}` a line, for leaves that have some. */
export function disclosuresName(first: number): string {
  return `${DISCLOSURES}${String(first).padStart(12, '0')}.jsonl`
}

/** `{"base64":"…","digest":"sha256:ab…"}` a line, in the order of the digests, all of which begin with these two hex digits. */
export function evidenceName(digest: string): string {
  return `${EVIDENCE}${digest.slice('sha256:'.length, 'sha256:'.length + 2)}.jsonl`
}

export function controlsName(framework: string): string {
  return `controls/${framework}.json`
}

export function tableName(name: string, form: 'csv' | 'jsonl'): string {
  return `populations/${name}.${form}`
}

export function policyName(digest: string, file: string): string {
  return `policies/${digest.slice('sha256:'.length, 'sha256:'.length + 12)}/${file}`
}

/** Leaves that stand beside the range, so that nobody can say that it ends too early. */
export type Edge = { readonly leafIndex: number; readonly leaf: string; readonly hashes: readonly string[] }

/** All hashes in base64. */
export type Proof = {
  /** Roots of the full subtrees over the leaves before the range, largest first (RFC 6962). */
  readonly before: readonly string[]
  /** RFC 6962 PROOF(to, D[checkpointSize]). */
  readonly consistency: readonly string[]
  readonly edges: readonly Edge[]
}

/** One text of lines; every line ends in a newline. */
export function formatLines(lines: readonly string[]): Uint8Array {
  return encodeText(lines.map((line) => `${line}\n`).join(''))
}
