/** The path from the leaf up to the signed root, with the sibling hash met at each level. */

import { cutDigest, formatCount } from '../part/words.ts'
import type { Verdict } from '../verify/leaf.ts'
import { formatHex } from '../verify/bytes.ts'
import styles from './merkle-path.module.css'

type Props = { readonly verdict: Verdict; readonly leafIndex: number; readonly treeSize: number }

type Point = { readonly x: number; readonly y: number }
type Level = { readonly from: Point; readonly node: Point; readonly sibling: Point; readonly hash: string }

const WIDTH = 320
const RADIUS = 6

export function MerklePath({ verdict, leafIndex, treeSize }: Props) {
  const rise = verdict.steps.length > 8 ? 22 : 34
  const levels = layOut(verdict, rise)
  const height = 22 + verdict.steps.length * rise + 18
  const root: Point = { x: WIDTH / 2, y: 14 }
  const last = levels.at(-1)?.node ?? root
  const agrees = verdict.root !== '' && verdict.root === verdict.signedRoot
  return (
    <svg
      className={agrees ? styles.path : styles.torn}
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={`Merkle path of ${verdict.steps.length} levels from leaf ${leafIndex} to the root of ${treeSize} leaves: ${
        agrees ? 'it ends in the signed root' : 'it does not end in the signed root'
      }`}
    >
      {levels.map(({ from, node, sibling, hash }) => (
        <g key={node.y}>
          <path className={styles.side} d={`M${from.x} ${from.y}L${sibling.x} ${sibling.y}`} />
          <path className={styles.edge} d={`M${from.x} ${from.y}L${node.x} ${node.y}`} />
          <circle className={styles.sibling} cx={sibling.x} cy={sibling.y} r={RADIUS - 0.75}>
            <title>{`sibling ${hash}`}</title>
          </circle>
        </g>
      ))}
      {levels.map(({ node }) => (
        <circle key={node.y} className={styles.node} cx={node.x} cy={node.y} r={RADIUS} />
      ))}
      <circle className={styles.root} cx={root.x} cy={root.y} r={RADIUS} />
      <text className={styles.label} x={root.x + 14} y={root.y + 4}>
        {agrees ? `root ${formatCount(treeSize)}, ${cutDigest(verdict.root, 4)}` : 'not the signed root'}
      </text>
      <Caption at={last} text={`leaf ${formatCount(leafIndex)}`} />
    </svg>
  )
}

/** Beneath the leaf, kept inside the picture. */
function Caption({ at, text }: { readonly at: Point; readonly text: string }) {
  const x = Math.min(Math.max(at.x, 36), WIDTH - 36)
  return (
    <text className={styles.label} x={x} y={at.y + 21} textAnchor="middle">
      {text}
    </text>
  )
}

/** From the root down; the spread narrows with depth, as in a drawn tree, and never leaves the picture. */
function layOut(verdict: Verdict, rise: number): Level[] {
  const levels: Level[] = []
  let from: Point = { x: WIDTH / 2, y: 14 }
  let spread = 74
  for (const step of verdict.steps.toReversed()) {
    const centre = Math.min(Math.max(from.x, spread + 12), WIDTH - spread - 12)
    const y = from.y + rise
    const left = { x: centre - spread, y }
    const right = { x: centre + spread, y }
    const node = step.side === 'left' ? left : right
    levels.push({ from, node, sibling: step.side === 'left' ? right : left, hash: formatHex(step.sibling) })
    from = node
    spread = Math.max(15, spread * 0.72)
  }
  return levels
}
