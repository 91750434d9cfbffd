/** The six stations of a release, from source to deployment, each bound to the next by a hash that both name. */

import { behind } from '../../domain/build.ts'
import type { Commit } from '../../domain/commit.ts'
import { stateOf, type Release, type ReleaseState } from '../../domain/release.ts'
import { grantsOf } from './grant.ts'
import { count, instantOf, list, short } from './phrase.ts'
import type { Station } from './shape.ts'
import type { Sight } from './sight.ts'
import { whoOf } from './who.ts'

export function stationsOf(release: Release, commits: readonly Commit[], sight: Sight): Station[] {
  const phase = stateOf(release, sight.state, sight.at)
  return [
    source(release, commits, sight),
    build(release, sight),
    artifact(release, sight),
    policy(release, phase, sight),
    approvals(release, phase, sight),
    deploy(release, phase, sight),
  ]
}

function source({ commit, repository }: Release, commits: readonly Commit[], sight: Sight): Station {
  const head = sight.state.commits.get(commit)
  const signers = [...new Set(commits.flatMap(({ signer }) => signer ?? []))].map((id) => whoOf(id, sight).name)
  const isSigned = head?.signer !== undefined
  return {
    key: 'source',
    title: 'Source',
    state: isSigned ? 'done' : 'broken',
    headline: `${repository} ${short(commit)}`,
    lines: [count(commits.length, 'commit'), isSigned ? `signed by ${list(signers)}` : 'the commit is not signed'],
    ...(head && { leafIndex: head.leafIndex }),
    binding: commit,
  }
}

function build(release: Release, sight: Sight): Station {
  const made = behind(release, sight.state)
  if (!made) return { key: 'build', title: 'Build', state: 'broken', headline: 'no attested build', lines: [] }
  const starter = whoOf(made.job, sight)
  return {
    key: 'build',
    title: 'Build',
    state: 'done',
    headline: starter.name,
    lines: [
      made.builder,
      ...(starter.onBehalfOf ? [`started by ${starter.onBehalfOf.name}, says its CI`] : []),
      `provenance ${short(made.provenance)}`,
    ],
    leafIndex: made.leafIndex,
    binding: made.provenance,
  }
}

function artifact(release: Release, { state }: Sight): Station {
  const { artifact: digest, artifactName } = release
  const made = behind(release, state)
  return {
    key: 'artifact',
    title: 'Artifact',
    state: made ? 'done' : 'broken',
    headline: artifactName,
    lines: [digest],
    ...(made && { leafIndex: made.leafIndex }),
    binding: digest,
  }
}

function policy(release: Release, phase: ReleaseState, { state }: Sight): Station {
  const isInForce = phase !== 'voided' && release.policyDigest === state.policy?.digest
  const isOpen = phase === 'waiting' || phase === 'voided'
  const isOfNow = release.policyDigest === state.policy?.digest
  const changed = `the ${isOfNow ? 'environment' : 'policies'} changed since it was asked`
  return {
    key: 'policy',
    title: 'Policy',
    state: phase === 'voided' ? 'broken' : 'done',
    headline: isInForce ? `asked under the policies in force` : changed,
    lines: [
      `policy set ${short(release.policyDigest)}`,
      isOpen ? `it needs ${count(release.required, 'approval')}` : `it needed ${count(release.required, 'approval')}`,
    ],
    leafIndex: release.leafIndex,
    binding: release.policyDigest,
  }
}

const unfinished: Partial<Record<ReleaseState, string>> = {
  refused: 'declined',
  expired: 'not signed in time',
  voided: 'void: what it was asked under changed',
}

function approvals(
  { approvals: given, required, declined, broken: glass, statementDigest }: Release,
  phase: ReleaseState,
  sight: Sight,
): Station {
  const name = (id: string) => whoOf(id, sight).name
  const isEnough = phase === 'waiting' ? false : given.length >= required || glass !== undefined
  const broken = unfinished[phase]
  const last = declined ?? glass ?? given.at(-1)
  return {
    key: 'approvals',
    title: 'Approvals',
    state: broken ? 'broken' : isEnough ? 'done' : 'waiting',
    headline: broken ?? `${given.length} of ${required} signed`,
    lines: [
      ...given.map(
        ({ by, at, isSoftware, onBehalfOf }) =>
          `${name(by)}${onBehalfOf ? ` for ${name(onBehalfOf)}` : ''} at ${instantOf(at)}${isSoftware ? ', software passkey' : ''}`,
      ),
      ...(glass ? [`${name(glass.by)} broke the glass at ${instantOf(glass.at)}`] : []),
      ...(declined ? [`${name(declined.by)} declined at ${instantOf(declined.at)}`] : []),
    ],
    ...(last && { leafIndex: last.leafIndex }),
    binding: statementDigest,
  }
}

const headlines: Partial<Record<ReleaseState, string>> = {
  approved: 'may begin',
  deploying: 'credentials are lent',
  deployed: 'deployed',
}

function deploy(release: Release, phase: ReleaseState, { state }: Sight): Station {
  const grants = grantsOf(release.release, state)
  const { ended } = release
  const last = ended ?? grants.at(-1)
  const how = { deployed: 'done', failed: 'broken', deploying: 'waiting' } as const
  return {
    key: 'deploy',
    title: 'Deploy',
    state: phase === 'deployed' || phase === 'failed' || phase === 'deploying' ? how[phase] : 'todo',
    headline: phase === 'failed' ? `failed with exit code ${ended?.exitCode}` : (headlines[phase] ?? 'not yet'),
    lines: grants.map(({ target, kind, leafIndex }) => `${kind} credential for ${target}, serial ${leafIndex}`),
    ...(last && { leafIndex: last.leafIndex }),
  }
}
