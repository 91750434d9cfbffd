/** One leaf: what it says, what is disclosed beside it, and its proof, verified on this machine. */

import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { exact, formatWho, proof, row, shown } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { unverified, verifyProof } from './proof.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, parseIndex, table } from './text.ts'
import { paintOutcome } from './trail-row.ts'

export interface TrailShowOptions extends ServerOptions {
  readonly leafIndex: string
}

const leafPage = z.object({
  row,
  leaf: exact,
  disclosures: z
    .array(
      z.object({ name: shown, value: z.union([shown, z.number(), z.boolean()]), disclosure: exact, digest: shown }),
    )
    .default([]),
  proof,
  evidence: z.array(z.object({ kind: shown, digest: shown, size: z.int().optional() })).default([]),
  facts: z
    .array(z.object({ label: shown, value: z.union([shown, z.number(), z.boolean()]), ok: z.boolean().optional() }))
    .default([]),
})
type LeafPage = z.infer<typeof leafPage>

export async function run(options: TrailShowOptions, terminal: Terminal): Promise<number> {
  const index = parseIndex(options.leafIndex)
  const client = openClient(options, terminal)
  const found = await client.get(`/api/v1/leaves/${index}`, leafPage)
  verifyProof(found.leaf, index, found.proof, await client.pinFor(found.proof.checkpoint))
  for (const disclosure of found.disclosures) verifyDisclosure(disclosure, found.leaf)
  terminal.result({ ...found, verified: true }, () => describe(found, index, terminal))
  return 0
}

/** RFC 9901, 4.2.3: the digest over the disclosure's text is one that the leaf commits to. */
function verifyDisclosure({ name, disclosure }: LeafPage['disclosures'][number], leaf: string): void {
  const digest = base64url.encode(Buffer.from(digestOf(utf8.encode(disclosure)).slice('sha256:'.length), 'hex'))
  if (!leaf.includes(`"${digest}"`))
    throw unverified('disclosure_wrong', `the disclosed ${name} is not the one that the leaf commits to`)
}

function describe(
  {
    row: { at, type, outcome, who, sentence, reason, policies },
    leaf,
    disclosures,
    proof: proven,
    evidence,
    facts,
  }: LeafPage,
  index: number,
  { paint }: Terminal,
): string {
  const lines = [
    ['leaf', String(index)],
    ['at', formatInstant(at)],
    ['type', type],
    ['outcome', `${paintOutcome(outcome, paint)}${reason ? ` (${reason})` : ''}`],
    ['who', `${formatWho(who)} ${sentence}`],
    ...(policies.length > 0 ? [['policies', policies.join(', ')]] : []),
    ...facts.map(({ label, value, ok }) => [label, `${value}${ok === undefined ? '' : ok ? '  ok' : '  not ok'}`]),
    ...disclosures.map(({ name, value }) => [name, `${value}  (disclosed, commitment verified)`]),
    ...evidence.map(({ kind, digest }) => [`evidence ${kind}`, digest]),
    ['leaf hash', digestOf(Buffer.concat([Uint8Array.of(0), utf8.encode(leaf)]))],
    ['proof', paint.good(`verified here: in the tree of ${proven.treeSize} leaves that the log signed`)],
  ]
  return table(lines, 1_000)
}
