/** The policies as they are shipped, and the cases beside them whose file names are sentences. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  formatProblem,
  loadPolicies,
  type PolicyFiles,
  type PolicySet,
  type Question,
} from '../../src/policy/policy.ts'

const FOLDER = join(import.meta.dirname, '../../policies')

export type Case = {
  readonly name: string
  readonly isAllowed: boolean
  readonly question: Question
  readonly expectDetermining?: readonly string[]
}

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
  return ['ALLOW', 'DENY'].flatMap((kind) =>
    readdirSync(join(FOLDER, kind)).map((file) => ({
      ...(JSON.parse(readFileSync(join(FOLDER, kind, file), 'utf8')) as Pick<Case, 'question' | 'expectDetermining'>),
      name: `${kind}/${file}`,
      isAllowed: kind === 'ALLOW',
    })),
  )
}
