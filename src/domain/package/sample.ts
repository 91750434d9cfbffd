/**
 * Samples that neither side could choose: the order comes from the signed tree and from the auditor's own words. Each pick is
 * one release with the leaves that tell its whole story, taken apart for a person to inspect.
 */

import { canonical } from '../../bytes/json.ts'
import { encodeText, formatHex } from '../../bytes/portable.ts'
import { listOf, fieldsOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'

export type Sampled = { readonly release: string; readonly leaves: readonly number[] }

/** SHA-256 over the root hash (base64), a newline and the auditor's words; in hexadecimal. */
export async function seedOf(rootHash: string, nonce: string, { sha256 }: Tools): Promise<string> {
  return formatHex(await sha256(encodeText(`${rootHash}\n${nonce}`)))
}

/** The `count` releases whose SHA-256 with the seed is smallest: each is as likely as any other, and none comes twice. */
export async function pick(
  releases: readonly string[],
  count: number,
  seed: string,
  { sha256 }: Tools,
): Promise<string[]> {
  const drawn: { readonly release: string; readonly lot: string }[] = []
  for (const release of releases)
    drawn.push({ release, lot: formatHex(await sha256(encodeText(`${seed}\n${release}`))) })
  return drawn
    .sort((a, b) => (a.lot < b.lot ? -1 : 1))
    .slice(0, count)
    .map(({ release }) => release)
}

/** Notes, leaf by leaf, what belongs to which release. */
export class Stories {
  readonly #leaves = new Map<string, number[]>()

  take(leaf: PlainLeaf): void {
    for (const key of subjectsOf(leaf)) {
      const known = this.#leaves.get(key)
      if (known) known.push(leaf.leafIndex)
      else this.#leaves.set(key, [leaf.leafIndex])
    }
  }

  /** Leaves of the period that tell of a release, in order: its own, and those of its grants, build, push, approvers and policies. */
  async of(release: string, read: SampleSource['leaf']): Promise<number[]> {
    const own = this.#leaves.get(release) ?? []
    const related: string[] = []
    for (const leafIndex of own) related.push(...relatedOf(await read(leafIndex)))
    const all = [...own, ...related.flatMap((key) => this.#leaves.get(key)?.slice(0, 16) ?? [])]
    return [...new Set(all)].sort((a, b) => a - b)
  }
}

/** What a leaf is kept under. */
function subjectsOf({ type, event }: PlainLeaf): string[] {
  switch (type) {
    case 'build.attested':
      return listOf(event['artifacts']).map((artifact) => textOf(fieldsOf(artifact)['digest']))
    case 'repository.pushed':
      return listOf(event['commits']).map((commit) => textOf(fieldsOf(commit)['id']))
    case 'principal.enrolled':
      return [textOf(event['person'])]
    case 'policy.activated':
      return [textOf(event['digest'])]
    case 'grant.ended':
    case 'grant.cleared':
      return [textOf(event['grant'])]
    default:
      return textOf(event['release']) === '' ? [] : [textOf(event['release'])]
  }
}

/** What a leaf of a release leads to. */
function relatedOf(leaf: PlainLeaf | undefined): string[] {
  if (!leaf) return []
  const { type, event } = leaf
  const names = {
    'release.requested': ['artifact', 'commit', 'policyDigest'],
    'approval.given': ['by'],
    'grant.issued': ['grant'],
  }
  return (names[type as keyof typeof names] ?? []).map((name) => textOf(event[name])).filter((key) => key !== '')
}

export type SampleFile = { readonly name: string; readonly bytes: Uint8Array }

export type SampleSource = {
  readonly leafText: (leafIndex: number) => Promise<string>
  readonly leaf: (leafIndex: number) => Promise<PlainLeaf | undefined>
  /** Undefined when it was erased. */
  readonly blob: (digest: string) => Promise<Uint8Array | undefined>
}

export async function formatSample(
  number: number,
  { release, leaves }: Sampled,
  source: SampleSource,
): Promise<SampleFile[]> {
  const folder = `samples/${String(number).padStart(3, '0')}`
  const files: SampleFile[] = []
  const lines: string[] = []
  for (const leafIndex of leaves) {
    const leaf = await source.leaf(leafIndex)
    if (!leaf) continue
    const name = `leaf-${String(leafIndex).padStart(9, '0')}`
    files.push({ name: `${folder}/${name}.json`, bytes: encodeText(await source.leafText(leafIndex)) })
    lines.push(`- leaf ${leafIndex}, ${leaf.at}: ${leaf.type}, ${leaf.outcome}, by ${leaf.caller} (${name}.json)`)
    for (const [index, { kind, digest }] of leaf.evidence.entries()) {
      const bytes = await source.blob(digest)
      lines.push(`  - ${kind}, ${digest}${bytes ? '' : ', withheld'}`)
      if (bytes) files.push({ name: `${folder}/${name}.${String(index).padStart(3, '0')}.${kind}`, bytes })
    }
  }
  const page = [
    `# Release ${release}`,
    'Each file is a copy of what is proven elsewhere in this package.',
    lines.join('\n'),
    '',
  ]
  return [...files, { name: `${folder}/page.md`, bytes: encodeText(page.join('\n\n')) }]
}

export function formatPicks(seed: string, nonce: string, population: number, picks: readonly Sampled[]): Uint8Array {
  return encodeText(`${canonical({ seed, nonce, population, picks })}\n`)
}
