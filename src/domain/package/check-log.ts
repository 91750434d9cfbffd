/** That the leaves are those of the log, at exactly these places, with none left out between them or at either end. */

import { canonical, parse, type Json } from '../../bytes/json.ts'
import { decodeText, formatBase64, formatHex, parseBase64 } from '../../bytes/portable.ts'
import { compareNames } from '../../bytes/zip.ts'
import { checkEdges } from './check-edge.ts'
import type { Members, Opened } from './check-manifest.ts'
import { because, judged, skipped, type Check, type Problem } from './finding.ts'
import { CHECKPOINT, HASHES, PROOF, splitLines, type Edge, type Proof } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { fieldsOf, listOf, numberOf, parsePlainLeaf, textOf, type PlainLeaf } from './plain-leaf.ts'
import { compareLines } from './table.ts'
import type { Tools } from './tool.ts'
import { GrowingTree, verifyConsistency } from './tree.ts'

export type Leaves = { readonly lines: readonly Uint8Array[]; readonly plain: readonly PlainLeaf[] }
export type Progress = (done: number, total: number) => void

export type LogCheck = {
  readonly checks: readonly Check[]
  /** Undefined unless every leaf of the range is proven. */
  readonly leaves: Leaves | undefined
  /** Of the checkpoint, in base64. */
  readonly rootHash: string
  readonly cosigners: readonly string[]
}

export type Witnesses = readonly string[]

export async function checkLog(
  { members, manifest }: Opened,
  pinned: Witnesses,
  tools: Tools,
  onProgress?: Progress,
): Promise<LogCheck> {
  const note = textOfMember(members, CHECKPOINT)
  const signed = await checkCheckpoint(note, manifest, tools)
  const witnessed = await checkWitnesses(note, manifest, pinned, tools)
  const rootHash = signed.rootHash ? formatBase64(signed.rootHash) : ''
  const heads = { rootHash, cosigners: witnessed.cosigners }
  const checks = [signed.check, witnessed.check]
  if (!signed.rootHash)
    return {
      ...heads,
      checks: [...checks, skipped('leaves', 'checkpoint'), skipped('edges', 'checkpoint')],
      leaves: undefined,
    }
  const lines = leafLines(members)
  const proof = readProof(members)
  const whole = await checkLeaves(lines, proof, signed.rootHash, { members, manifest }, tools, onProgress)
  const { check, plain } = whole
  if (check.state !== 'ok')
    return { ...heads, checks: [...checks, check, skipped('edges', 'leaves')], leaves: undefined }
  const edges = await checkEdges(plain, proof?.edges ?? [], signed.rootHash, manifest, tools)
  return { ...heads, checks: [...checks, check, edges], leaves: { lines, plain } }
}

function textOfMember(members: Members, name: string): string | undefined {
  const bytes = members.get(name)
  return bytes && decodeText(bytes)
}

/** C2SP tlog-checkpoint: origin, size and root hash, each on its line, signed as a note. */
async function checkCheckpoint(note: string | undefined, { origin, logKey, checkpointSize }: Manifest, tools: Tools) {
  const failed = (cause: Problem['cause'], detail: string) => ({ check: judged('checkpoint', '', [{ cause, detail }]) })
  if (note === undefined) return { ...failed('absent', `${CHECKPOINT} is missing`), rootHash: undefined }
  try {
    const judgement = await tools.judgeNote(note, logKey)
    if (judgement === 'absent')
      return { ...failed('wrong_key', `${logKey} did not sign the checkpoint; another key did`), rootHash: undefined }
    if (judgement === 'wrong')
      return { ...failed('altered', 'the signature on the checkpoint is wrong'), rootHash: undefined }
    const [named, size, root = ''] = note.split('\n')
    const rootHash = parseBase64(root)
    if (named !== origin || size !== String(checkpointSize) || rootHash.length !== 32)
      return {
        ...failed('altered', `the checkpoint is of ${String(named)} at ${String(size)} leaves`),
        rootHash: undefined,
      }
    return { check: judged('checkpoint', `${origin} at ${size} leaves, root ${root}`, []), rootHash }
  } catch (error) {
    return { ...failed('malformed', `the checkpoint: ${because(error)}`), rootHash: undefined }
  }
}

async function checkWitnesses(note: string | undefined, { witnesses }: Manifest, pinned: Witnesses, tools: Tools) {
  const problems: Problem[] = []
  const cosigners: string[] = []
  for (const key of new Set([...witnesses, ...pinned])) {
    const judgement = note === undefined ? 'absent' : await Promise.resolve(tools.judgeNote(note, key)).catch(because)
    if (judgement === 'valid') cosigners.push(key)
    else if (judgement === 'wrong') problems.push({ cause: 'altered', detail: `the cosignature of ${key} is wrong` })
    else problems.push({ cause: 'absent', detail: `no cosignature of ${key}` })
  }
  const detail = cosigners.length === 0 ? 'no witness cosigned it' : `cosigned by ${cosigners.join(', ')}`
  return { check: judged('witnesses', detail, problems), cosigners }
}

function leafLines(members: Members): Uint8Array[] {
  const names = [...members.keys()].filter((name) => name.startsWith('log/leaves/')).sort(compareNames)
  return names.flatMap((name) => splitLines(members.get(name)!))
}

type ReadProof = {
  readonly before: readonly Uint8Array[]
  readonly consistency: readonly Uint8Array[]
  readonly edges: readonly Edge[]
}

/** Undefined for anything that an exporter would not have written. */
function readProof(members: Members): ReadProof | undefined {
  try {
    const text = textOfMember(members, PROOF) ?? ''
    const said = fieldsOf(parse(text))
    const texts = (value: Json | undefined) => listOf(value).map(textOf)
    const proof: Proof = {
      before: texts(said['before']),
      consistency: texts(said['consistency']),
      edges: listOf(said['edges'])
        .map(fieldsOf)
        .map(({ leafIndex, leaf, hashes }) => ({
          leafIndex: numberOf(leafIndex),
          leaf: textOf(leaf),
          hashes: texts(hashes),
        })),
    }
    if (canonical(proof as unknown as Json) !== text) return undefined
    const { before, consistency, edges } = proof
    return { before: before.map(parseBase64), consistency: consistency.map(parseBase64), edges }
  } catch {
    return undefined
  }
}

async function checkLeaves(
  lines: readonly Uint8Array[],
  proof: ReadProof | undefined,
  rootHash: Uint8Array,
  { members, manifest }: Opened,
  tools: Tools,
  onProgress: Progress | undefined,
): Promise<{ readonly check: Check; readonly plain: readonly PlainLeaf[] }> {
  const { from, to } = manifest
  const failed = (problems: readonly Problem[]) => ({ check: judged('leaves', '', problems), plain: [] })
  if (!proof) return failed([{ cause: 'malformed', detail: `${PROOF} is missing or cannot be read` }])
  const hashes: Uint8Array[] = []
  for (const line of lines) {
    hashes.push(await tools.leafHash(line))
    if (hashes.length % 1000 === 0) onProgress?.(Math.min(hashes.length, to - from), to - from)
  }
  const proves = (given: readonly Uint8Array[]) => isProven(given, proof, rootHash, manifest, tools)
  if (!(await proves(hashes))) return failed(await explain(lines, hashes, members, manifest, proves))
  const { plain, problems } = readInOrder(lines, manifest)
  return { check: judged('leaves', `leaves ${from} to ${to - 1}, each at its place`, problems), plain }
}

async function isProven(
  hashes: readonly Uint8Array[],
  { before, consistency }: ReadProof,
  rootHash: Uint8Array,
  { from, to, checkpointSize }: Manifest,
  tools: Tools,
): Promise<boolean> {
  if (hashes.length !== to - from) return false
  try {
    const tree = new GrowingTree(from, before, tools)
    for (const hash of hashes) await tree.push(hash)
    const end = { size: to, rootHash: await tree.root() }
    return await verifyConsistency(end, { size: checkpointSize, rootHash }, consistency, tools)
  } catch {
    return false
  }
}

/** The list of hashes that came along is believed when the signed root is that of its hashes; then it says which leaf it was. */
async function explain(
  lines: readonly Uint8Array[],
  hashes: readonly Uint8Array[],
  members: Members,
  manifest: Manifest,
  proves: (hashes: readonly Uint8Array[]) => Promise<boolean>,
): Promise<Problem[]> {
  const { from, to } = manifest
  const listed = members.get(HASHES) ?? new Uint8Array(0)
  const expected = Array.from({ length: Math.floor(listed.length / 32) }, (_, i) =>
    listed.subarray(i * 32, i * 32 + 32),
  )
  if (!(await proves(expected))) {
    const detail = `leaves ${from} to ${to - 1} do not lead to the signed root`
    if (lines.length < to - from)
      return [{ cause: 'truncated', detail: `${detail}: there are ${lines.length} of ${to - from}` }]
    return [{ cause: 'not_in_log', detail }]
  }
  const difference = compareLines(expected.map(formatHex), hashes.map(formatHex))
  if (!difference) return [{ cause: 'not_in_log', detail: 'the leaves do not lead to the signed root' }]
  const { cause, index } = difference
  const line = lines[index]
  const said = line && parsePlainLeaf(lossyText(line), from + index)
  const saying = said ? `; what stands there says ${said.type}, ${said.outcome}, ${said.at}` : ''
  const missing = {
    gap: 'is missing',
    truncated: 'and all behind it are missing',
    added: 'is preceded by one that is not in the log',
  }
  const words = { ...missing, altered: 'was altered', reordered: 'does not stand at its place', not_in_log: '' }[cause]
  return [{ cause, detail: `leaf ${from + index} ${words}${saying}` }]
}

function lossyText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** What the leaves say; also of those that are in the log and say something else about where and when they are. */
function readInOrder(lines: readonly Uint8Array[], { from, origin }: Manifest) {
  const problems: Problem[] = []
  const plain: PlainLeaf[] = []
  let before = ''
  for (const [index, line] of lines.entries()) {
    const leaf = parsePlainLeaf(lossyText(line), from + index)
    const where = `leaf ${from + index}`
    if (!leaf) problems.push({ cause: 'malformed', detail: `${where} is in the log, and no leaf of this kind` })
    else if (leaf.sequence !== String(from + index))
      problems.push({ cause: 'reordered', detail: `${where} says that it is number ${leaf.sequence}` })
    else if (leaf.origin !== origin) problems.push({ cause: 'altered', detail: `${where} is of ${leaf.origin}` })
    else if (leaf.at < before) problems.push({ cause: 'reordered', detail: `${where} is older than the one before it` })
    before = leaf?.at ?? before
    if (leaf) plain.push(leaf)
  }
  return { plain, problems }
}
