/**
 * CDEvents 0.6: a request for a release opens an approval, people update it, a refusal closes it; pushes, builds, runs and
 * environments have their own words, and what the standard has none for is a custom event of ours. Who did it, which CDEvents
 * cannot say, stands in `customData` with the leaf's place.
 */

import type { Event } from '../domain/event.ts'
import { subjectOf, urnOf, type Source } from './source.ts'

const SPEC = '0.6.0-draft'

type Told = { readonly type: string; readonly id: string; readonly content: object; readonly chain?: string }

export function cdevents(source: Source): object {
  const { leaf, leafIndex, origin } = source
  const { type, id, content, chain } = tell(leaf.event, source) ?? custom(source)
  const { caller, outcome, reason, policy } = leaf
  return {
    context: {
      specversion: SPEC,
      id: leaf.id,
      source: `//${origin}`,
      type,
      timestamp: new Date(leaf.at).toISOString(),
      ...(chain !== undefined && { chainId: chain }),
    },
    subject: { id, source: `//${origin}`, content },
    customData: {
      leafIndex,
      who: caller,
      outcome,
      ...(reason && { reason }),
      ...(policy && { policies: [...policy.determining] }),
    },
    customDataContentType: 'application/json',
  }
}

/** Undefined where the standard has no word, or the act was refused and so did not happen. */
function tell(event: Event, source: Source): Told | undefined {
  switch (event.type) {
    case 'release.requested':
      return approval('created', event.release, { requestor: urnOf(event.requester) })
    case 'approval.given':
      return approval('updated', event.release, { responder: urnOf(event.by), decision: 'approved' })
    case 'approval.declined':
      return approval('closed', event.release, { responder: urnOf(event.by), decision: 'rejected', status: 'rejected' })
    case 'repository.pushed':
      return {
        type: 'dev.cdevents.change.merged.0.3.0',
        id: event.updates[0]!.newId,
        content: { repository: { id: event.repository } },
      }
    case 'repository.registered':
      return {
        type: 'dev.cdevents.repository.created.0.3.0',
        id: event.repository,
        content: { name: event.repository, uri: urnOf(`repository:${event.repository}`) },
      }
    case 'environment.defined':
      return {
        type: 'dev.cdevents.environment.modified.0.3.0',
        id: event.environment,
        content: { name: event.environment },
      }
    case 'build.attested':
      return {
        type: 'dev.cdevents.build.finished.0.3.0',
        id: event.build,
        content: { artifactId: purlOf(event.artifacts[0]!) },
      }
    case 'release.ended':
      return {
        type: 'dev.cdevents.taskrun.finished.0.3.0',
        id: event.release,
        content: { taskName: 'release', outcome: event.exitCode === 0 ? 'success' : 'failure' },
        chain: event.release,
      }
    case 'login.opened':
      return event.job && pipeline(event.principal, event.job, source)
    default:
      return undefined
  }
}

function approval(predicate: 'created' | 'updated' | 'closed', release: string, content: object): Told {
  const urls = { approvalDetailsUrl: `/releases/${release}`, resourceTargetUrl: `/releases/${release}` }
  return {
    type: `dev.cdevents.approval.${predicate}.0.1.0`,
    id: release,
    content: { ...urls, ...content },
    chain: release,
  }
}

function pipeline(
  id: string,
  { workflow, repository, runId }: { workflow?: string | undefined; repository: string; runId: string },
  { origin }: Source,
): Told {
  const content = { pipelineName: workflow || repository, uri: urnOf(`${origin}:${repository}:${runId}`) }
  return { type: 'dev.cdevents.pipelinerun.started.0.3.0', id, content }
}

function purlOf({ name, digest }: { readonly name: string; readonly digest: string }): string {
  return `pkg:generic/${encodeURIComponent(name)}?checksum=${encodeURIComponent(digest)}`
}

function custom(source: Source): Told {
  const { type: _, ...content } = source.leaf.event
  return { type: `dev.cdeventsx.countersign-${source.leaf.event.type}.0.1.0`, id: subjectOf(source).id, content }
}
