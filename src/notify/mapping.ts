/**
 * Leaves in the words of other tools. Each mapping is a total function of the leaf and nothing else: the same leaf gives the same
 * record for ever, and no leaf gives none. Nothing personal is in a leaf, so nothing personal is in a record.
 */

import { cdevents } from './cdevents.ts'
import { cloudevents } from './cloudevents.ts'
import { ecs } from './ecs.ts'
import { ocsf } from './ocsf.ts'
import { otel } from './otel.ts'
import type { Source } from './source.ts'

export const mappings = { cloudevents, ocsf, cdevents, ecs, otel } as const satisfies Record<
  string,
  (source: Source) => object
>
export type MappingName = keyof typeof mappings
