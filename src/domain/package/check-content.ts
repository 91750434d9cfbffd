/** That what stands beside the leaves is what they commit to, and that every list is what its rule makes of them. */

import { parse } from '../../bytes/json.ts'
import { decodeText, isSame } from '../../bytes/portable.ts'
import type { Source } from '../../bytes/zip.ts'
import type { Line } from './archive.ts'
import { Disclosures } from './check-disclosure.ts'
import { attempt, Evidence, type Count } from './check-evidence.ts'
import type { Members, Opened } from './check-manifest.ts'
import { Timestamps } from './check-timestamp.ts'
import { Comparison } from './comparison.ts'
import { parseControlMap, type ControlMap } from './control.ts'
import { Derived } from './derived.ts'
import { because, judged, type Check, type Problem } from './finding.ts'
import * as layout from './layout.ts'
import { Leaves } from './leaves.ts'
import { FRAMEWORKS, type Manifest } from './manifest.ts'
import { fieldsOf, listOf, textOf, type PlainLeaf } from './plain-leaf.ts'
import { rules } from './population.ts'
import type { SampleFile } from './sample.ts'
import { Compared, problemOf } from './sheet.ts'
import type { Tools } from './tool.ts'

export type ContentCounts = { readonly leaves: number; readonly evidence: Count; readonly disclosures: Count }
export type ContentCheck = { readonly checks: readonly Check[]; readonly counts: ContentCounts }

export class Content {
  readonly leaves: Leaves
  readonly evidence: Evidence
  readonly timestamps = new Timestamps()
  readonly #members: Members
  readonly #manifest: Manifest
  readonly #tools: Tools
  readonly #disclosures: Disclosures
  readonly #lists = new Map<string, Compared>()
  readonly #derived: Derived

  constructor({ members, manifest }: Opened, source: Source, tools: Tools) {
    this.leaves = new Leaves(manifest.from, source)
    this.evidence = new Evidence(source)
    this.#members = members
    this.#manifest = manifest
    this.#tools = tools
    this.#disclosures = new Disclosures(members, tools)
    this.#derived = new Derived(manifest.asked, (name) => {
      const sheet = new Compared(name, members.get(name))
      this.#lists.set(name, sheet)
      return sheet
    })
  }

  /** The next leaf of the range. */
  async take(leaf: PlainLeaf, line: Line): Promise<void> {
    this.leaves.add(line)
    this.evidence.take(leaf)
    this.timestamps.take(leaf)
    await this.#disclosures.take(leaf)
    await this.#derived.take(leaf)
  }

  /** After the last leaf. */
  async check(rootHash: string): Promise<ContentCheck> {
    const members = this.#members
    const start = await startPolicy(members, this.#manifest)
    const evidence = await this.evidence.check(members, start, this.leaves, this.#tools)
    const disclosures = await this.#disclosures.check()
    const counts = { leaves: this.leaves.count, evidence: evidence.counts, disclosures: disclosures.counts }
    return { counts, checks: [evidence.check, disclosures.check, ...(await this.#checkDerived(start, rootHash))] }
  }

  /** Everything that follows from the leaves, made again by the same rules and compared line by line. */
  async #checkDerived(start: string | undefined, rootHash: string): Promise<Check[]> {
    const { asked } = this.#manifest
    const source = {
      leaf: (leafIndex: number) => this.leaves.leaf(leafIndex),
      leafText: (leafIndex: number) => this.leaves.text(leafIndex),
      blob: (digest: string) => this.evidence.get(digest),
    }
    await this.#derived.finish(source.leaf)
    const lists: Problem[] = []
    const exceptions: Problem[] = []
    for (const [name, sheet] of this.#lists)
      (name === layout.EXCEPTIONS ? exceptions : lists).push(...(await sheet.problems()))
    const { maps, problems } = await controlMaps(this.#members)
    const coverage = await this.#compare([this.#derived.coverage(this.#manifest, maps)])
    const policies = await this.#compare(this.#derived.policies(start, source.blob))
    const samples = await this.#compare(this.#derived.samples(rootHash, source, this.#tools))
    const drawn = samples.names.length === 0 ? 'none were asked for' : `drawn by root hash and “${asked.nonce}”`
    const known = [...this.#lists.keys(), ...coverage.names, ...policies.names, ...samples.names]
    return [
      judged('populations', `${rules.length} lists, ${this.#derived.rows} rows, as their rules make them`, lists),
      judged('exceptions', 'as their rule makes them', exceptions),
      judged('coverage', 'as the leaves tell', [...problems, ...coverage.problems]),
      judged('policies', `${policies.names.length} files, as they were in force`, policies.problems),
      judged('samples', drawn, samples.problems),
      checkNothingElse(this.#members, known),
    ]
  }

  async #compare(files: Iterable<SampleFile> | AsyncIterable<SampleFile>) {
    const names: string[] = []
    const problems: Problem[] = []
    for await (const { name, bytes } of files) {
      names.push(name)
      const given = await this.#members.get(name)?.bytes()
      if (!given) problems.push({ cause: 'absent', detail: `${name} is missing` })
      else if (!isSame(bytes, given)) problems.push(await difference(name, bytes, given))
    }
    return { names, problems }
  }
}

async function difference(name: string, expected: Uint8Array, given: Uint8Array): Promise<Problem> {
  const comparison = new Comparison(linesOf(given))
  for await (const line of linesOf(expected)) await comparison.expect(line)
  return problemOf(name, await comparison.end())
}

async function* linesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    const newline = bytes.indexOf(0x0a, at)
    const end = newline < 0 ? bytes.length : newline
    yield bytes.subarray(at, end)
    at = end + 1
  }
}

async function controlMaps(members: Members): Promise<{
  readonly maps: readonly ControlMap[]
  readonly problems: readonly Problem[]
}> {
  const problems: Problem[] = []
  const maps: ControlMap[] = []
  for (const [name, member] of members) {
    if (!name.startsWith('controls/')) continue
    try {
      maps.push(parseControlMap(decodeText(await member.bytes())))
    } catch (error) {
      problems.push({ cause: 'malformed', detail: `${name}: ${because(error)}` })
    }
  }
  return { maps, problems }
}

/** The digest of the policies in force before the range, as the state says. */
async function startPolicy(members: Members, { from }: Manifest): Promise<string | undefined> {
  const state = from > 0 ? members.get(layout.STATE) : undefined
  if (!state) return undefined
  for await (const { bytes } of state.lines()) {
    const [name, policy] = listOf(attempt(() => parse(decodeText(bytes))))
    if (name === 'policy') return textOf(fieldsOf(policy)['digest']) || undefined
  }
  return undefined
}

const FIXED = new Set<string>([
  ...[
    layout.MANIFEST,
    layout.CHECKPOINT,
    layout.CHECKPOINT_STAMP,
    layout.PROOF,
    layout.HASHES,
    layout.HOWTO,
    layout.STATE,
  ],
  ...FRAMEWORKS.map(layout.controlsName),
])
const FOLDERS = /^(?:log\/leaves|disclosures)\/\d{12}\.jsonl$|^evidence\/[0-9a-f]{2}\.jsonl$/

/** A file that no rule accounts for could tell an auditor anything. */
function checkNothingElse(members: Members, known: readonly string[]): Check {
  const accounted = new Set([...FIXED, ...known])
  const strange = [...members.keys()].filter((name) => !accounted.has(name) && !FOLDERS.test(name))
  const problems = strange.map((name) => ({ cause: 'added' as const, detail: `no rule makes ${name}` }))
  return judged('nothing else', 'every file is accounted for', problems)
}
