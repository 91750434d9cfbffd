/** Validates a folder of Cedar policies with the very loader that the server uses. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { formatProblem, loadPolicies, type PolicyFiles } from '../policy/policy.ts'
import { EXIT, Failure } from './failure.ts'
import type { Terminal } from './terminal.ts'
import { plural, printable } from './text.ts'

export interface PolicyCheckOptions {
  readonly folder: string
}

export async function run({ folder }: PolicyCheckOptions, terminal: Terminal): Promise<number> {
  const loaded = loadPolicies(readPolicyFiles(folder))
  if (!Array.isArray(loaded)) {
    const { digest, ids } = loaded
    terminal.result({ digest, ids }, () =>
      [
        `${plural(ids.length, 'policy').replace('policys', 'policies')} ok: ${ids.join(', ')}`,
        `digest: ${digest}`,
      ].join('\n'),
    )
    return EXIT.ok
  }
  for (const problem of loaded) terminal.say(printable(formatProblem(problem)))
  throw new Failure(
    'unverified',
    'policy_invalid',
    `${plural(loaded.length, 'problem')} in ${folder}: ${printable(formatProblem(loaded[0]!))}`,
  )
}

const MAX_FILE_BYTES = 1_048_576

/** Name and text of every policy file in a folder; case folders beside them are left alone. */
export function readPolicyFiles(folder: string): PolicyFiles {
  const stat = statSync(folder, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) throw new Failure('notFound', 'no_folder', `${folder} is not a folder`)
  const names = readdirSync(folder).filter((name) => /\.(?:cedar|cedarschema)$/u.test(name))
  const tooLarge = names.find((name) => statSync(join(folder, name)).size > MAX_FILE_BYTES)
  if (tooLarge) throw new Failure('failed', 'too_large', `${tooLarge} is larger than ${MAX_FILE_BYTES} bytes`)
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}
