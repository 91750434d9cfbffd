/** What was probably meant by a word that is not known. */

/** Words of other tools to ours. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  actor: 'who',
  user: 'who',
  by: 'who',
  person: 'who',
  action: 'type',
  event: 'type',
  environment: 'env',
  result: 'outcome',
  status: 'outcome',
  commit: 'id',
  sha: 'id',
  digest: 'id',
  release: 'id',
  grant: 'id',
  serial: 'id',
  repo: 'id',
  repository: 'id',
  time: 'at',
  created: 'at',
  date: 'on',
  after: 'since',
  before: 'until',
  index: 'leaf',
  address: 'ip',
  rule: 'policy',
  has: 'exists',
  denied: 'refused',
  deny: 'refused',
  rejected: 'refused',
  success: 'allowed',
  granted: 'allowed',
  pending: 'waiting',
  human: 'person',
  pipeline: 'job',
  bot: 'agent',
  ai: 'agent',
}

/** One of `known`, or undefined when none is near. */
export function suggest(word: string, known: readonly string[]): string | undefined {
  const folded = word.toLowerCase()
  const translated = Object.hasOwn(OTHER_WORDS, folded) ? OTHER_WORDS[folded] : undefined
  if (translated !== undefined && known.includes(translated)) return translated
  const ranked = known.map((one) => ({ one, distance: distance(folded, one) })).sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best && best.distance <= Math.max(1, Math.floor(best.one.length / 3)) ? best.one : undefined
}

/** Insertions, deletions, replacements and swaps of neighbours between two short words. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return Infinity
  let [previous, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1]
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? previous[j - 2]! + 1 : Infinity
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (isSame ? 0 : 1), swapped))
    }
    ;[previous, row] = [row, next]
  }
  return row[b.length]!
}
