/** The trail: leaves as people search them, one leaf with its proof, and the evidence that leaves name by digest. */

import * as z from '../bytes/schema.ts'
import type { DigestText } from '../bytes/digest.ts'
import * as shape from '../control/view/shape.ts'
import * as f from '../domain/field.ts'
import { searchId } from '../domain/search.ts'
import { problemResponse, securityOf } from './act.ts'
import type { Desk } from './act.ts'
import { exports } from './exports.ts'
import { beyond, enter, seesLeaf } from './look.ts'
import { problem, Problem, problemOfQuery, sendProblem } from './problem.ts'
import { read } from './read.ts'
import { linkNext } from './releases.ts'
import { queryOf } from './searches.ts'

const index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const query = z.object({
  q: z
    .string()
    .max(1000)
    .optional()
    .describe(
      'type:release.* -outcome:allowed (who:@ana or kind:job) env:(production, staging) reason:/own/ id:… leaf:>100 since:24h ip:10.0.0.0/8 exists:env and free text; | count by who | top 10',
    ),
  search: searchId.optional().describe('A saved search, in place of q.'),
  after: index.optional().describe('Leaves after this index, oldest first.'),
  before: index.optional().describe('Leaves before this index, newest first.'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

export function leaves(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/leaves',
    summary: 'Searches the trail',
    isForPeople: true,
    query,
    answer: shape.leaves,
    sees: ({ query: asked, caller }) => {
      const q = queryOf(asked, caller!, port)
      return q instanceof Problem ? q : { kind: 'search', query: q, page: asked }
    },
    look: async ({ query: asked, caller, reply }) => {
      const q = queryOf(asked, caller!, port)
      if (q instanceof Problem) return q
      const page = await port.views.leaves({ ...asked, q })
      if ('problem' in page) return problemOfQuery(page)
      const cursor = asked.after === undefined ? { before: page.next } : { after: page.next }
      if (page.next !== undefined) linkNext(reply, '/api/v1/leaves', { ...asked, ...cursor })
      return page
    },
  })
  read(desk, {
    url: '/api/v1/leaves/:leafIndex',
    summary: 'One leaf: exact text, proof, disclosures, evidence',
    isForPeople: true,
    params: z.object({ leafIndex: index }),
    answer: shape.leafDetail,
    sees: ({ params: { leafIndex } }) => seesLeaf('leaf', leafIndex, port),
    look: async ({ params: { leafIndex } }) => (await port.views.leaf(leafIndex)) ?? beyond(leafIndex),
  })
  evidence(desk)
  exports(desk)
}

function evidence({ app, port }: Desk): void {
  app.get(
    '/api/v1/evidence/:digest',
    {
      config: { isOpenToRead: true },
      schema: {
        summary: 'The bytes that a leaf names by digest',
        tags: ['evidence'],
        security: securityOf('login'),
        params: z.object({ digest: f.digest }),
        response: {
          200: { description: 'The bytes.', content: { 'application/octet-stream': { schema: z.unknown() } } },
          default: problemResponse,
        },
      },
    },
    async (request, reply) => {
      const digest = request.params.digest as DigestText
      const refused = await enter({ kind: 'evidence', evidence: digest }, request, port)
      if (refused) return sendProblem(reply, refused) as never
      const bytes = await port.evidence.get(digest)
      if (!bytes)
        return sendProblem(reply, problem('not_found', 'There is no such evidence, or it was erased.')) as never
      void reply.header('cache-control', 'private, max-age=31536000, immutable')
      // Bytes of others: never shown as a page of ours.
      void reply.header('content-disposition', 'attachment; filename="evidence.bin"')
      return reply.code(200).type('application/octet-stream').send(Buffer.from(bytes)) as never
    },
  )
}
