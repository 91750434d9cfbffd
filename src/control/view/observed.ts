/** What jobs reported of themselves, apart from all else: thousands of reports must not crowd out who agreed. */

import type { Expression } from '../../match/query.ts'
import { normalizeIdentifier } from '../../match/identifier.ts'
import type { Sight } from './sight.ts'

const MAX_OBSERVATIONS = 50

const ofType = (type: string): Expression => ({ kind: 'test', field: 'type', test: { is: type } })
const mentions = (id: string): Expression => ({ kind: 'test', field: 'id', test: { is: normalizeIdentifier(id) } })
const isReport: Expression = { kind: 'any', of: [ofType('observation.recorded'), ofType('observation.refused')] }

/** The newest reports that this identifier is in, or that the job of this name made. */
export function observationsOf(id: string, sight: Sight): Promise<number[]> {
  return newest([mentions(id), isReport], MAX_OBSERVATIONS, sight)
}

/** The newest leaves that this identifier is in, reports left out. */
export function decisionsOn(id: string, limit: number, sight: Sight): Promise<number[]> {
  return newest([mentions(id), { kind: 'not', of: isReport }], limit, sight)
}

/** When and how this job signed in, whatever it did afterwards. */
export function openingsOf(job: string, sight: Sight): Promise<number[]> {
  const own: Expression = { kind: 'test', field: 'who', test: { is: job } }
  return newest([mentions(job), ofType('login.opened'), own], MAX_OBSERVATIONS, sight)
}

async function newest(of: readonly Expression[], limit: number, { trail }: Sight): Promise<number[]> {
  const { rows } = await trail.page({ query: { where: { kind: 'all', of } }, limit })
  return rows.map(({ leafIndex }) => leafIndex)
}
