/** What each leaf changes: its event, applied by the room that it is named after. */

import * as account from './account.ts'
import * as alert from './alert.ts'
import * as approval from './approval.ts'
import * as authority from './authority.ts'
import * as breakglass from './breakglass.ts'
import * as build from './build.ts'
import * as delegation from './delegation.ts'
import * as environment from './environment.ts'
import * as erasure from './erasure.ts'
import type { Event } from './event.ts'
import * as freeze from './freeze.ts'
import * as grant from './grant.ts'
import * as group from './group.ts'
import * as identity from './identity.ts'
import * as idp from './idp.ts'
import * as inquiry from './inquiry.ts'
import * as issuer from './issuer.ts'
import * as key from './key.ts'
import type { Leaf } from './leaf.ts'
import * as log from './log.ts'
import * as login from './login.ts'
import * as network from './network.ts'
import * as policy from './policy.ts'
import * as principal from './principal.ts'
import * as release from './release.ts'
import * as repository from './repository.ts'
import * as role from './role.ts'
import * as scim from './scim.ts'
import * as search from './search.ts'
import * as secret from './secret.ts'
import type { State } from './state.ts'
import * as target from './target.ts'

/** In place. A leaf that says what was refused changes as little as its room says. */
export function fold(state: State, leaf: Leaf, leafIndex: number): void {
  foldPeople(state, leaf, leafIndex)
  foldFlow(state, leaf, leafIndex)
  foldSettings(state, leaf, leafIndex)
}

function roomOf({ type }: Event): string {
  return type.slice(0, type.indexOf('.'))
}

/** Who acts, and what they hold. */
function foldPeople(state: State, { event, command, caller, at }: Leaf, leafIndex: number): void {
  switch (roomOf(event)) {
    case 'account':
      return account.apply(state, event as account.AccountEvent, leafIndex)
    case 'delegation':
      return delegation.apply(state, event as delegation.DelegationEvent, at, leafIndex)
    case 'group':
      return group.apply(state, event as group.GroupEvent, leafIndex)
    case 'identity':
      return identity.apply(state, event as identity.IdentityEvent, at, leafIndex)
    case 'idp':
      return idp.apply(state, event as idp.IdpEvent, at, leafIndex)
    case 'key':
      return key.apply(state, event as key.KeyEvent, at, leafIndex)
    case 'login':
      return login.apply(state, event as login.LoginEvent, command, at, leafIndex)
    case 'network':
      return network.apply(state, event as network.NetworkEvent, leafIndex)
    case 'principal':
      return principal.apply(state, event as principal.PrincipalEvent, caller.id, at, leafIndex)
    case 'role':
      return role.apply(state, event as role.RoleEvent, at, leafIndex)
    case 'scim':
      return scim.apply(state, event as scim.ScimEvent, leafIndex)
  }
}

/** What is asked for, agreed to and done. */
function foldFlow(state: State, { event, at }: Leaf, leafIndex: number): void {
  switch (roomOf(event)) {
    case 'alert':
      return alert.apply(state, event as alert.AlertEvent, at, leafIndex)
    case 'approval':
      return approval.apply(state, event as approval.ApprovalEvent, at, leafIndex)
    case 'breakglass':
      return breakglass.apply(state, event as breakglass.BreakglassEvent, at, leafIndex)
    case 'build':
      return build.apply(state, event as build.BuildEvent, at, leafIndex)
    case 'erasure':
      return erasure.apply(state, event as erasure.ErasureEvent, at, leafIndex)
    case 'freeze':
      return freeze.apply(state, event as freeze.FreezeEvent, at, leafIndex)
    case 'grant':
      return grant.apply(state, event as grant.GrantEvent, at, leafIndex)
    case 'inquiry':
      return inquiry.apply(state, event as inquiry.InquiryEvent, at, leafIndex)
    case 'release':
      return release.apply(state, event as release.ReleaseEvent, at, leafIndex)
    case 'search':
      return search.apply(state, event as search.SearchEvent, leafIndex)
  }
}

/** The log itself, and what was set up. */
function foldSettings(state: State, { event, at }: Leaf, leafIndex: number): void {
  switch (roomOf(event)) {
    case 'authority':
      return authority.apply(state, event as authority.AuthorityEvent, at, leafIndex)
    case 'environment':
      return environment.apply(state, event as environment.EnvironmentEvent, leafIndex)
    case 'issuer':
      return issuer.apply(state, event as issuer.IssuerEvent, leafIndex)
    case 'log':
      return log.apply(state, event as log.LogEvent, leafIndex)
    case 'policy':
      return policy.apply(state, event as policy.PolicyEvent, at, leafIndex)
    case 'repository':
      return repository.apply(state, event as repository.RepositoryEvent, at, leafIndex)
    case 'secret':
      return secret.apply(state, event as secret.SecretEvent, at, leafIndex)
    case 'target':
      return target.apply(state, event as target.TargetEvent, leafIndex)
  }
}
