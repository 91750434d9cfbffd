/** Everything that can be asked: the rooms' commands put together, each with its closed schema. */

import type * as z from '../bytes/schema.ts'
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

export const schemas = {
  ...account.commands,
  ...alert.commands,
  ...approval.commands,
  ...authority.commands,
  ...breakglass.commands,
  ...build.commands,
  ...delegation.commands,
  ...environment.commands,
  ...evidence.commands,
  ...erasure.commands,
  ...freeze.commands,
  ...grant.commands,
  ...group.commands,
  ...identity.commands,
  ...idp.commands,
  ...inquiry.commands,
  ...issuer.commands,
  ...key.commands,
  ...log.commands,
  ...login.commands,
  ...network.commands,
  ...observation.commands,
  ...policy.commands,
  ...principal.commands,
  ...release.commands,
  ...repository.commands,
  ...role.commands,
  ...scim.commands,
  ...search.commands,
  ...secret.commands,
  ...target.commands,
  ...trail.commands,
}

export type CommandType = keyof typeof schemas
export type Command = { [T in CommandType]: z.infer<(typeof schemas)[T]> }[CommandType]
