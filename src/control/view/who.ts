/** Who an id is, in the words of people: names come from the directory at the moment of reading, so erasing one erases it. */

import type { JobFacts } from '../../domain/login.ts'
import type { ReadonlyState } from '../../domain/state.ts'
import type { Directory } from '../directory.ts'
import type { Who } from './shape.ts'

export type Names = {
  readonly directory: Directory
  /** What a job whose login is forgotten was called, from the trail. */
  readonly labelOf: (id: string) => string | undefined
  readonly state: ReadonlyState
}

export function whoOf(id: string, names: Names): Who {
  switch (id.slice(0, id.indexOf(':'))) {
    case 'person':
      return personOf(id, names)
    case 'job':
      return jobOf(id, names)
    case 'agent':
      return { id, kind: 'agent', name: id }
    default:
      return systemOf(id)
  }
}

function personOf(id: string, { directory, state }: Names): Who {
  const { handle, name } = directory.person(id) ?? {}
  const keys = state.people.get(id)?.passkeys ?? []
  const isSoftware = keys.length > 0 && keys.every((key) => state.passkeys.get(key)?.isSoftware)
  return { id, kind: 'person', name: handle ?? id, ...(name && { label: name }), ...(isSoftware && { software: true }) }
}

/** A job acts for whoever its CI says started it. That name is the CI's, not ours: it makes nobody here responsible. */
function jobOf(id: string, names: Names): Who {
  const name = names.labelOf(id) ?? id
  const actor = names.directory.actorOf(id)
  const starter = { id: `ci:${actor}`, kind: 'person' as const, name: actor ?? '', label: 'as the CI names them' }
  return { id, kind: 'job', name, ...(actor && { onBehalfOf: starter }) }
}

/** `system:anybody` stands for whoever asked without being signed in. */
function systemOf(id: string): Who {
  if (id === 'system:anybody') return { id, kind: 'system', name: 'Somebody', label: 'not signed in' }
  const part = id.replace(/^system:/, '')
  const label = part.startsWith('git-door/') ? `the git door of ${part.slice('git-door/'.length)}` : part
  return { id, kind: 'system', name: 'Countersign', label }
}

/** "acme/shop run 12/1": which run of which repository a job is. */
export function jobLabel({ repository, runId, runAttempt }: JobFacts): string {
  return `${repository} run ${runId}${runAttempt === undefined ? '' : `/${runAttempt}`}`
}

/** What the CI's token said a job is: undefined when it is not signed in any more. */
export function jobFactsOf(id: string, { jobs, logins }: ReadonlyState): JobFacts | undefined {
  for (const [login, { principal }] of jobs) if (principal === id) return logins.get(login)?.job
  return undefined
}

const NAMED = /\{((?:person|job|agent|system):[^{}\s]{1,160})\}/g

/** The sentence with names in it. */
export function resolveNames(sentence: string, names: Names): string {
  return sentence.replace(NAMED, (_, id: string) => whoOf(id, names).name)
}
