/** Saved searches: one's own, and those that others share. */

import { formatWho } from './contract.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { listSearches, type SavedSearch } from './saved-search.ts'
import type { Terminal } from './terminal.ts'
import { table } from './text.ts'

export async function run(options: ServerOptions, terminal: Terminal): Promise<number> {
  const searches = await listSearches(openClient(options, terminal))
  terminal.result({ searches }, () => {
    if (searches.length === 0) return "no saved search; countersign trail save refusals 'outcome:refused' keeps one"
    return table([['SEARCH', 'OF', 'LISTED FOR', 'QUERY'], ...searches.map(line)], terminal.columns)
  })
  return 0
}

/** What was erased is called by its id. */
function line({ search, name, query, isShared, isOwn, by }: SavedSearch): string[] {
  return [`@${name ?? search}`, isOwn ? 'you' : formatWho(by), isShared ? 'everyone' : 'its owner', query ?? '(erased)']
}
