/** The statement of a release, for tools that read in-toto. */

import { statementShape } from '../control/view/statement.ts'
import type { Desk } from './act.ts'
import { read } from './read.ts'
import { byRelease, findRelease } from './releases.ts'

export function releaseStatements(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/releases/:id/statement',
    summary: 'The in-toto statement that approvers sign, with who signed it and where that is proven',
    params: byRelease,
    answer: statementShape,
    look: ({ params }) => {
      const release = findRelease(params.id, port)
      return typeof release === 'string' ? port.views.statement(port.ledger.state.releases.get(release)!) : release
    },
  })
}
