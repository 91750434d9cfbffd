/** `countersign policy test`: the cases beside a folder of policies, asked of those very policies; offline. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeCase, KINDS, parseCase, uncovered, type Case, type CaseVerdict, type Kind } from '../policy/case.ts'
import { EXIT, Failure } from './failure.ts'
import { loadChecked } from './policy-check.ts'
import type { Terminal } from './terminal.ts'
import { plural, printable } from './text.ts'

export interface PolicyTestOptions {
  readonly folder: string
  /** Where the cases are, when they are not beside the policies. */
  readonly cases?: string
  /** Writes a JUnit report into this file. */
  readonly junit?: string
  /** Fails also when a policy decides no case. */
  readonly complete?: boolean
}

const MAX_CASES = 100_000
const MAX_CASE_BYTES = 262_144

/** 0 when every case is answered as its folder says, else 1. */
export async function run(options: PolicyTestOptions, terminal: Terminal): Promise<number> {
  const { folder, cases: casesFolder = folder, junit, complete = false } = options
  const { policies } = loadChecked(folder, terminal)
  const cases = KINDS.flatMap((kind) => readCases(casesFolder, kind))
  if (cases.length === 0)
    throw new Failure('notFound', 'no_cases', `${casesFolder} has no cases in ALLOW or DENY`, {
      next: 'write one question a file, such as ALLOW/admin-invites-a-person.json',
    })
  const verdicts = cases.map((one) => judgeCase(one, policies))
  const failed = verdicts.filter(({ because }) => because !== undefined)
  const untested = uncovered(verdicts, policies)
  if (junit !== undefined) writeFileSync(junit, formatJunit(verdicts))
  const ok = failed.length === 0 && !(complete && untested.length > 0)
  const report = { ok, digest: policies.digest, cases: cases.length, failed, untested }
  terminal.result(report, () => textOf(verdicts, untested, ok, terminal))
  return ok ? EXIT.ok : EXIT.failed
}

function readCases(folder: string, kind: Kind): Case[] {
  const path = join(folder, kind)
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return []
  const names = readdirSync(path).filter((name) => name.endsWith('.json'))
  if (names.length > MAX_CASES)
    throw new Failure('failed', 'too_large', `${path} has ${names.length} cases; at most ${MAX_CASES} are read`)
  return names.sort().map((name) => readCase(join(path, name), kind, name.slice(0, -'.json'.length)))
}

function readCase(path: string, kind: Kind, name: string): Case {
  if (statSync(path).size > MAX_CASE_BYTES)
    throw new Failure('failed', 'too_large', `${path} is larger than ${MAX_CASE_BYTES} bytes`)
  try {
    return parseCase(kind, name, readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Failure('failed', 'bad_case', `${path}: ${printable((error as Error).message)}`)
  }
}

const MAX_SHOWN = 50

function textOf(
  verdicts: readonly CaseVerdict[],
  untested: readonly string[],
  ok: boolean,
  { paint }: Terminal,
): string {
  const failed = verdicts.filter(({ because }) => because !== undefined)
  const rest = failed.length - MAX_SHOWN
  const tested = plural(verdicts.length, 'case')
  return [
    ...failed
      .slice(0, MAX_SHOWN)
      .map(({ name, because }) => `${paint.bad('✗')} ${printable(name)}: ${printable(because!)}`),
    ...(rest > 0 ? [`  … and ${rest} more; see --json`] : []),
    ...(untested.length > 0 ? [paint.amber(`no case depends on: ${untested.join(', ')}`)] : []),
    ok ? paint.good(`✓ ${tested} as expected`) : paint.bad(`✗ ${failed.length} of ${tested} not as expected`),
  ].join('\n')
}

/** The form that every CI shows: one test case an element, with what went wrong in it. */
function formatJunit(verdicts: readonly CaseVerdict[]): string {
  const failures = verdicts.filter(({ because }) => because !== undefined).length
  const cases = verdicts.map(({ name, because }) => {
    const head = `  <testcase classname="policies" name="${escape(name)}"`
    return because === undefined ? `${head}/>` : `${head}><failure message="${escape(because)}"/></testcase>`
  })
  const suite = `<testsuite name="policies" tests="${verdicts.length}" failures="${failures}">`
  return ['<?xml version="1.0" encoding="UTF-8"?>', suite, ...cases, '</testsuite>', ''].join('\n')
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape(text: string): string {
  return printable(text).replace(/[&<>"]/g, (character) => ESCAPES[character]!)
}
