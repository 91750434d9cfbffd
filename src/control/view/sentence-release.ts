/** Sentences of the way from a commit to its deployment. */

import type { EventType } from '../../domain/event.ts'
import { isNothing } from '../../domain/repository.ts'
import type { Kind } from '../../domain/target.ts'
import {
  about,
  because,
  count,
  list,
  named,
  refName,
  releaseName,
  short,
  span,
  type EventOf,
  type Known,
  type Resource,
  type Tells,
} from './phrase.ts'

type Room = 'approval' | 'build' | 'grant' | 'observation' | 'release' | 'repository'
type Types = Extract<EventType, `${Room}.${string}`>

type Place = { readonly resource: Resource; readonly environment?: string }

/** What a release is called in a sentence; the id alone where there is no such release. */
export function refer(id: string, { releases }: Known): Place & { readonly words: string } {
  const release = releases.get(id)
  if (!release) return { words: id, ...about('release', id) }
  const { environment } = release
  const name = releaseName(release)
  return { words: `${name} to ${environment}`, environment, ...about('release', id, name) }
}

export function placeOf({ resource, environment }: Place): Place {
  return { resource, ...(environment !== undefined && { environment }) }
}

function grantWords(id: string, known: Known) {
  const grant = known.grants.get(id)
  if (!grant) return { words: 'a credential', ...about('grant', id) }
  const { environment } = refer(grant.release, known)
  const words = `${credentialWords(grant.kind)} for ${grant.target}`
  return { words, ...about('grant', id, grant.target), ...(environment !== undefined && { environment }) }
}

/** " for shop 4be0c11 to production", with what it is about; nothing for a run of its own. */
function observedPlace(
  { release, grant }: Partial<Pick<EventOf<'observation.recorded'>, 'release' | 'grant'>>,
  known: Known,
) {
  if (grant !== undefined) {
    const { words, ...place } = grantWords(grant, known)
    return { words: ` with ${words}`, ...place }
  }
  if (release === undefined) return { words: '' }
  const { words, ...place } = refer(release, known)
  return { words: ` for ${words}`, ...place }
}

const credentials: Readonly<Record<Kind, string>> = {
  ssh: 'the certificate',
  postgres: 'the database role',
  mysql: 'the database account',
  oidc: 'the token',
  x509: 'the certificate',
  github: 'the token',
  secret: 'the secret',
}

function credentialWords(kind: Kind): string {
  return credentials[kind]
}

const endings = {
  returned: 'handed back',
  expired: 'ended, since its time was over,',
  revoked: 'revoked',
  job_ended: 'ended, with its job,',
  mint_failed: 'gave up, since it could not be made,',
}

const clearings = {
  role_dropped: 'the role is gone',
  account_dropped: 'the account is gone',
  token_revoked: 'it opens nothing any more',
  must_be_replaced: 'nobody can recall it, and it is good until it is replaced',
  listed_as_revoked: 'it is on the list of revoked certificates',
  expired: 'it has expired',
  never_made: 'it was never made',
  left_to_expire: 'nobody can recall it, and it is good until its time is over',
}

function pushWords({ repository, updates }: Pick<EventOf<'repository.refused'>, 'repository' | 'updates'>): string {
  return `${repository} ${list(updates.slice(0, 3).map(({ ref }) => refName(ref)))}`.trim()
}

function pushed(event: EventOf<'repository.pushed'>): string {
  const signers = [...new Set(event.commits.flatMap(({ signer }) => signer ?? []))]
  const by = signers.length > 0 ? ` signed by ${list(signers.slice(0, 4).map(named))}` : ''
  const head = event.updates[0]!.newId
  const what = isNothing(head) ? 'the deletion of' : `${count(event.commits.length, 'commit')}${by} to`
  return `accepted ${what} ${pushWords(event)}${isNothing(head) ? '' : ` (${short(head)})`}`
}

const unapproved = {
  give: 'was refused approval of',
  decline: 'was refused to decline',
  withdraw: 'was refused to take back the approval of',
}

export const tells: Tells<Types> = {
  'approval.given': ({ release, onBehalfOf }, _, known) => {
    const to = refer(release, known)
    const inNameOf = onBehalfOf ? ` in the name of ${named(onBehalfOf)}` : ''
    return { sentence: `signed approval of ${to.words}${inNameOf}`, ...placeOf(to) }
  },
  'approval.withdrawn': ({ release }, _, known) => {
    const to = refer(release, known)
    return { sentence: `took back the approval of ${to.words}`, ...placeOf(to) }
  },
  'approval.escalated': ({ release, missing }, _, known) => {
    const to = refer(release, known)
    return {
      sentence: `asked others, too, to approve ${to.words}: ${count(missing, 'approval')} missing`,
      ...placeOf(to),
    }
  },
  'approval.declined': ({ release }, _, known) => {
    const to = refer(release, known)
    return { sentence: `declined ${to.words}`, ...placeOf(to) }
  },
  'approval.refused': ({ release, wanted }, { reason }, known) => {
    const to = refer(release, known)
    return { sentence: `${unapproved[wanted]} ${to.words}${because(reason)}`, ...placeOf(to) }
  },
  'build.attested': ({ artifacts, repository, commit, build }) => ({
    sentence: `attested that ${list(artifacts.slice(0, 3).map(({ name }) => name))} was built from ${repository} ${short(commit)}`,
    ...about('build', build, artifacts[0]!.name),
  }),
  'build.refused': ({ provenance }, { reason }) => ({
    sentence: `was refused as the builder of an artifact${because(reason)}`,
    ...about('provenance', provenance, short(provenance)),
  }),
  'grant.issued': ({ grant, release, target, kind, expiresAt }, { at }, known) => {
    const to = refer(release, known)
    const sentence = `obtained ${credentialWords(kind)} for ${target} for ${span(expiresAt - at)}, to release ${to.words}`
    return { ...placeOf(to), sentence, ...about('grant', grant, target) }
  },
  'grant.refused': ({ release, target }, { outcome, reason }, known) => {
    const to = refer(release, known)
    const what = outcome === 'waiting' ? 'asked for a credential for' : 'was refused a credential for'
    return { ...placeOf(to), sentence: `${what} ${target}${because(reason)}`, ...about('target', target) }
  },
  'grant.ended': ({ grant, cause }, _, known) => {
    const { words, ...held } = grantWords(grant, known)
    return { sentence: `${endings[cause]} ${words}`, ...placeOf(held) }
  },
  'grant.cleared': ({ grant, how, terminated }, _, known) => {
    const { words, ...held } = grantWords(grant, known)
    const cut = terminated > 0 ? `; ${count(terminated, 'connection')} cut` : ''
    return { sentence: `took back ${words}: ${clearings[how]}${cut}`, ...placeOf(held) }
  },
  'observation.recorded': (event, _, known) => {
    const { kind, status, durationMs } = event
    const { words, ...place } = observedPlace(event, known)
    const lasted = durationMs === undefined ? '' : ` after ${durationMs < 1000 ? `${durationMs} ms` : span(durationMs)}`
    return { sentence: `reported ${kind}${words}${status === undefined ? '' : `: ${status}`}${lasted}`, ...place }
  },
  'observation.refused': (event, { reason }, known) => {
    const { words, ...place } = observedPlace(event, known)
    return { sentence: `was refused to report ${event.kind}${words}${because(reason)}`, ...place }
  },
  'release.requested': ({ release, required, environment, ...rest }, { outcome }) => {
    const name = releaseName(rest)
    const waits = outcome === 'waiting' ? `; ${count(required, 'approval')} needed` : ''
    return {
      sentence: `asked to release ${name} to ${environment}${waits}`,
      environment,
      ...about('release', release, name),
    }
  },
  'release.refused': ({ artifact, environment }, { command, reason }) => {
    const resource = about('artifact', artifact, short(artifact))
    if (command.type === 'end release')
      return { sentence: `was refused to end a release${because(reason)}`, ...resource }
    const sentence = `was refused the release of ${short(artifact)} to ${environment}${because(reason)}`
    return { sentence, environment, ...resource }
  },
  'release.ended': ({ release, exitCode }, _, known) => {
    const to = refer(release, known)
    const how = exitCode === 0 ? `deployed ${to.words}` : `failed to deploy ${to.words} (exit code ${exitCode})`
    return { sentence: how, ...placeOf(to) }
  },
  'repository.registered': ({ repository }) => ({
    sentence: `registered the repository ${repository}`,
    ...about('repository', repository),
  }),
  'repository.pushed': (event) => ({ sentence: pushed(event), ...about('repository', event.repository) }),
  'repository.refused': ({ repository, updates, commit, signer }, { reason }) => ({
    sentence:
      `refused a push to ${pushWords({ repository, updates })}${because(reason)}` +
      (commit ? ` (${short(commit)}${signer ? ` by ${named(signer)}` : ''})` : ''),
    ...about('repository', repository),
  }),
}
