/** Defines a host or database that credentials are lent for. */

import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface TargetAddOptions extends ServerOptions {
  readonly target: string
  readonly kind: 'ssh' | 'postgres'
  readonly address: string
  readonly login?: readonly string[]
  readonly hostKey?: string
  readonly forceCommand?: string
  readonly sourceAddress?: string
  readonly database?: string
  readonly parentRole?: string
  readonly adminFile?: string
}

export async function run({ server, ...options }: TargetAddOptions, terminal: Terminal): Promise<number> {
  const { target, kind, address, login, hostKey, forceCommand, sourceAddress, database, parentRole, adminFile } =
    options
  const body = {
    target,
    kind,
    address,
    principals: login,
    hostKey,
    forceCommand,
    sourceAddress,
    database,
    parentRole,
    adminFile,
  }
  const { leafIndex } = await openClient(server ? { server } : {}, terminal).post('/api/v1/targets', body, z.unknown())
  terminal.result({ target, kind, address, leafIndex }, () => `${target} is ${kind} at ${address}\nleaf: ${leafIndex}`)
  return 0
}
