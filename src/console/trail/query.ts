/**
 * The trail's query as the console edits it: which terms it holds, and the query with one of them turned on or off. Text that a person
 * typed stays as it was typed.
 */

import { tokenize } from '../../match/token.ts'

/** Who only looked. The live view leaves that out, and its address says so. */
export const HIDE_READING = '-type:trail.*'

type Parts = {
  readonly terms: readonly string[]
  /** `| count by who`, or nothing. */
  readonly pipe: string
}

/** Terms as they stand side by side; a query of several branches is one term, in parentheses. */
export function partsOf(q: string): Parts {
  const tokens = tokenize(q)
  if ('problem' in tokens) return { terms: q.split(/\s+/).filter(Boolean), pipe: '' }
  const starts: number[] = []
  let [depth, pipeAt] = [0, q.length]
  for (const { kind, at } of tokens) {
    if (kind === '|' && depth === 0) {
      pipeAt = at
      break
    }
    if (depth === 0 && (at === 0 || /\s/.test(q[at - 1]!))) starts.push(at)
    depth += kind === '(' ? 1 : kind === ')' ? -1 : 0
  }
  const terms = starts.map((start, index) => q.slice(start, starts[index + 1] ?? pipeAt).trim())
  const hasBranches = terms.some((term) => /^(?:or|and|not)$/i.test(term))
  return { terms: hasBranches ? [`(${q.slice(0, pipeAt).trim()})`] : terms, pipe: q.slice(pipeAt).trim() }
}

export function hasTerm(q: string, term: string): boolean {
  return partsOf(q).terms.includes(term)
}

/** One value per key: turning `outcome:refused` on turns `outcome:allowed` off, and takes `-outcome:refused` away. */
export function toggleTerm(q: string, term: string): string {
  const key = term.slice(0, term.indexOf(':') + 1)
  const isOn = hasTerm(q, term)
  return change(q, (each) => each.startsWith(key) || each === `-${term}`, isOn ? undefined : term)
}

const TIME = /^(?:at|since|until|on):/

/** Undefined: of all time. */
export function withTime(q: string, term: string | undefined): string {
  return change(q, (each) => TIME.test(each), term)
}

/** The terms of time in it: `since:24h`. */
export function timeOf(q: string): string {
  return partsOf(q)
    .terms.filter((term) => TIME.test(term))
    .join(' ')
}

export function withoutPipe(q: string): string {
  return partsOf(q).terms.join(' ')
}

function change(q: string, isReplaced: (term: string) => boolean, added: string | undefined): string {
  const { terms, pipe } = partsOf(q)
  const kept = terms.filter((term) => !isReplaced(term))
  if (added === undefined && kept.length === terms.length) return q
  return [...kept, added, pipe].filter(Boolean).join(' ')
}

/** Counts per room (`release.requested` and `release.deployed` are both `release`), most first. */
export function countRooms(types: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  const rooms = new Map<string, number>()
  for (const [type, count] of Object.entries(types)) {
    const room = type.split('.', 1)[0]!
    rooms.set(room, (rooms.get(room) ?? 0) + count)
  }
  return [...rooms].toSorted((a, b) => b[1] - a[1])
}

/** The same question on the command line, quoted for a POSIX shell. */
export function formatCommand(q: string): string {
  return q === '' ? 'countersign trail' : `countersign trail '${q.replaceAll("'", `'\\''`)}'`
}

/** The query with what was meant in place of what stands at `at` (UTF-16 units). */
export function mend(q: string, at: number, suggestion: string): string {
  const [before, rest] = [q.slice(0, at), q.slice(at)]
  if (suggestion.startsWith('"')) return before + suggestion
  if (suggestion.endsWith(':')) return before + rest.replace(/^[A-Za-z]+:/, suggestion)
  const hasField = /^[A-Za-z]+:/.test(rest)
  const meant = hasField ? suggestion : suggestion.slice(suggestion.indexOf(':') + 1)
  return before + rest.replace(/^(?:[A-Za-z]+:)?(?:"[^"]*"|[^\s(),|"]+)/, () => meant)
}
