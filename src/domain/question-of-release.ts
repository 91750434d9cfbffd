/** What a job that wants to release an artifact brings along: its build, and the facts that the policies are asked with. */

import { buildsOf, type Build } from './build.ts'
import * as commit from './commit.ts'
import type { Login } from './login.ts'
import { isProtected } from './repository.ts'
import type { State } from './state.ts'

/** Of the builds of this artifact the newest from the history of the commit that the job runs on, else any that tells why not. */
export function buildFor(artifact: string, { job }: Login, state: State): Build | undefined {
  const all = buildsOf(artifact, state)
  const own = all.filter(({ repository }) => repository === job?.repository)
  return own.findLast((build) => isBehind(build, job, state)) ?? own.at(-1) ?? all[0]
}

/** What a branch is released from is what was built from that branch: a job's own reference says nothing of its artifact. */
function isBehind({ commit: built }: Build, job: Login['job'], state: State): boolean {
  return job?.commit !== undefined && commit.reaches(job.commit, built, [], state)
}

export function contextOf(
  { artifact, environment }: { readonly artifact: string; readonly environment: string },
  login: Login,
  state: State,
) {
  const { job } = login
  const build = buildFor(artifact, login, state)
  const allowedRefs = state.environments.get(environment)?.refs ?? []
  return {
    hasProvenance: build !== undefined,
    commitAccepted: build !== undefined && commit.isIn(state.commits.get(build.commit), build.repository),
    refAllowed:
      job?.ref !== undefined && isProtected(job.ref, allowedRefs) && build !== undefined && isBehind(build, job, state),
    repositoryMatches: build !== undefined && build.repository === job?.repository,
    sameArtifactBuilt: build?.artifacts.some(({ digest }) => digest === artifact) ?? false,
  }
}
