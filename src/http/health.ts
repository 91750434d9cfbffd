/** Whether this process lives, whether it can do its work, and its numbers for those who watch machines. */

import * as z from '../bytes/schema.ts'
import type { LogStatus } from '../control/view/shape.ts'
import { problemResponse, type Desk } from './act.ts'
import type { Metrics } from './metrics.ts'
import type { Port } from './port.ts'

const check = z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })
const readiness = z.object({ ready: z.boolean(), checks: z.array(check) })

export function health({ app, port }: Desk, metrics: Metrics): void {
  const free = { access: 'anyone', isFree: true } as const
  const about = (summary: string) => ({ summary, tags: ['server'], security: [] })
  app.get(
    '/livez',
    {
      schema: { ...about('Whether the process answers'), response: { 200: z.object({ live: z.literal(true) }) } },
      config: free,
    },
    async () => ({ live: true }) as const,
  )
  app.get(
    '/readyz',
    {
      schema: {
        ...about('Whether it can do its work'),
        response: { 200: readiness, 503: readiness, default: problemResponse },
      },
      config: free,
    },
    async (_, reply) => {
      const checks = checksOf(port)
      // Searching, stamps, and witnesses that nothing waits for, are told of, and stop nothing.
      const isAside = (name: string) =>
        name === 'trail' || name === 'timestamps' || (name === 'witnesses' && !port.quorum?.isRequired)
      const ready = checks.every(({ ok, name }) => ok || isAside(name))
      return reply
        .header('cache-control', 'no-store')
        .code(ready ? 200 : 503)
        .send({ ready, checks })
    },
  )
  app.get(
    '/metrics',
    {
      schema: {
        ...about('OpenMetrics'),
        response: { 200: { description: 'OpenMetrics 1.0.', content: { [OPEN_METRICS]: { schema: z.string() } } } },
      },
      config: free,
    },
    async (_, reply) =>
      reply
        .header('cache-control', 'no-store')
        .type(OPEN_METRICS)
        .send(metrics.format() as never) as never,
  )
}

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

function witnessCheck(trouble: string | undefined): z.input<typeof check> {
  return { name: 'witnesses', ok: trouble === undefined, detail: trouble ?? 'As many as are needed have cosigned.' }
}

function stampCheck({ authority, trouble }: NonNullable<LogStatus['stamp']>): z.input<typeof check> {
  return { name: 'timestamps', ok: trouble === undefined, detail: trouble ?? `${authority} stamps checkpoints.` }
}

function trailCheck({ trouble, lag }: Port['views']): z.input<typeof check> {
  return {
    name: 'trail',
    ok: trouble === undefined,
    detail: trouble ?? `The trail is ${lag.leaves} leaves behind the log.`,
  }
}

function checksOf({ ledger, quorum, ...port }: Port): z.input<typeof check>[] {
  const { log, state, publishedSize } = ledger
  const damaged = state.log?.damaged ?? []
  const { stamp } = port.logStatus()
  return [
    {
      name: 'log_writable',
      ok: log.trouble === undefined,
      detail: log.trouble ?? `The log takes leaves; it has ${publishedSize}.`,
    },
    {
      name: 'log_intact',
      ok: damaged.length === 0,
      detail:
        damaged.length === 0
          ? 'Nothing stored is known to be altered.'
          : `Altered: leaf ${damaged.slice(0, 8).join(', ')}.`,
    },
    {
      name: 'policy_in_force',
      ok: state.policy !== undefined,
      detail: state.policy
        ? `${state.policy.digest} since leaf ${state.policy.leafIndex}.`
        : 'No policies are in force.',
    },
    trailCheck(port.views),
    ...(quorum ? [witnessCheck(quorum.trouble())] : []),
    ...(stamp ? [stampCheck(stamp)] : []),
  ]
}
