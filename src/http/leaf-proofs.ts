/** Proofs for strangers: a leaf under the newest checkpoint that witnesses cosigned, where that covers it. */

import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import type { Head } from '../store/log.ts'
import { parseCheckpoint } from '../tlog/checkpoint.ts'
import { parseNote } from '../tlog/note.ts'
import type { Desk } from './act.ts'
import type { Port } from './port.ts'
import { beyond, seesLeaf } from './look.ts'
import { read } from './read.ts'

const proven = z.object({
  leaf: z.string().describe('Its exact text.'),
  proof: z.object({
    treeSize: z.int(),
    rootHash: z.string(),
    hashes: z.array(z.string()),
    checkpoint: z.string().describe('A signed note, with cosignatures where there are any.'),
  }),
})

export function leafProofs(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/leaves/:leafIndex/proof',
    summary: 'One leaf with a proof under the newest checkpoint that witnesses cosigned',
    isForPeople: true,
    params: z.object({ leafIndex: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER) }),
    answer: proven,
    sees: ({ params: { leafIndex } }) => seesLeaf('proof', leafIndex, port),
    look: async ({ params: { leafIndex } }) => {
      const { ledger } = port
      const head = headFor(leafIndex, port)
      if (!head) return beyond(leafIndex)
      const { hashes, ...rest } = await ledger.prove(leafIndex, head)
      return { leaf: utf8.decode(await ledger.log.leaf(leafIndex)), proof: { ...rest, hashes: [...hashes] } }
    },
  })
}

function headFor(leafIndex: number, { ledger: { log } }: Port): Head | undefined {
  const note = log.cosigned
  const cosigned = note === undefined ? undefined : { ...parseCheckpoint(parseNote(note).text), note }
  return [cosigned, log.head].find((head) => head !== undefined && head.size > leafIndex)
}
