/** Which leaves of a period tell of which release: enough is noted of each leaf to find it again, and nothing else is kept. */

import { Growing } from './growing.ts'
import { fieldsOf, listOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import type { ReadLeaf } from './list.ts'
import type { Sampled } from './sample.ts'

/** What leads to a release leads from at most so many leaves. */
const MAX_RELATED = 16

export class Stories {
  /** A number made of what a leaf is kept under, and the leaf; what has the same number by chance is told apart by reading it. */
  readonly #marks = new Growing('up to 2^32')
  readonly #leaves = new Growing('larger')

  take(leaf: PlainLeaf): void {
    for (const key of subjectsOf(leaf)) {
      this.#marks.push(markOf(key))
      this.#leaves.push(leaf.leafIndex)
    }
  }

  /** For each release, leaves of the period that tell of it, in order: its own, and those of its grants, build, push, approvers and policies. */
  async of(releases: readonly string[], read: ReadLeaf): Promise<Sampled[]> {
    const own = await this.#under(releases, read, Infinity)
    const related = new Map<string, readonly string[]>()
    for (const release of releases) {
      const keys: string[] = []
      for (const leafIndex of own.get(release)!) keys.push(...relatedOf(await read(leafIndex)))
      related.set(release, keys)
    }
    const found = await this.#under([...related.values()].flat(), read, MAX_RELATED)
    return releases.map((release) => {
      const all = [...own.get(release)!, ...related.get(release)!.flatMap((key) => found.get(key)!)]
      return { release, leaves: [...new Set(all)].sort((a, b) => a - b) }
    })
  }

  async #under(keys: readonly string[], read: ReadLeaf, max: number): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>(keys.map((key) => [key, []]))
    const marks = new Set(keys.map(markOf))
    let before = -1
    for (let i = 0; i < this.#marks.size; i += 1) {
      const leafIndex = this.#leaves.at(i)
      if (leafIndex === before || !marks.has(this.#marks.at(i))) continue
      before = leafIndex
      const leaf = await read(leafIndex)
      for (const key of leaf ? subjectsOf(leaf) : []) {
        const leaves = found.get(key)
        if (leaves && leaves.length < max) leaves.push(leafIndex)
      }
    }
    return found
  }
}

/** FNV-1a. */
function markOf(key: string): number {
  let mark = 0x811c_9dc5
  for (let i = 0; i < key.length; i += 1) mark = Math.imul(mark ^ key.charCodeAt(i), 0x0100_0193)
  return mark >>> 0
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
