/** Programs of ours in place of OpenSSH's, for machines that have git and Node and nothing else; it is said where they take part. */

import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { quoted } from './person.ts'
import { hasProgram } from './sshd.ts'
import type { Stage } from './stage.ts'

const PROGRAMS = { 'ssh-keygen': 'ssh-keygen.ts', ssh: 'ssh.ts' } as const

/** Puts them first on the PATH of the stage where the machine has none. Returns the names of those that were put there. */
export function standIn(stage: Stage): readonly string[] {
  const missing = Object.entries(PROGRAMS).filter(([name]) => !hasProgram(name))
  for (const [name, file] of missing) {
    const program = resolve(import.meta.dirname, file)
    const script = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(program)} "$@"\n`
    writeFileSync(join(stage.folder('bin'), name), script, { mode: 0o755 })
  }
  return missing.map(([name]) => name)
}
