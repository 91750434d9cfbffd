/** What is deployed where, as far as the log knows, and which commits another release would bring there. */

import * as commit from './commit.ts'
import type { Release } from './release.ts'
import type { ReadonlyState, State } from './state.ts'

/** As many as are looked at for the last one of a repository. */
const MAX_KEPT = 100

export function deploy({ release, environment }: Release, { deployed }: State): void {
  deployed.set(environment, [...(deployed.get(environment) ?? []).slice(1 - MAX_KEPT), release])
}

/** What is deployed there now, as far as the log knows. */
export function previous(repository: string, environment: string, state: ReadonlyState): Release | undefined {
  for (const id of (state.deployed.get(environment) ?? []).toReversed()) {
    const release = state.releases.get(id)
    if (release?.repository === repository) return release
  }
  return undefined
}

/** The commits that this one brings to the environment beyond what is deployed there. */
export function commitsOf(
  head: string,
  repository: string,
  environment: string,
  state: ReadonlyState,
): commit.Commit[] {
  return commit.since(head, previous(repository, environment, state)?.commit, state)
}
