/** Everything that can have happened: the rooms' events put together, each with its closed schema. */

import * as account from './account.ts'
import * as alert from './alert.ts'
import * as approval from './approval.ts'
import * as authority from './authority.ts'
import * as breakglass from './breakglass.ts'
import * as build from './build.ts'
import * as delegation from './delegation.ts'
import * as environment from './environment.ts'
import * as evidence from './evidence.ts'
import * as erasure from './erasure.ts'
import * as freeze from './freeze.ts'
import * as grant from './grant.ts'
import * as group from './group.ts'
import * as identity from './identity.ts'
import * as idp from './idp.ts'
import * as inquiry from './inquiry.ts'
import * as issuer from './issuer.ts'
import * as key from './key.ts'
import * as log from './log.ts'
import * as login from './login.ts'
import * as network from './network.ts'
import * as observation from './observation.ts'
import * as policy from './policy.ts'
import * as principal from './principal.ts'
import * as release from './release.ts'
import * as repository from './repository.ts'
import * as role from './role.ts'
import * as scim from './scim.ts'
import * as search from './search.ts'
import * as secret from './secret.ts'
import * as target from './target.ts'
import * as trail from './trail.ts'

export type Event =
  | account.AccountEvent
  | alert.AlertEvent
  | approval.ApprovalEvent
  | authority.AuthorityEvent
  | breakglass.BreakglassEvent
  | build.BuildEvent
  | delegation.DelegationEvent
  | environment.EnvironmentEvent
  | evidence.EvidenceEvent
  | erasure.ErasureEvent
  | freeze.FreezeEvent
  | grant.GrantEvent
  | group.GroupEvent
  | identity.IdentityEvent
  | idp.IdpEvent
  | inquiry.InquiryEvent
  | issuer.IssuerEvent
  | key.KeyEvent
  | log.LogEvent
  | login.LoginEvent
  | network.NetworkEvent
  | observation.ObservationEvent
  | policy.PolicyEvent
  | principal.PrincipalEvent
  | release.ReleaseEvent
  | repository.RepositoryEvent
  | role.RoleEvent
  | scim.ScimEvent
  | search.SearchEvent
  | secret.SecretEvent
  | target.TargetEvent
  | trail.TrailEvent

export type EventType = Event['type']

/** Event type to the schema of its fields. A type that is not here cannot be written. */
export const schemas = {
  ...account.events,
  ...alert.events,
  ...approval.events,
  ...authority.events,
  ...breakglass.events,
  ...build.events,
  ...delegation.events,
  ...environment.events,
  ...evidence.events,
  ...erasure.events,
  ...freeze.events,
  ...grant.events,
  ...group.events,
  ...identity.events,
  ...idp.events,
  ...inquiry.events,
  ...issuer.events,
  ...key.events,
  ...log.events,
  ...login.events,
  ...network.events,
  ...observation.events,
  ...policy.events,
  ...principal.events,
  ...release.events,
  ...repository.events,
  ...role.events,
  ...scim.events,
  ...search.events,
  ...secret.events,
  ...target.events,
  ...trail.events,
}
