/** Client certificates in the form that TLS clients take: a chain, the key it is for, and the authority to expect of the server. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobKey } from '../credential/ssh.ts'
import type { X509Credential } from './contract-release.ts'
import type { Variables } from './handover-ssh.ts'

export interface X509Loan {
  readonly target: string
  readonly key: JobKey
  readonly credential: X509Credential
}

export function lendX509(loans: readonly X509Loan[], folder: string): Variables {
  return Object.fromEntries(loans.flatMap((loan) => filesOf(loan, folder)))
}

function filesOf({ target, key, credential }: X509Loan, folder: string): [name: string, path: string][] {
  const prefix = `COUNTERSIGN_X509_${target.toUpperCase().replace(/[^A-Z0-9]/gu, '_')}`
  const file = join(folder, `x509-${target.replace(/[^A-Za-z0-9._-]/gu, '_')}`)
  const texts = { CERT: credential.chain, KEY: key.privateKeyPem, CA: credential.certificate }
  return Object.entries(texts).flatMap(([part, text]) => {
    if (text === undefined) return []
    const path = `${file}.${part.toLowerCase()}.pem`
    writeFileSync(path, text, { mode: 0o600 })
    return [[`${prefix}_${part}`, path] as [string, string]]
  })
}
