/** From the log key that this browser trusts to the one that the server names: only by the trusted key's own word (C2SP tlog-proof). */

import { equal, formatHex, parseBase64, sha256, utf8 } from './bytes.ts'
import { leafHash, verifyInclusion } from './inclusion.ts'
import { checkCheckpoint } from './leaf.ts'
import { parseKey } from './note.ts'

const MAX_STEPS = 16
const HEADER = 'c2sp.org/tlog-proof@v1'

/** Whether rotations lead from `trusted` to `offered`. `look` gives the text at a path of the log. Never throws. */
export async function leadsTo(
  trusted: string,
  offered: string,
  look: (path: string) => Promise<string | undefined>,
): Promise<boolean> {
  try {
    let key = trusted
    for (let step = 0; step < MAX_STEPS && key !== offered; step += 1) {
      const name = formatHex(await sha256(utf8(key))).slice(0, 32)
      const text = await look(`rotations/${name}.tlog-proof`)
      if (text === undefined) return false
      key = await successor(key, text)
    }
    return key === offered
  } catch {
    return false
  }
}

/** Throws a SyntaxError unless `key` signed a tree with the leaf that names another key of the same log. */
async function successor(key: string, text: string): Promise<string> {
  const blank = text.indexOf('\n\n')
  const [header, extra = '', index = '', ...hashes] = text.slice(0, blank).split('\n')
  if (header !== HEADER || !extra.startsWith('extra ') || !/^index \d{1,15}$/.test(index))
    throw new SyntaxError('no proof')
  const leaf = parseBase64(extra.slice(6))
  const { treeSize, rootHash } = await checkCheckpoint(text.slice(blank + 2), key)
  const at = Number(index.slice(6))
  if (!(await verifyInclusion(await leafHash(leaf), at, treeSize, hashes.map(parseBase64), rootHash)))
    throw new SyntaxError('the leaf is not in the tree')
  const next = keyNamed(new TextDecoder().decode(leaf), String(at))
  const [older, newer] = [await parseKey(key), await parseKey(next)]
  if (older.name !== newer.name || newer.type !== older.type || equal(older.id, newer.id))
    throw new SyntaxError('not a key of this log')
  return next
}

function keyNamed(text: string, sequence: string): string {
  const leaf = JSON.parse(text) as {
    type?: unknown
    sequence?: unknown
    data?: { outcome?: unknown; event?: { logKey?: unknown } }
  }
  const isRotation = leaf.type === 'dev.countersign.log.rotated.v1' && leaf.sequence === sequence
  const next = leaf.data?.event?.logKey
  if (!isRotation || leaf.data?.outcome === 'refused' || typeof next !== 'string') throw new SyntaxError('no rotation')
  return next
}
