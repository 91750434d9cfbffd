/** Validates a folder of Cedar policies with the very loader that the server uses. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { formatProblem, loadPolicies, type PolicyFiles, type PolicySet } from '../policy/policy.ts'
import { EXIT, Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { plural, printable } from './text.ts'

export interface PolicyCheckOptions {
  readonly folder: string
}

export async function run({ folder }: PolicyCheckOptions, terminal: Terminal): Promise<number> {
  const { digest, ids } = loadChecked(folder, terminal).policies
  terminal.result({ digest, ids }, () => `${ids.length} policies ok: ${ids.join(', ')}\ndigest: ${digest}`)
  return EXIT.ok
}

/** The files of a folder and what they load to. Throws a Failure, after telling each problem with its place. */
export function loadChecked(
  folder: string,
  terminal: Terminal,
): { readonly files: PolicyFiles; readonly policies: PolicySet } {
  const files = readPolicyFiles(folder)
  const policies = loadPolicies(files)
  if (!Array.isArray(policies)) return { files, policies }
  for (const problem of policies) terminal.say(printable(formatProblem(problem)))
  throw new Failure('failed', 'policy_invalid', `${plural(policies.length, 'problem')} in ${folder}`)
}

const MAX_FILE_BYTES = 1_048_576

/** Name and text of every policy file in a folder; case folders beside them are left alone. */
function readPolicyFiles(folder: string): PolicyFiles {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) throw new Failure('notFound', 'no_folder', `${folder} is not a folder`)
  const names = readdirSync(folder).filter((name) => /\.(?:cedar|cedarschema)$/u.test(name))
  const tooLarge = names.find((name) => statSync(join(folder, name)).size > MAX_FILE_BYTES)
  if (tooLarge) throw new Failure('failed', 'too_large', `${tooLarge} is larger than ${MAX_FILE_BYTES} bytes`)
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}
