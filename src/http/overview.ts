/** What a person sees first: what waits for them, what is on its way, and whether the log is well. */

import * as shape from '../control/view/shape.ts'
import type { Desk } from './act.ts'
import { read } from './read.ts'

export function overview(desk: Desk): void {
  read(desk, {
    url: '/api/v1/overview',
    summary: 'What needs you, what is in flight, who holds privilege, how the log is',
    isForPeople: true,
    answer: shape.overview,
    look: ({ caller }) => desk.port.views.overview(caller),
  })
}
