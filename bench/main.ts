/**
 * `npm run bench [names] [--json] [--rows n]`: what this machine does, beside what it could do at most, measured in one run.
 *
 *     ledger.1024        21400 leaves/s      goal >= 20000       met
 *
 * `BENCH_LEAVES` sets how long the logs are (10,000,000 takes some ten minutes and 9 GB), `BENCH_ROWS` how many rows are searched,
 * `BENCH_BATCH_MS` for how long observations are sent to each server, `BENCH_LOGIN_MS` for how long jobs come, `BENCH_START_LEAVES`
 * over how many an instance starts besides.
 */

import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

/** A figure, its unit, and the bound it must keep: `>= 20000`, or the number alone. */
type Measure = {
  readonly value: number
  readonly unit: string
  readonly goal?: string | number
  readonly met?: boolean
}
type Bench = { readonly run: () => Promise<Record<string, Measure>> | Record<string, Measure> }

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean' }, rows: { type: 'string' } },
  allowPositionals: true,
})
if (values.rows !== undefined) process.env['BENCH_ROWS'] = values.rows
const known = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'main')
  .sort()
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`error: nothing is called ${unknown.join(', ')}\nfix: choose from ${known.join(', ')}`)
  process.exit(2)
}

const measured: Record<string, Measure> = {}
for (const name of positionals.length > 0 ? positionals : known) {
  const { run } = (await import(join(import.meta.dirname, `${name}.ts`))) as Bench
  const found = await run()
  for (const [figure, measure] of Object.entries(found)) {
    measured[figure] = measure
    if (!values.json) console.log(line(figure, measure))
  }
}
if (values.json) console.log(JSON.stringify(measured))

function line(figure: string, { value, unit, goal, met }: Measure): string {
  const verdict = goal === undefined ? '' : `goal ${String(goal).padEnd(10)} ${met ? 'met' : 'NOT MET'}`
  return `${figure.padEnd(28)} ${String(value).padStart(10)} ${unit.padEnd(12)} ${verdict}`.trimEnd()
}
