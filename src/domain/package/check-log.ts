/** That the leaves are those of the log, at exactly these places, with none left out between them or at either end. */

import { canonical, parse, type Json } from '../../bytes/json.ts'
import { concat, decodeText, formatBase64, parseBase64 } from '../../bytes/portable.ts'
import { linesIn, type Line, type Member } from './archive.ts'
import { Comparison } from './comparison.ts'
import { checkEdges } from './check-edge.ts'
import type { Members, Opened } from './check-manifest.ts'
import { because, judged, skipped, type Check, type Problem } from './finding.ts'
import { CHECKPOINT, HASHES, LEAVES, PROOF, type Edge, type Proof } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { fieldsOf, listOf, numberOf, parsePlainLeaf, textOf, type PlainLeaf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'
import { GrowingTree, verifyConsistency } from './tree.ts'

export type Progress = (done: number, total: number) => void
/** Hears each leaf that is proven, in order. */
export type Take = (leaf: PlainLeaf, line: Line) => Promise<void>

export type LogCheck = {
  readonly checks: readonly Check[]
  /** Whether every leaf of the range is in the log, at its place, and a leaf. */
  readonly isProven: boolean
  /** Roots of the full subtrees before the range. */
  readonly before: readonly Uint8Array[]
  /** Of the checkpoint, in base64. */
  readonly rootHash: string
  readonly cosigners: readonly string[]
}

export type Witnesses = readonly string[]

export async function checkLog(
  { members, manifest }: Opened,
  pinned: Witnesses,
  tools: Tools,
  take: Take,
  onProgress?: Progress,
): Promise<LogCheck> {
  const note = await textOfMember(members, CHECKPOINT)
  const signed = await checkCheckpoint(note, manifest, tools)
  const witnessed = await checkWitnesses(note, manifest, pinned, tools)
  const rootHash = signed.rootHash ? formatBase64(signed.rootHash) : ''
  const heads = { rootHash, cosigners: witnessed.cosigners }
  const checks = [signed.check, witnessed.check]
  const failed = (...more: readonly Check[]) => ({
    ...heads,
    checks: [...checks, ...more],
    isProven: false,
    before: [],
  })
  if (!signed.rootHash) return failed(skipped('leaves', 'checkpoint'), skipped('edges', 'checkpoint'))
  const proof = await readProof(members)
  const whole = await checkLeaves({ members, manifest }, proof, signed.rootHash, take, tools, onProgress)
  const { check, first, last } = whole
  if (check.state !== 'ok' || !first || !last) return failed(check, skipped('edges', 'leaves'))
  const edges = await checkEdges({ first, last }, proof?.edges ?? [], signed.rootHash, manifest, tools)
  return { ...heads, checks: [...checks, check, edges], isProven: true, before: proof?.before ?? [] }
}

async function textOfMember(members: Members, name: string): Promise<string | undefined> {
  const member = members.get(name)
  return member && decodeText(await member.bytes())
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

type ReadProof = {
  readonly before: readonly Uint8Array[]
  readonly consistency: readonly Uint8Array[]
  readonly edges: readonly Edge[]
}

/** Undefined for anything that an exporter would not have written. */
async function readProof(members: Members): Promise<ReadProof | undefined> {
  try {
    const text = (await textOfMember(members, PROOF)) ?? ''
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

type Whole = { readonly check: Check; readonly first?: PlainLeaf; readonly last?: PlainLeaf }

async function checkLeaves(
  { members, manifest }: Opened,
  proof: ReadProof | undefined,
  rootHash: Uint8Array,
  take: Take,
  tools: Tools,
  onProgress: Progress = () => {},
): Promise<Whole> {
  const { from, to } = manifest
  const failed = (problems: readonly Problem[]) => ({ check: judged('leaves', '', problems) })
  if (!proof) return failed([{ cause: 'malformed', detail: `${PROOF} is missing or cannot be read` }])
  const prover = new Prover(proof, rootHash, manifest, tools)
  const lines = () => linesIn(members, LEAVES)
  const total = to - from
  // Leaves are first hashed, and then read: that is twice the work, in the proportion of one to two.
  const hashed = (done: number) => done % 1000 === 0 && onProgress(Math.floor(Math.min(done, total) / 3), total)
  const { count, isProven } = await prover.proves(hashesOf(lines(), tools, hashed))
  if (!isProven) return failed(await explain({ members, manifest }, lines, count, prover, tools))
  const read = await readInOrder(lines(), manifest, take, (done) =>
    onProgress(Math.floor((total + 2 * done) / 3), total),
  )
  return { ...read, check: judged('leaves', `leaves ${from} to ${to - 1}, each at its place`, read.problems) }
}

async function* hashesOf(lines: AsyncIterable<Line>, { leafHash }: Tools, hear: (done: number) => void = () => {}) {
  let done = 0
  for await (const { bytes } of lines) {
    yield await leafHash(bytes)
    hear((done += 1))
  }
}

/** Whether hashes lead to the signed root. */
class Prover {
  readonly #proof: ReadProof
  readonly #rootHash: Uint8Array
  readonly #manifest: Manifest
  readonly #tools: Tools

  constructor(proof: ReadProof, rootHash: Uint8Array, manifest: Manifest, tools: Tools) {
    this.#proof = proof
    this.#rootHash = rootHash
    this.#manifest = manifest
    this.#tools = tools
  }

  async proves(hashes: AsyncIterable<Uint8Array>): Promise<{ readonly count: number; readonly isProven: boolean }> {
    const { from, to, checkpointSize: size } = this.#manifest
    let count = 0
    try {
      const tree = new GrowingTree(from, this.#proof.before, this.#tools)
      for await (const hash of hashes) {
        count += 1
        if (count > to - from) break
        await tree.push(hash)
      }
      if (count !== to - from) return { count, isProven: false }
      const [end, head] = [
        { size: to, rootHash: await tree.root() },
        { size, rootHash: this.#rootHash },
      ]
      return { count, isProven: await verifyConsistency(end, head, this.#proof.consistency, this.#tools) }
    } catch {
      return { count, isProven: false }
    }
  }
}

/** The list of hashes that came along is believed when the signed root is that of its hashes; then it says which leaf it was. */
async function explain(
  { members, manifest: { from, to } }: Opened,
  lines: () => AsyncIterable<Line>,
  count: number,
  prover: Prover,
  tools: Tools,
): Promise<Problem[]> {
  const listed = () => hashesIn(members.get(HASHES))
  if (!(await prover.proves(listed())).isProven) {
    const detail = `leaves ${from} to ${to - 1} do not lead to the signed root`
    if (count < to - from) return [{ cause: 'truncated', detail: `${detail}: there are ${count} of ${to - from}` }]
    return [{ cause: 'not_in_log', detail }]
  }
  const comparison = new Comparison(hashesOf(lines(), tools))
  for await (const hash of listed()) await comparison.expect(hash)
  const difference = await comparison.end()
  if (!difference) return [{ cause: 'not_in_log', detail: 'the leaves do not lead to the signed root' }]
  const { cause, index } = difference
  const line = await lineAt(lines(), index)
  const said = line && parsePlainLeaf(lossyText(line), from + index)
  const saying = said ? `; what stands there says ${said.type}, ${said.outcome}, ${said.at}` : ''
  const missing = {
    gap: 'is missing',
    truncated: 'and all behind it are missing',
    added: 'is preceded by one that is not in the log',
  }
  const words = { ...missing, altered: 'was altered', reordered: 'does not stand at its place' }[cause]
  return [{ cause, detail: `leaf ${from + index} ${words}${saying}` }]
}

async function* hashesIn(member: Member | undefined): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0)
  for await (const block of member?.blocks() ?? []) {
    const bytes = concat(rest, block)
    let at = 0
    for (; at + 32 <= bytes.length; at += 32) yield bytes.subarray(at, at + 32)
    rest = bytes.subarray(at)
  }
}

async function lineAt(lines: AsyncIterable<Line>, index: number): Promise<Uint8Array | undefined> {
  let at = 0
  for await (const { bytes } of lines) {
    if (at === index) return bytes
    at += 1
  }
  return undefined
}

function lossyText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

/** More than anybody reads. */
const MAX_PROBLEMS = 1000

/** What the leaves say; also of those that are in the log and say something else about where and when they are. */
async function readInOrder(
  lines: AsyncIterable<Line>,
  { from, origin }: Manifest,
  take: Take,
  onProgress: (done: number) => void,
) {
  const problems: Problem[] = []
  let [index, before] = [0, '']
  let [first, last]: PlainLeaf[] = []
  for await (const line of lines) {
    const leaf = parsePlainLeaf(lossyText(line.bytes), from + index)
    const problem = orderProblem(leaf, from + index, origin, before)
    if (problem && problems.length < MAX_PROBLEMS) problems.push(problem)
    before = leaf?.at ?? before
    first ??= leaf
    last = leaf ?? last
    if (leaf) await take(leaf, line)
    index += 1
    if (index % 1000 === 0) onProgress(index)
  }
  return { problems, ...(first && last && { first, last }) }
}

function orderProblem(
  leaf: PlainLeaf | undefined,
  leafIndex: number,
  origin: string,
  before: string,
): Problem | undefined {
  const where = `leaf ${leafIndex}`
  if (!leaf) return { cause: 'malformed', detail: `${where} is in the log, and no leaf of this kind` }
  if (leaf.sequence !== String(leafIndex))
    return { cause: 'reordered', detail: `${where} says that it is number ${leaf.sequence}` }
  if (leaf.origin !== origin) return { cause: 'altered', detail: `${where} is of ${leaf.origin}` }
  if (leaf.at < before) return { cause: 'reordered', detail: `${where} is older than the one before it` }
  return undefined
}
