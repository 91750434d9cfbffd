/** The words of the trail's query: which `key:value` terms it holds, and the query with one of them turned on or off. */

export function termsOf(q: string): string[] {
  return q.split(/\s+/).filter(Boolean)
}

export function hasTerm(q: string, term: string): boolean {
  return termsOf(q).includes(term)
}

/** One value per key: turning `outcome:refused` on turns `outcome:allowed` off. */
export function toggleTerm(q: string, term: string): string {
  const key = term.slice(0, term.indexOf(':') + 1)
  const others = termsOf(q).filter((each) => !each.startsWith(key))
  return (hasTerm(q, term) ? others : [...others, term]).join(' ')
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
