/** Numbers in OpenMetrics text. Labels come from closed lists, so that no caller can make them grow. */

import type { Port } from './port.ts'

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

type Histogram = { readonly counts: number[]; sum: number; count: number }

export class Metrics {
  readonly #port: Port
  readonly #decisions = new Map<string, number>()
  readonly #durations = new Map<string, Histogram>()

  constructor(port: Port) {
    this.#port = port
    port.ledger.follow(({ leaf }) => add(this.#decisions, `outcome="${leaf.outcome}"`, 1))
  }

  /** `route` is the pattern, never the address that was asked for. */
  observe(method: string, route: string, status: number, seconds: number): void {
    const labels = `method="${method}",route="${route}",status="${Math.floor(status / 100)}xx"`
    const known = this.#durations.get(labels) ?? { counts: BUCKETS_S.map(() => 0), sum: 0, count: 0 }
    this.#durations.set(labels, known)
    const bucket = BUCKETS_S.findIndex((limit) => seconds <= limit)
    if (bucket >= 0) known.counts[bucket]! += 1
    known.sum += seconds
    known.count += 1
  }

  format(): string {
    const { ledger, noise, views } = this.#port
    const { lag } = views
    const status = this.#port.logStatus()
    const lines = [
      ...family('countersign_log_leaves', 'gauge', 'Leaves on disk.', [['', ledger.publishedSize]]),
      ...family('countersign_decisions', 'counter', 'Leaves written since the start, by outcome.', [
        ...this.#decisions,
      ]),
      ...family('countersign_noise', 'counter', 'Requests of unverified callers that were turned away, by reason.', [
        ...[...noise.totals()].map(([code, count]) => [`code="${code}"`, count] as const),
      ]),
      ...family(
        'countersign_witness_lag_leaves',
        'gauge',
        'Leaves that a witness has not cosigned yet.',
        status.witnesses.map(({ name, lag }) => [`witness="${escape(name)}"`, lag] as const),
      ),
      ...family('countersign_trail_lag_leaves', 'gauge', 'Leaves on disk that the trail does not show yet.', [
        ['', lag.leaves],
      ]),
      ...family('countersign_trail_lag_seconds', 'gauge', 'For how long the oldest of them has waited.', [
        ['', lag.ms / 1_000],
      ]),
      ...family('countersign_trail_restarts', 'counter', 'How often the index of the trail was begun again.', [
        ['', views.restarts],
      ]),
      ...family('countersign_log_healthy', 'gauge', '1 while nothing stored is known to be altered.', [
        // What only keeps people from searching alters nothing.
        ['', status.healthy || status.trouble?.sentence === views.trouble ? 1 : 0],
      ]),
      ...family('process_resident_memory_bytes', 'gauge', 'Memory in use.', [['', process.memoryUsage.rss()]]),
      ...this.#formatDurations(),
      '# EOF',
    ]
    return `${lines.join('\n')}\n`
  }

  #formatDurations(): string[] {
    const name = 'countersign_http_request_seconds'
    const lines = [`# TYPE ${name} histogram`, `# UNIT ${name} seconds`, `# HELP ${name} Time to answer.`]
    for (const [labels, { counts, sum, count }] of this.#durations) {
      let below = 0
      for (const [index, limit] of BUCKETS_S.entries()) {
        below += counts[index]!
        lines.push(`${name}_bucket{${labels},le="${limit}"} ${below}`)
      }
      lines.push(
        `${name}_bucket{${labels},le="+Inf"} ${count}`,
        `${name}_sum{${labels}} ${sum}`,
        `${name}_count{${labels}} ${count}`,
      )
    }
    return lines
  }
}

function family(
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  samples: readonly (readonly [string, number])[],
): string[] {
  const suffix = type === 'counter' ? '_total' : ''
  const lines = samples.map(([labels, value]) => `${name}${suffix}${labels && `{${labels}}`} ${value}`)
  return [`# TYPE ${name} ${type}`, `# HELP ${name} ${help}`, ...lines]
}

function add(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by)
}

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, '_')
}
