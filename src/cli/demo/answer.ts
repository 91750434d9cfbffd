/** Fact 8: who put this into production, with which permission, from where, who agreed, and what did they do with it. */

import * as shape from '../../control/view/shape.ts'
import type { Cast } from './cast.ts'
import { mustHold } from './eventually.ts'
import type { Proof, Tale } from './tale.ts'

const STATIONS = ['Commit', 'Push', 'Build', 'Provenance', 'Request', 'Approval', 'Credential', 'Deploy'] as const

export async function answerWhy(
  digest: string,
  deployedLeaf: number,
  { li }: Cast,
  tale: Tale,
): Promise<Proof & { readonly outcome: undefined }> {
  const { stdout } = await li.type(['countersign', 'why', digest])
  tale.say(stdout.trimEnd())
  const { chain } = await li.get(`/api/v1/why/${encodeURIComponent(digest)}`, shape.why)
  const entriesOf = (title: string) => chain.find((link) => link.title === title)?.entries ?? []
  for (const title of STATIONS) mustHold(entriesOf(title).length > 0, `the chain has a ${title.toLowerCase()}`)
  const entries = chain.flatMap((link) => link.entries)
  mustHold(
    entries.every(({ leafIndex }) => stdout.includes(`leaf ${leafIndex}`)),
    'every line of the answer names its leaf',
  )
  mustHold(
    entriesOf('Approval').filter(({ policies }) => policies.length > 0).length >= 2,
    'approvals name their policies',
  )
  mustHold(
    entriesOf('Approval').every(({ from }) => from.ip !== undefined),
    'approvals say where they came from',
  )
  const sentence = `One command told the whole chain: ${entries.length} entries in ${STATIONS.length} stations`
  return { sentence, leafIndex: deployedLeaf, outcome: undefined }
}
