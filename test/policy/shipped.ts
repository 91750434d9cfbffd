/** The policies as they are shipped, and the cases beside them whose file names are sentences. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { KINDS, parseCase, type Case } from '../../src/policy/case.ts'
import { formatProblem, loadPolicies, type PolicyFiles, type PolicySet } from '../../src/policy/policy.ts'

const FOLDER = join(import.meta.dirname, '../../policies')

export function readShipped(): Record<string, string> {
  const names = readdirSync(FOLDER).filter((name) => /\.cedar(?:schema)?$/.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]))
}

export function mustLoad(files: PolicyFiles): PolicySet {
  const set = loadPolicies(files)
  if (Array.isArray(set)) throw new Error(set.map(formatProblem).join('\n'))
  return set
}

export function readCases(): Case[] {
  return KINDS.flatMap((kind) =>
    readdirSync(join(FOLDER, kind)).map((file) =>
      parseCase(kind, file.replace(/\.json$/, ''), readFileSync(join(FOLDER, kind, file), 'utf8')),
    ),
  )
}
