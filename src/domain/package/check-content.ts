/** That what stands beside the leaves is what they commit to, and that every list is what its rule makes of them. */

import { parse, parseCanonical } from '../../bytes/json.ts'
import { decodeText, encodeText, formatBase64, formatHex, parseBase64 } from '../../bytes/portable.ts'
import { compareNames } from '../../bytes/zip.ts'
import type { Leaves } from './check-log.ts'
import type { Members, Opened } from './check-manifest.ts'
import { parseControlMap, type ControlMap } from './control.ts'
import { Derived } from './derived.ts'
import { because, judged, type Check, type Problem } from './finding.ts'
import * as layout from './layout.ts'
import { FRAMEWORKS, type Manifest } from './manifest.ts'
import { fieldsOf, listOf, numberOf, textOf, type Fields, type PlainLeaf } from './plain-leaf.ts'
import type { SampleFile } from './sample.ts'
import { compareLines } from './table.ts'
import type { Tools } from './tool.ts'

export type Blobs = ReadonlyMap<string, Uint8Array>
export type ContentCounts = {
  readonly evidence: { readonly checked: number; readonly withheld: number }
  readonly disclosures: { readonly checked: number; readonly withheld: number }
}

/** Lines of all members of a folder, in the order of their names. */
function linesIn(members: Members, folder: string): string[] {
  const names = [...members.keys()].filter((name) => name.startsWith(folder)).sort(compareNames)
  return names.flatMap((name) => layout.splitLines(members.get(name)!).map((line) => decodeText(line)))
}

/** One line as it was written, its members by name; undefined for any other spelling. */
function strictLine(line: string, names: readonly string[]): Fields | undefined {
  const said = attempt(() => fieldsOf(parseCanonical(line)))
  return said && Object.keys(said).sort().join() === names.join() ? said : undefined
}

/** Evidence that leaves of the range name, by digest. What was erased before the export is counted and not a fault. */
export async function checkEvidence({ members, manifest }: Opened, { plain }: Leaves, { sha256 }: Tools) {
  const problems: Problem[] = []
  const blobs = new Map<string, Uint8Array>()
  const named = new Set(plain.flatMap(({ evidence }) => evidence.map(({ digest }) => digest)))
  const start = startPolicy(members, manifest)
  for (const line of linesIn(members, 'evidence/')) {
    const said = strictLine(line, ['base64', 'digest'])
    const digest = textOf(said?.['digest'])
    const bytes = attempt(() => parseBase64(textOf(said?.['base64'])))
    if (!said || !bytes || blobs.has(digest))
      problems.push({ cause: 'malformed', detail: 'a line of evidence is not one' })
    else if (!named.has(digest) && digest !== start)
      problems.push({ cause: 'added', detail: `no leaf of the range names the evidence ${digest.slice(0, 80)}` })
    else if (`sha256:${formatHex(await sha256(bytes))}` !== digest)
      problems.push({ cause: 'altered', detail: `the evidence ${digest} ${namedBy(digest, plain)}was altered` })
    else blobs.set(digest, bytes)
  }
  const checked = [...named].filter((digest) => blobs.has(digest)).length
  const counts = { checked, withheld: named.size - checked }
  const detail = `${checked} blobs with the digests that leaves name; ${counts.withheld} withheld or erased`
  return { check: judged('evidence', detail, problems), counts, blobs: blobs as Blobs }
}

function namedBy(digest: string, plain: readonly PlainLeaf[]): string {
  const leaf = plain.find(({ evidence }) => evidence.some((each) => each.digest === digest))
  const kind = leaf?.evidence.find((each) => each.digest === digest)?.kind
  return leaf ? `(${kind} of leaf ${leaf.leafIndex}) ` : ''
}

/** RFC 9901: a disclosure belongs to the leaf that holds its digest. */
export async function checkDisclosures({ members, manifest }: Opened, { plain }: Leaves, { sha256 }: Tools) {
  const problems: Problem[] = []
  const shown = new Set<string>()
  for (const line of linesIn(members, 'disclosures/')) {
    const said = strictLine(line, ['disclosures', 'leafIndex'])
    if (!said) problems.push({ cause: 'malformed', detail: 'a line of disclosures is not one' })
    const leafIndex = numberOf(said?.['leafIndex'])
    const commitments = plain[leafIndex - manifest.from]?.commitments ?? []
    for (const text of listOf(said?.['disclosures']).map(textOf)) {
      const digest = formatBase64(await sha256(encodeText(text)))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace('=', '')
      if (commitments.includes(digest) && !shown.has(digest)) shown.add(digest)
      else
        problems.push({
          cause: 'altered',
          detail: `a disclosure beside leaf ${leafIndex} is not one that it commits to`,
        })
    }
  }
  const committed = plain.reduce((sum, { commitments }) => sum + commitments.length, 0)
  const counts = { checked: shown.size, withheld: committed - shown.size }
  const detail = `${counts.checked} shown, as their leaves commit to them; ${counts.withheld} withheld or erased`
  return { check: judged('disclosures', detail, problems), counts }
}

/** Everything that follows from the leaves, made again by the same rules and compared line by line. */
export async function checkDerived(
  { members, manifest }: Opened,
  { lines, plain }: Leaves,
  blobs: Blobs,
  rootHash: string,
  tools: Tools,
): Promise<Check[]> {
  const derived = new Derived()
  for (const leaf of plain) derived.take(leaf)
  const source = {
    leaf: (leafIndex: number) => Promise.resolve(plain[leafIndex - manifest.from]),
    leafText: (leafIndex: number) => Promise.resolve(decodeText(lines[leafIndex - manifest.from]!)),
    blob: (digest: string) => Promise.resolve(blobs.get(digest)),
  }
  const maps = controlMaps(members)
  const documents = [...derived.documents(manifest, maps.maps)]
  const policies = await derived.policies(startPolicy(members, manifest), source.blob)
  const samples = await derived.samples(manifest, rootHash, source, tools)
  const known = [...documents, ...policies, ...samples]
  const is = (prefix: string) => (file: SampleFile) => file.name.startsWith(prefix)
  const rows = derived.tables.reduce((sum, table) => sum + table.rows.length, 0)
  const drawn = samples.length === 0 ? 'none were asked for' : `drawn by root hash and “${manifest.asked.nonce}”`
  return [
    compare(
      'populations',
      `${derived.tables.length} lists, ${rows} rows, as their rules make them`,
      known.filter(is('populations/')),
      members,
    ),
    compare('exceptions', 'as their rule makes them', known.filter(is(layout.EXCEPTIONS)), members),
    compare('coverage', 'as the leaves tell', known.filter(is(layout.COVERAGE)), members, maps.problems),
    compare('policies', `${policies.length} files, as they were in force`, policies, members),
    compare('samples', drawn, samples, members),
    checkNothingElse(members, known),
  ]
}

function controlMaps(members: Members): {
  readonly maps: readonly ControlMap[]
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const maps = [...members].flatMap(([name, bytes]) => {
    if (!name.startsWith('controls/')) return []
    try {
      return [parseControlMap(decodeText(bytes))]
    } catch (error) {
      problems.push({ cause: 'malformed', detail: `${name}: ${because(error)}` })
      return []
    }
  })
  return { maps, problems }
}

/** The digest of the policies in force before the range, as the state says. */
export function startPolicy(members: Members, { from }: Manifest): string | undefined {
  const lines = from > 0 ? layout.splitLines(members.get(layout.STATE) ?? new Uint8Array(0)) : []
  for (const line of lines) {
    const [name, policy] = listOf(attempt(() => parse(decodeText(line))))
    if (name === 'policy') return textOf(fieldsOf(policy)['digest']) || undefined
  }
  return undefined
}

function compare(
  name: string,
  detail: string,
  files: readonly SampleFile[],
  members: Members,
  before: readonly Problem[] = [],
): Check {
  const problems = [...before]
  for (const { name: file, bytes } of files) {
    const given = members.get(file)
    if (!given) problems.push({ cause: 'absent', detail: `${file} is missing` })
    else problems.push(...differences(file, bytes, given))
  }
  return judged(name, detail, problems)
}

function differences(file: string, expected: Uint8Array, given: Uint8Array): Problem[] {
  const spell = (bytes: Uint8Array) => layout.splitLines(bytes).map((line) => new TextDecoder().decode(line))
  const found = compareLines(spell(expected), spell(given))
  if (!found) {
    const isEqual = expected.length === given.length && expected.every((byte, index) => byte === given[index])
    return isEqual ? [] : [{ cause: 'altered', detail: `${file} is not spelled as its rule spells it` }]
  }
  const { cause, index, expected: wanted, given: there } = found
  const words = {
    gap: `line ${index + 1} is missing: ${shown(wanted)}`,
    truncated: `it ends before line ${index + 1}: ${shown(wanted)}`,
    added: `line ${index + 1} does not belong there: ${shown(there)}`,
    altered: `line ${index + 1} must be ${shown(wanted)} and is ${shown(there)}`,
    reordered: `line ${index + 1} does not stand at its place: ${shown(there)}`,
  }[cause]
  return [{ cause, detail: `${file}: ${words}` }]
}

function shown(line: string | undefined): string {
  return JSON.stringify((line ?? '').slice(0, 120))
}

const FIXED = new Set<string>([
  ...[layout.MANIFEST, layout.CHECKPOINT, layout.PROOF, layout.HASHES, layout.HOWTO, layout.STATE],
  ...FRAMEWORKS.map(layout.controlsName),
])
const FOLDERS = /^(?:log\/leaves|disclosures)\/\d{12}\.jsonl$|^evidence\/[0-9a-f]{2}\.jsonl$/

/** A file that no rule accounts for could tell an auditor anything. */
function checkNothingElse(members: Members, known: readonly SampleFile[]): Check {
  const accounted = new Set([...FIXED, ...known.map(({ name }) => name)])
  const strange = [...members.keys()].filter((name) => !accounted.has(name) && !FOLDERS.test(name))
  const problems = strange.map((name) => ({ cause: 'added' as const, detail: `no rule makes ${name}` }))
  return judged('nothing else', 'every file is accounted for', problems)
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
