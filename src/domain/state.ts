/** What the log folds to. `replay` hands out a view to read and the only function that changes it, which live traffic uses too. */

import type { Json } from '../bytes/json.ts'
import * as alert from './alert.ts'
import * as approval from './approval.ts'
import * as build from './build.ts'
import type { Commit } from './commit.ts'
import * as environment from './environment.ts'
import * as erasure from './erasure.ts'
import * as grant from './grant.ts'
import * as issuer from './issuer.ts'
import * as key from './key.ts'
import type { Leaf } from './leaf.ts'
import * as log from './log.ts'
import * as login from './login.ts'
import * as policy from './policy.ts'
import * as principal from './principal.ts'
import * as release from './release.ts'
import * as repository from './repository.ts'
import * as role from './role.ts'
import * as search from './search.ts'
import * as target from './target.ts'

export type State = {
  log: log.LogFacts | undefined
  policy: policy.ActivePolicy | undefined
  /** Time of the newest leaf; the log's time never runs backwards. */
  at: number
  readonly people: Map<string, principal.Person>
  readonly passkeys: Map<string, principal.Passkey>
  readonly invitations: Map<string, principal.Invitation>
  readonly keys: Map<string, key.Key>
  readonly logins: Map<string, login.Login>
  /** SHA-256 of a bearer token to its login. */
  readonly bearers: Map<string, string>
  /** CI tokens that were accepted once, until a day after they expired. */
  readonly spentTokens: Map<string, number>
  /**
   * What passkeys signed to open a login, and what releases ask to be signed: nothing dates an assertion, so a challenge that
   * ever had another use opens no login, however old it is. Challenge to the leaf that used it.
   */
  readonly spentChallenges: Map<string, number>
  readonly issuers: Map<string, issuer.Issuer>
  readonly repositories: Map<string, repository.Repository>
  readonly environments: Map<string, environment.Environment>
  readonly targets: Map<string, target.Target>
  readonly commits: Map<string, Commit>
  /** Artifact digest to the build that made it. */
  readonly builds: Map<string, build.Build>
  /** Artifact digest to what else was said to have made it, from other commits or elsewhere. */
  readonly rebuilds: Map<string, build.Build[]>
  readonly releases: Map<string, release.Release>
  /** Environment to its deployed releases, oldest first. */
  readonly deployed: Map<string, string[]>
  readonly grants: Map<string, grant.Grant>
  readonly alerts: Map<string, alert.Alert>
  readonly due: Map<string, alert.Fired>
  readonly assignments: Map<string, { readonly at: number; readonly leafIndex: number }[]>
  /** By the leaf that ordered it. */
  readonly erasures: Map<string, erasure.Erasure>
  readonly searches: Map<string, search.Search>
}

/** For everyone but the ledger. */
export type ReadonlyState = Readonly<State>

export type Fold = {
  readonly state: State
  /** Applies one leaf, in place: a copy for each event was measured at thousands of times the cost. */
  readonly apply: (leaf: Leaf, leafIndex: number) => void
}

/** Starts from nothing, or from what a snapshot holds; the state given is this fold's own from here on. */
export function replay(state: State = empty()): Fold {
  return { state, apply: (leaf, leafIndex) => apply(state, leaf, leafIndex) }
}

function apply(state: State, leaf: Leaf, leafIndex: number): void {
  state.at = leaf.at
  fold(state, leaf, leafIndex)
  alert.observe(state, leaf, leafIndex)
}

function fold(state: State, { event, command, at }: Leaf, leafIndex: number): void {
  const room = event.type.split('.')[0]!
  switch (room) {
    case 'alert':
      return alert.apply(state, event as alert.AlertEvent, at, leafIndex)
    case 'approval':
      return approval.apply(state, event as approval.ApprovalEvent, at, leafIndex)
    case 'build':
      return build.apply(state, event as build.BuildEvent, at, leafIndex)
    case 'environment':
      return environment.apply(state, event as environment.EnvironmentEvent, leafIndex)
    case 'erasure':
      return erasure.apply(state, event as erasure.ErasureEvent, leafIndex)
    case 'grant':
      return grant.apply(state, event as grant.GrantEvent, at, leafIndex)
    case 'issuer':
      return issuer.apply(state, event as issuer.IssuerEvent, leafIndex)
    case 'key':
      return key.apply(state, event as key.KeyEvent, at, leafIndex)
    case 'log':
      return log.apply(state, event as log.LogEvent)
    case 'login':
      return login.apply(state, event as login.LoginEvent, command, at, leafIndex)
    case 'policy':
      return policy.apply(state, event as policy.PolicyEvent, at, leafIndex)
    case 'principal':
      return principal.apply(state, event as principal.PrincipalEvent, at, leafIndex)
    case 'release':
      return release.apply(state, event as release.ReleaseEvent, at, leafIndex)
    case 'repository':
      return repository.apply(state, event as repository.RepositoryEvent, at, leafIndex)
    case 'role':
      return role.apply(state, event as role.RoleEvent)
    case 'search':
      return search.apply(state, event as search.SearchEvent, leafIndex)
    case 'target':
      return target.apply(state, event as target.TargetEvent, leafIndex)
  }
}

/** Before the first leaf. */
export function empty(): State {
  return {
    log: undefined,
    policy: undefined,
    at: 0,
    people: new Map(),
    passkeys: new Map(),
    invitations: new Map(),
    keys: new Map(),
    logins: new Map(),
    bearers: new Map(),
    spentTokens: new Map(),
    spentChallenges: new Map(),
    issuers: new Map(),
    repositories: new Map(),
    environments: new Map(),
    targets: new Map(),
    commits: new Map(),
    builds: new Map(),
    rebuilds: new Map(),
    releases: new Map(),
    deployed: new Map(),
    grants: new Map(),
    alerts: new Map(),
    due: new Map(),
    assignments: new Map(),
    erasures: new Map(),
    searches: new Map(),
  }
}

/** The state as JSON, for a snapshot. Maps become lists of pairs, in their order, so that `parseState` gives the same state. */
export function formatState(state: ReadonlyState): Json {
  return spell(state) as Json
}

/** Maps as `{map: [[name, member], …]}`, in their order; members that are undefined are left out. */
export function spell(value: unknown): unknown {
  if (value instanceof Map)
    return { map: [...(value as Map<string, unknown>)].map(([name, member]) => [name, spell(member)]) }
  if (Array.isArray(value)) return value.map(spell)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, spell(member)]),
  )
}

/** The reverse of `formatState`. Only ever given bytes whose signature was checked. */
export function parseState(json: Json): State {
  return { ...empty(), ...(unspell(json) as Partial<State>) }
}

/** The reverse of `spell`. */
export function unspell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unspell)
  if (typeof value !== 'object' || value === null) return value
  const { map } = value as { map?: [string, unknown][] }
  if (Array.isArray(map)) return new Map(map.map(([name, member]) => [name, unspell(member)]))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unspell(member)]))
}
