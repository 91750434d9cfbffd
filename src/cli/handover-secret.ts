/** Secrets that are texts: each under the name that its target gives it, and in a file for programs that read one. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SecretCredential } from './contract-release.ts'
import { Failure } from './failure.ts'
import type { Variables } from './handover-ssh.ts'

export interface SecretLoan {
  readonly target: string
  readonly credential: SecretCredential
}

export function lendSecrets(loans: readonly SecretLoan[], folder: string): Variables {
  const variables: Record<string, string> = {}
  for (const { target, credential } of loans) {
    const { variable, value } = credential
    if (variables[variable] !== undefined)
      throw new Failure(
        'usage',
        'credential_twice',
        `two targets of this run would both be handed over as ${variable}`,
        {
          next: 'run them one after the other: --target TARGET',
        },
      )
    const file = join(folder, `secret-${target.replace(/[^A-Za-z0-9._-]/gu, '_')}`)
    writeFileSync(file, value, { mode: 0o600 })
    variables[variable] = value
    variables[`COUNTERSIGN_SECRET_FILE_${target.toUpperCase().replace(/[^A-Z0-9]/gu, '_')}`] = file
  }
  return variables
}
