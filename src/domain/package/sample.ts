/**
 * Samples that neither side could choose: the order comes from the signed tree and from the auditor's own words. Each pick is
 * one release with the leaves that tell its whole story, taken apart for a person to inspect.
 */

import { canonical } from '../../bytes/json.ts'
import { encodeText, formatHex } from '../../bytes/portable.ts'
import type { ReadLeaf } from './list.ts'
import type { Tools } from './tool.ts'

export type Sampled = { readonly release: string; readonly leaves: readonly number[] }

/** SHA-256 over the root hash (base64), a newline and the auditor's words; in hexadecimal. */
export async function seedOf(rootHash: string, nonce: string, { sha256 }: Tools): Promise<string> {
  return formatHex(await sha256(encodeText(`${rootHash}\n${nonce}`)))
}

/** The `count` releases whose SHA-256 with the seed is smallest: each is as likely as any other, and none comes twice. */
export async function pick(
  releases: Iterable<string>,
  count: number,
  seed: string,
  { sha256 }: Tools,
): Promise<string[]> {
  let drawn: { readonly release: string; readonly lot: string }[] = []
  const best = () => drawn.sort((a, b) => (a.lot < b.lot ? -1 : 1)).slice(0, count)
  for (const release of releases) {
    drawn.push({ release, lot: formatHex(await sha256(encodeText(`${seed}\n${release}`))) })
    if (drawn.length >= 2 * count + 1000) drawn = best()
  }
  return best().map(({ release }) => release)
}

export type SampleFile = { readonly name: string; readonly bytes: Uint8Array }

export type SampleSource = {
  readonly leafText: (leafIndex: number) => Promise<string>
  readonly leaf: ReadLeaf
  /** Undefined when it was erased. */
  readonly blob: (digest: string) => Promise<Uint8Array | undefined>
}

/** What belongs to one pick, and a page about it. */
export async function* formatSample(
  number: number,
  { release, leaves }: Sampled,
  source: SampleSource,
): AsyncGenerator<SampleFile> {
  const folder = `samples/${String(number).padStart(3, '0')}`
  const lines: string[] = []
  for (const leafIndex of leaves) {
    const leaf = await source.leaf(leafIndex)
    if (!leaf) continue
    const name = `leaf-${String(leafIndex).padStart(9, '0')}`
    yield { name: `${folder}/${name}.json`, bytes: encodeText(await source.leafText(leafIndex)) }
    lines.push(`- leaf ${leafIndex}, ${leaf.at}: ${leaf.type}, ${leaf.outcome}, by ${leaf.caller} (${name}.json)`)
    for (const [index, { kind, digest }] of leaf.evidence.entries()) {
      const bytes = await source.blob(digest)
      lines.push(`  - ${kind}, ${digest}${bytes ? '' : ', withheld'}`)
      if (bytes) yield { name: `${folder}/${name}.${String(index).padStart(3, '0')}.${kind}`, bytes }
    }
  }
  const page = [
    `# Release ${release}`,
    'Each file is a copy of what is proven elsewhere in this package.',
    lines.join('\n'),
    '',
  ]
  yield { name: `${folder}/page.md`, bytes: encodeText(page.join('\n\n')) }
}

export function formatPicks(seed: string, nonce: string, population: number, picks: readonly Sampled[]): Uint8Array {
  return encodeText(`${canonical({ seed, nonce, population, picks })}\n`)
}
