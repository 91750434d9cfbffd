/** What a git door asks before any reference moves: every new commit object comes along, and is judged by its own bytes. */

import * as z from '../bytes/schema.ts'
import { base64, utf8 } from '../bytes/text.ts'
import type { Exhibit } from '../control/handle.ts'
import type { Recorded } from '../control/ledger.ts'
import { adviceOf } from '../domain/reason.ts'
import { commands, MAX_COMMITS, type RepositoryEvent } from '../domain/repository.ts'
import { parseCommit, type SignedCommit } from '../evidence/git-object.ts'
import { attempt, isRefusal } from '../evidence/refusal.ts'
import { act, type Asked, type Asking, type Desk } from './act.ts'
import { authorshipOf, OpenpgpKeys, signingKeysOf } from './authorship.ts'
import type { Port } from './port.ts'
import { Problem, problem } from './problem.ts'

const BODY_LIMIT = 16 << 20
const MAX_OBJECTS = 5_000

const { repository, updates } = commands['record push'].shape
const body = z.strictObject({
  repository,
  updates,
  commits: z
    .array(z.strictObject({ object: z.string().min(1).describe('The commit object as git keeps it, base64.') }))
    .max(MAX_OBJECTS)
    .describe('All commits that are new, parents first.'),
  pusher: z.string().min(1).max(128).optional().describe('Whom the transport let in: a claim.'),
})
const accepted = z.object({ accepted: z.literal(true), commits: z.int() })

type Body = z.output<typeof body>

export function pushes(desk: Desk): void {
  const keys = new OpenpgpKeys()
  act(desk, {
    method: 'POST',
    url: '/api/v1/pushes',
    summary: 'Asks whether a push may enter; signed by the door of its repository',
    access: 'door',
    body,
    bodyLimit: BODY_LIMIT,
    result: accepted,
    status: 201,
    ask: (asked) => ask(asked, keys, desk.port),
  })
}

async function ask(
  { body: push, caller, personal, at }: Asked<Body, unknown>,
  keys: OpenpgpKeys,
  port: Port,
): Promise<Asking<z.input<typeof accepted>> | Problem> {
  const { ledger, evidence, views } = port
  if (caller.id !== `system:git-door/${push.repository}`)
    return new Problem('door_unknown', 'This door stands before another repository.', { status: 401 })
  if (push.commits.length > MAX_COMMITS)
    return problem('too_large', `A push brings at most ${MAX_COMMITS} new commits; push older history first, in parts.`)
  const commits = readCommits(push)
  if (commits instanceof Problem) return commits
  const named = await keys.namedBy(
    commits.map(({ commit }) => commit),
    ledger.state,
    evidence,
  )
  const exhibits: Exhibit[] = [
    { kind: 'commits', bytes: formatObjects(commits) },
    ...named.map((bytes) => ({ kind: 'openpgp-key', bytes })),
  ]
  const command = { type: 'record push', repository: push.repository, updates: push.updates } as const
  const signedWith = await signingKeysOf(command, exhibits, ledger.state, at)
  const signerOf = (index: number) => ledger.state.keys.get(signedWith[index] ?? '')?.person
  return {
    perform: {
      command,
      caller,
      exhibits,
      personal: { ...personal, pusher: push.pusher },
      given: (directory) => ({
        authorships: commits.map(({ commit }, index) => authorshipOf(commit, signerOf(index), directory)),
      }),
    },
    result: () => ({ accepted: true, commits: commits.length }),
    facts: (recorded) => factsOf(recorded, port, (id) => views.who(id).name),
  }
}

type Read = { readonly commit: SignedCommit; readonly object: Uint8Array }

function readCommits({ commits }: Body): Read[] | Problem {
  const found: Read[] = []
  for (const [index, { object: text }] of commits.entries()) {
    const object = attempt(() => base64.decode(text))
    const commit = object && parseCommit(object)
    if (!object || !commit || isRefusal(commit)) {
      const path = `body.commits.${index}.object`
      const because = commit && isRefusal(commit) ? commit.because : 'is not base64'
      return problem('malformed', `${path}: ${because}`, { facts: { path } })
    }
    found.push({ commit, object })
  }
  return found
}

/** What `git cat-file --batch` prints: the form in which a push is evidence. */
function formatObjects(commits: readonly Read[]): Uint8Array {
  const parts = commits.flatMap(({ commit, object }) => [
    utf8.encode(`${commit.id} commit ${object.length}\n`),
    object,
    NEWLINE,
  ])
  return Buffer.concat(parts)
}

const NEWLINE = utf8.encode('\n')

/** What the one who pushed needs to know: which commit, which rule, and how to put it right. */
function factsOf({ decision, leaf }: Recorded, { ledger }: Port, nameOf: (id: string) => string) {
  const { commit, fingerprint, signer } = leaf.event as Extract<RepositoryEvent, { type: 'repository.refused' }>
  const [rule] = decision.policy?.determining ?? []
  const advice = decision.reason && adviceOf(decision.reason)
  const fix =
    (rule && ledger.policies.describePolicy(rule)?.fix) ?? (advice && 'next' in advice ? advice.next : undefined)
  return {
    ...(commit && { commit }),
    ...(rule && { rule }),
    ...(fix && { fix }),
    ...(fingerprint && { key: fingerprint }),
    ...(signer && { signer: nameOf(signer) }),
  }
}
