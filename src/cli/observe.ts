/** Reports what was done: one observation of options, or as many as stdin has lines, each a leaf of its own. */

import { createInterface } from 'node:readline'
import { parse, type Json } from '../bytes/json.ts'
import { EXIT, Failure } from './failure.ts'
import { isJob, openJob } from './job-login.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { Reporter } from './observing.ts'
import type { Terminal } from './terminal.ts'
import { plural, printable } from './text.ts'

export interface ObserveOptions extends ServerOptions {
  readonly kind?: string
  readonly about?: string
  readonly status?: string
  readonly digest?: string
  readonly duration?: number
  readonly fact?: readonly string[]
  readonly text?: string
  readonly at?: string
}

/** 0 when all are recorded, 3 when any was refused. */
export async function run(options: ObserveOptions, terminal: Terminal): Promise<number> {
  const one = options.kind === undefined ? undefined : lineOf(options, options.kind)
  if (!one && process.stdin.isTTY)
    throw new Failure('usage', 'nothing_to_report', 'there is nothing to report', {
      next: '--kind step.ended, or lines on stdin',
    })
  const client = isJob(options, terminal) ? (await openJob(options, terminal)).client : openClient(options, terminal)
  const reporter = new Reporter(client, terminal)
  if (one) await reporter.add(one)
  else for await (const line of linesOfStdin()) await reporter.add(line)
  await reporter.send()
  const { recorded, refused, leaves } = reporter
  terminal.result({ recorded, refused, leaves }, () => {
    const where = leaves.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
    return `recorded ${plural(recorded, 'observation')}${where ? ` · ${leaves.length === 1 && recorded === 1 ? 'leaf' : 'leaves'} ${where}` : ''}`
  })
  return refused.length > 0 ? EXIT.refused : EXIT.ok
}

function lineOf({ about, status, digest, duration, fact = [], text, at }: ObserveOptions, kind: string): Json {
  return {
    kind,
    at: at ?? new Date().toISOString(),
    about: about === undefined ? undefined : aboutOf(about),
    ...{ status, digest, text },
    durationMs: duration,
    facts: fact.length > 0 ? Object.fromEntries(fact.map(factOf)) : undefined,
  }
}

function aboutOf(id: string): Json {
  const [kind] = id.split(':')
  if (kind === 'release' || kind === 'grant') return { kind, id }
  throw new Failure('usage', 'bad_about', `--about ${printable(id)} is neither a release nor a grant`, {
    next: '--about release:… or grant:…, as $COUNTERSIGN_RELEASE',
  })
}

/** `tests=12`, `isRetry=true`, `report=junit.xml`. */
function factOf(text: string): [string, Json] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new Failure('usage', 'bad_fact', `--fact ${printable(text)} is not NAME=VALUE`, { next: '--fact failed=0' })
  if (value === 'true' || value === 'false') return [name, value === 'true']
  return [name, /^-?(?:0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value]
}

/** Whoever names no time means now. */
async function* linesOfStdin(): AsyncGenerator<Json> {
  let number = 0
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1
    if (text.trim() === '') continue
    const line = parseLine(text, number)
    yield { at: new Date().toISOString(), ...line }
  }
}

function parseLine(text: string, number: number): { readonly [name: string]: Json | undefined } {
  try {
    const value = parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never
  } catch (error) {
    throw new Failure('usage', 'malformed', `line ${number} of stdin: ${printable((error as Error).message)}`)
  }
  throw new Failure('usage', 'malformed', `line ${number} of stdin is not a JSON object`)
}
