/** What the auditor's program is made of: every file that `countersign/verify` leads to, and every dependency. */

import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const SRC = join(import.meta.dirname, '../src')
const ENTRY = join(SRC, 'domain/verify.ts')

export type Closure = {
  /** Relative to src/, sorted. */
  readonly files: readonly string[]
  readonly lines: number
  /** Packages, and Node's own modules. */
  readonly dependencies: readonly string[]
}

export function auditorClosure(): Closure {
  const files = new Map<string, string>()
  const dependencies = new Set<string>()
  const visit = (path: string): void => {
    if (files.has(path)) return
    const source = readFileSync(path, 'utf8')
    files.set(path, source)
    for (const [, name] of source.matchAll(/^(?:import|export)\b[^'";]*?from '([^']+)'|^import '([^']+)'/gms))
      if (name?.startsWith('.')) visit(join(dirname(path), name))
      else if (name) dependencies.add(packageOf(name))
  }
  visit(ENTRY)
  const lines = [...files.values()].reduce((sum, source) => sum + source.split('\n').length - 1, 0)
  const names = [...files.keys()].map((path) => relative(SRC, path)).sort()
  return { files: names, lines, dependencies: [...dependencies].sort() }
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Lines are told up to the next five hundred, so that not every change is one of README. */
const STEP = 500

/** The line that README has. */
export function formatClosure({ files, lines, dependencies }: Closure): string {
  const names = dependencies.map((name) => `\`${name}\``)
  const most = (Math.ceil(lines / STEP) * STEP).toLocaleString('en-US')
  return `The auditor's program (\`countersign/verify\`) is ${files.length} files, at most ${most} lines, and these dependencies: ${names.join(', ')}.`
}
