/** Every leaf, as one sentence without the name of who did it: "signed approval of shop 4be0c11 to production". */

import type { EventType } from '../../domain/event.ts'
import type { Leaf } from '../../domain/leaf.ts'
import type { Known, Tell, Tells, Told } from './phrase.ts'
import { tells as ofAccess } from './sentence-access.ts'
import { tells as ofAccounts } from './sentence-account.ts'
import { tells as ofEnvironments } from './sentence-environment.ts'
import { tells as ofIdentities } from './sentence-identity.ts'
import { tells as ofReleases } from './sentence-release.ts'
import { tells as ofSettings } from './sentence-setting.ts'
import { tells as ofTrail } from './sentence-trail.ts'

const tells: Tells<EventType> = {
  ...ofAccess,
  ...ofAccounts,
  ...ofEnvironments,
  ...ofIdentities,
  ...ofReleases,
  ...ofSettings,
  ...ofTrail,
}

/** Principals stand in the sentence as `{person:…}`. */
export function tell(leaf: Leaf, known: Known): Told {
  const { event } = leaf
  return (tells[event.type] as Tell<EventType>)(event, leaf, known)
}
