/** Releases as a table, newest first. */

import * as z from '../bytes/schema.ts'
import { formatWho } from './contract.ts'
import { releaseSummary, type ReleaseState, type ReleaseSummary } from './contract-release.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Paint, Terminal } from './terminal.ts'
import { formatInstant, table } from './text.ts'

export interface ReleaseListOptions extends ServerOptions {
  readonly state?: ReleaseState
  readonly limit?: number
}

export async function run(options: ReleaseListOptions, terminal: Terminal): Promise<number> {
  const query = new URLSearchParams()
  if (options.state) query.set('state', options.state)
  if (options.limit) query.set('limit', String(options.limit))
  const answer = await openClient(options, terminal).get(
    `/api/v1/releases?${query}`,
    z.object({ releases: z.array(releaseSummary) }),
  )
  terminal.result(answer, () =>
    answer.releases.length === 0 ? 'no releases' : formatReleases(answer.releases, terminal),
  )
  return 0
}

export function formatReleases(
  releases: readonly ReleaseSummary[],
  { paint, columns }: Pick<Terminal, 'paint' | 'columns'>,
): string {
  const head = ['FINGERPRINT', 'STATE', 'SIGNED', 'RELEASE', 'TO', 'ASKED', 'LEAF', 'BY']
  const rows = releases.map(
    ({ fingerprint, state, given, required, name, environment, requestedAt, leafIndex, requestedBy }) => [
      fingerprint,
      paintState(state, paint),
      `${given}/${required}`,
      name,
      environment,
      formatInstant(requestedAt),
      String(leafIndex),
      formatWho(requestedBy),
    ],
  )
  return table([head, ...rows], columns)
}

export function paintState(state: ReleaseState, paint: Paint): string {
  if (state === 'deployed' || state === 'approved') return paint.good(state)
  if (state === 'waiting' || state === 'deploying') return paint.amber(state)
  return paint.bad(state)
}
