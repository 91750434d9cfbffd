/** Who put this into production, with which permission, from where, who agreed, and what they did with it. */

import * as z from '../bytes/schema.ts'
import * as shape from '../control/view/shape.ts'
import type { Desk } from './act.ts'
import { problem } from './problem.ts'
import { read } from './read.ts'

export function why(desk: Desk): void {
  read(desk, {
    url: '/api/v1/why/:id',
    summary: 'The chain behind an artifact, commit, release, grant, serial, fingerprint or leaf',
    isForPeople: true,
    params: z.object({ id: z.string().min(1).max(200) }),
    answer: shape.why,
    sees: ({ params: { id } }) => ({ kind: 'why', query: id }),
    look: async ({ params: { id } }) =>
      (await desk.port.views.why(id)) ??
      problem('not_found', 'The log knows nothing of that name.', { next: 'countersign trail' }),
  })
}
