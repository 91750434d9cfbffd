/** Certifies the key of a host, and prints the line that its sshd shows. */

import { readFileSync } from 'node:fs'
import * as z from '../bytes/schema.ts'
import { instant } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface TargetHostCertOptions extends ServerOptions {
  readonly target: string
  readonly publicKeyFile: string
  readonly days?: number
}

const certified = z.object({ certificate: z.string().max(8_192), validUntil: instant })

export async function run({ target, publicKeyFile, days, ...server }: TargetHostCertOptions, terminal: Terminal) {
  const path = `/api/v1/targets/${encodeURIComponent(target)}/host-certificate`
  const body = { publicKey: read(publicKeyFile), lifetimeDays: days }
  const { leafIndex, result } = await openClient(server, terminal).post(path, body, certified)
  terminal.say(`${target} is certified until ${result.validUntil} · leaf ${leafIndex}`)
  terminal.result({ target, ...result, leafIndex }, () => result.certificate.trim())
  return 0
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new Failure('failed', 'unreadable', `couldn't read ${file}: ${(error as Error).message}`)
  }
}
