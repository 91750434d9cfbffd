/** What an address says to the rules: the names of the networks that it is in, and nothing else of it. */

import type { Caller, Given } from '../domain/leaf.ts'
import { networksOf } from '../domain/network.ts'
import type { ReadonlyState } from '../domain/state.ts'
import type { PersonalData } from './seal.ts'

const nowhere: Given = Object.freeze({})

/** Only of people: what a job or a part of Countersign does is not judged by where it runs. */
export function networksGiven({ kind }: Pick<Caller, 'kind'>, { ip }: PersonalData, state: ReadonlyState): Given {
  if (kind !== 'person') return nowhere
  const networks = networksOf(ip, state)
  return networks.length > 0 ? { networks } : nowhere
}
