/** That a range is the whole of its period: the leaves beside it are in the log, too, and lie outside. */

import { encodeText, parseBase64 } from '../../bytes/portable.ts'
import { parseBound } from './bound.ts'
import { judged, type Check, type Problem } from './finding.ts'
import type { Edge } from './layout.ts'
import type { Manifest } from './manifest.ts'
import { parsePlainLeaf, type PlainLeaf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'
import { verifyInclusion } from './tree.ts'

/** The leaf before the range and the one behind it stand in the same tree, and lie outside the period. */
export async function checkEdges(
  { first, last }: Readonly<Record<'first' | 'last', PlainLeaf>>,
  edges: readonly Edge[],
  rootHash: Uint8Array,
  { from, to, checkpointSize, asked }: Manifest,
  tools: Tools,
): Promise<Check> {
  const problems: Problem[] = []
  const outside = new Map<number, PlainLeaf>()
  for (const { leafIndex, leaf, hashes } of edges) {
    const hash = await tools.leafHash(encodeText(leaf))
    const found = parsePlainLeaf(leaf, leafIndex)
    const path = attemptHashes(hashes)
    const isIn = found && path && (await verifyInclusion(leafIndex, checkpointSize, hash, path, rootHash, tools))
    if (isIn) outside.set(leafIndex, found)
    else problems.push({ cause: 'not_in_log', detail: `leaf ${leafIndex}, beside the range, is not in the log` })
  }
  for (const leafIndex of [...(from > 0 ? [from - 1] : []), ...(to < checkpointSize ? [to] : [])])
    if (!outside.has(leafIndex) && problems.length === 0)
      problems.push({ cause: 'absent', detail: `leaf ${leafIndex}, beside the range, is not shown` })
  const range = { first, last, before: outside.get(from - 1), after: outside.get(to) }
  problems.push(...periodProblems(range, asked, from, to))
  const end = to === checkpointSize ? 'the log ended there' : `leaf ${to} is later`
  return judged('edges', `nothing of the period ${asked.from} to ${asked.to} lies outside; ${end}`, problems)
}

function attemptHashes(hashes: readonly string[]): Uint8Array[] | undefined {
  try {
    return hashes.map(parseBase64)
  } catch {
    return undefined
  }
}

type Around = Readonly<Record<'first' | 'last', PlainLeaf>> &
  Readonly<Record<'before' | 'after', PlainLeaf | undefined>>

function periodProblems(
  { first, last, before, after }: Around,
  asked: Manifest['asked'],
  from: number,
  to: number,
): Problem[] {
  const [start, end] = [parseBound(asked.from, 'first'), parseBound(asked.to, 'last')]
  if (!start || !end) return [{ cause: 'malformed', detail: 'the period that was asked for cannot be read' }]
  const moment = ({ at }: PlainLeaf) => Date.parse(at)
  const problems: string[] = []
  if ('leafIndex' in start && start.leafIndex !== from)
    problems.push(`leaf ${start.leafIndex} was asked for first, ${from} is`)
  if ('leafIndex' in end && end.leafIndex !== to)
    problems.push(`leaf ${end.leafIndex - 1} was asked for last, ${to - 1} is`)
  if ('at' in start && moment(first) < start.at) problems.push(`leaf ${from} is earlier than the period`)
  if ('at' in start && before && moment(before) >= start.at)
    problems.push(`leaf ${from - 1} is of the period, and left out`)
  if ('at' in end && moment(last) >= end.at) problems.push(`leaf ${to - 1} is later than the period`)
  if ('at' in end && after && moment(after) < end.at) problems.push(`leaf ${to} is of the period, and left out`)
  return problems.map((detail) => ({ cause: 'outside_period' as const, detail }))
}
