/** Programs of ours in place of OpenSSH's, for machines that have git and Node and nothing else; it is said where they take part. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownProgram } from './own-program.ts'
import { quoted } from './person.ts'
import { hasProgram } from './sshd.ts'
import type { Stage } from './stage.ts'

const PROGRAMS = ['ssh-keygen', 'ssh'] as const

/** Puts them first on the PATH of the stage where the machine has none. Returns the names of those that were put there. */
export function standIn(stage: Stage): readonly string[] {
  const missing = PROGRAMS.filter((name) => !hasProgram(name))
  for (const name of missing) {
    const script = `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(ownProgram(name))} "$@"\n`
    writeFileSync(join(stage.folder('bin'), name), script, { mode: 0o755 })
  }
  return missing
}
