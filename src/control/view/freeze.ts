/** Environments that are closed, or will be, and by whom. */

import type * as z from '../../bytes/schema.ts'
import { freezesOf } from '../../domain/freeze.ts'
import { instantOf } from './phrase.ts'
import type { freezes } from './shape.ts'
import type { Sight } from './sight.ts'
import { whoOf } from './who.ts'

/** The next to come first, environment after environment. */
export function listFreezes(sight: Sight): z.infer<typeof freezes> {
  const { state, at } = sight
  const listed = [...state.environments.keys()].sort().flatMap((environment) => freezesOf(environment, state, at))
  return {
    freezes: listed.map(({ freeze, environment, by, from, until, leafIndex }) => ({
      freeze,
      environment,
      by: whoOf(by, sight),
      from: instantOf(from),
      ...(until !== undefined && { until: instantOf(until) }),
      isNow: from <= at,
      leafIndex,
    })),
  }
}
