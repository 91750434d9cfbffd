/** What the log folds to. `replay` hands out a view to read and the only function that changes it, which live traffic uses too. */

import type { Json } from '../bytes/json.ts'
import * as alert from './alert.ts'
import type * as authority from './authority.ts'
import { Book, type Shelf } from './book.ts'
import type * as breakglass from './breakglass.ts'
import type * as build from './build.ts'
import type { Commit } from './commit.ts'
import type * as delegation from './delegation.ts'
import type * as environment from './environment.ts'
import type * as erasure from './erasure.ts'
import { fold } from './fold.ts'
import type * as freeze from './freeze.ts'
import type * as grant from './grant.ts'
import type * as group from './group.ts'
import type * as identity from './identity.ts'
import type * as idp from './idp.ts'
import type * as issuer from './issuer.ts'
import type * as key from './key.ts'
import type { Leaf } from './leaf.ts'
import type * as log from './log.ts'
import type * as login from './login.ts'
import type * as network from './network.ts'
import type * as policy from './policy.ts'
import type * as principal from './principal.ts'
import type * as release from './release.ts'
import type * as repository from './repository.ts'
import type * as role from './role.ts'
import type * as scim from './scim.ts'
import type * as search from './search.ts'
import type * as secret from './secret.ts'
import type * as target from './target.ts'

export type State = {
  log: log.LogFacts | undefined
  policy: policy.ActivePolicy | undefined
  /** Time of the newest leaf; the log's time never runs backwards. */
  at: number
  readonly people: Map<string, principal.Person>
  readonly passkeys: Map<string, principal.Passkey>
  readonly invitations: Map<string, principal.Invitation>
  readonly keys: Map<string, key.Key>
  /** Who holds which role, and where. */
  readonly bindings: Map<string, role.Binding>
  readonly groups: Map<string, group.Group>
  readonly networks: Map<string, network.Network>
  readonly logins: Book<login.Login>
  /** Logins of jobs that were not ended yet. */
  readonly jobs: Map<string, login.Running>
  /** SHA-256 of a bearer token to its login. */
  readonly bearers: Book<string>
  /** CI tokens that were accepted once, until a day after they expired. */
  readonly spentTokens: Book<number>
  /**
   * What passkeys signed to open a login, and what releases ask to be signed: nothing dates an assertion, so a challenge that
   * ever had another use opens no login, however old it is. Challenge to the leaf that used it.
   */
  readonly spentChallenges: Book<number>
  readonly issuers: Map<string, issuer.Issuer>
  /** By issuer. */
  readonly idps: Map<string, idp.Idp>
  /** Digest of an account at an identity provider to whose it is. */
  readonly identities: Map<string, identity.Identity>
  readonly scimClients: Map<string, scim.Client>
  /** Logins that rest on an identity provider's word, and may be open. */
  readonly entered: Map<string, idp.Entered>
  readonly repositories: Map<string, repository.Repository>
  readonly environments: Map<string, environment.Environment>
  /** That are, and that are to come. */
  readonly freezes: Map<string, freeze.Freeze>
  /** That are, and that are to come. */
  readonly delegations: Map<string, delegation.Delegation>
  /** That nobody judged yet. */
  readonly breakglasses: Map<string, breakglass.Breakglass>
  readonly targets: Map<string, target.Target>
  /** Keys that sign what is lent, and did. */
  readonly authorities: Map<string, authority.Authority>
  /** By target. */
  readonly secrets: Map<string, secret.Secret>
  readonly commits: Book<Commit>
  /** Repository and person, `acme/shop person:…`, to the first commit there that they signed. */
  readonly firstCommits: Book<string>
  /** Artifact digest to the build that made it. */
  readonly builds: Book<build.Build>
  /** Artifact digest to what else was said to have made it, from other commits or elsewhere. */
  readonly rebuilds: Book<readonly build.Build[]>
  readonly releases: Book<release.Release>
  /** Releases for which something may still be done, to the moment when that ends. */
  readonly openReleases: Map<string, number>
  /** The first forty bits of a statement's digest to the newest release that has them. */
  readonly fingerprints: Book<string>
  /** Artifact digest, and commit, to the last releases of it. */
  readonly releasesOf: Book<readonly string[]>
  /** Environment to its deployed releases, oldest first. */
  readonly deployed: Map<string, readonly string[]>
  readonly grants: Book<grant.Grant>
  /** Grants whose credential may still be out there. */
  readonly lent: Map<string, grant.Lent>
  /** Certificates that were taken back before their end, to that end. */
  readonly recalled: Map<string, number>
  readonly alerts: Book<alert.Alert>
  /** Alerts that nobody acknowledged yet, the newest of them, to their leaves. */
  readonly openAlerts: Map<string, number>
  readonly due: Map<string, alert.Fired>
  readonly assignments: Map<string, { readonly at: number; readonly leafIndex: number }[]>
  /** By the leaf that ordered it. */
  readonly erasures: Map<string, erasure.Erasure>
  /** By the leaf that asked for it. */
  readonly waitingErasures: Map<string, erasure.Waiting>
  /** By the leaf that asked for it. */
  readonly waitingPolicies: Map<string, policy.Waiting>
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

/** Before the first leaf. Records go to `shelf` as somebody moves them there, if there is one. */
export function empty(shelf?: Shelf): State {
  return {
    ...emptyBooks(shelf),
    log: undefined,
    policy: undefined,
    at: 0,
    people: new Map(),
    passkeys: new Map(),
    invitations: new Map(),
    keys: new Map(),
    bindings: new Map(),
    groups: new Map(),
    networks: new Map(),
    jobs: new Map(),
    issuers: new Map(),
    idps: new Map(),
    identities: new Map(),
    entered: new Map(),
    scimClients: new Map(),
    repositories: new Map(),
    environments: new Map(),
    freezes: new Map(),
    delegations: new Map(),
    breakglasses: new Map(),
    targets: new Map(),
    authorities: new Map(),
    secrets: new Map(),
    openReleases: new Map(),
    deployed: new Map(),
    lent: new Map(),
    recalled: new Map(),
    openAlerts: new Map(),
    due: new Map(),
    assignments: new Map(),
    erasures: new Map(),
    waitingErasures: new Map(),
    waitingPolicies: new Map(),
    searches: new Map(),
  }
}

function emptyBooks(shelf: Shelf | undefined) {
  return {
    logins: new Book('logins', shelf),
    bearers: new Book('bearers', shelf, true),
    spentTokens: new Book('spentTokens', shelf, true),
    spentChallenges: new Book('spentChallenges', shelf),
    commits: new Book('commits', shelf),
    firstCommits: new Book('firstCommits', shelf),
    builds: new Book('builds', shelf),
    rebuilds: new Book('rebuilds', shelf),
    releases: new Book('releases', shelf, true),
    fingerprints: new Book('fingerprints', shelf),
    releasesOf: new Book('releasesOf', shelf),
    grants: new Book('grants', shelf, true),
    alerts: new Book('alerts', shelf, true),
  } satisfies Partial<State>
}

/** The state as JSON, for a snapshot. Maps become lists of pairs, in their order, so that `parseState` gives the same state. */
export function formatState(state: ReadonlyState): Json {
  return spell(state) as Json
}

/** Maps as `{map: [[name, member], …]}`, in their order, books alike; members that are undefined are left out. */
export function spell(value: unknown): unknown {
  if (value instanceof Book)
    return { book: [...(value as Book<unknown>).young()].map(([key, one]) => [key, spell(one)]) }
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

/** The reverse of `spell`. */
export function unspell(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unspell)
  if (typeof value !== 'object' || value === null) return value
  const { map } = value as { map?: [string, unknown][] }
  if (Array.isArray(map)) return new Map(map.map(([name, member]) => [name, unspell(member)]))
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unspell(member)]))
}
