/** Defines a host, a database, a cloud or an API that credentials are lent for. */

import { readFile } from 'node:fs/promises'
import * as z from '../bytes/schema.ts'
import type { Kind, Preset } from '../domain/target.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface TargetAddOptions extends ServerOptions {
  readonly target: string
  readonly kind: Kind
  readonly address: string
  readonly login?: readonly string[]
  readonly hostKey?: string
  readonly forceCommand?: string
  readonly sourceAddress?: string
  readonly database?: string
  readonly parentRole?: string
  readonly adminFile?: string
  readonly audience?: string
  readonly preset?: Preset
  readonly account?: string
  readonly variable?: string
  readonly certificateFile?: string
  readonly repository?: string
  readonly permission?: readonly string[]
  readonly rotateAfterDays?: number
}

export async function run(options: TargetAddOptions, terminal: Terminal): Promise<number> {
  const { server, login, certificateFile, permission, rotateAfterDays, target, kind, address } = options
  const { hostKey, forceCommand, sourceAddress, database, parentRole, adminFile } = options
  const { audience, preset, account, variable, repository } = options
  const host = { hostKey, forceCommand, sourceAddress, database, parentRole, adminFile }
  const named = { target, kind, address, ...host, audience, preset, account, variable, repository }
  const certificate = certificateFile === undefined ? undefined : await readFile(certificateFile, 'utf8')
  const permissions = permission && Object.fromEntries(permission.map(parsePermission))
  const body = { ...named, principals: login, certificate, permissions, rotateAfterDays }
  const { leafIndex } = await openClient(server ? { server } : {}, terminal).post('/api/v1/targets', body, z.unknown())
  terminal.result({ target, kind, address, leafIndex }, () => `${target} is ${kind} at ${address}\nleaf: ${leafIndex}`)
  return 0
}

/** `contents=write`; the server says what of it GitHub knows. */
function parsePermission(text: string): [name: string, level: string] {
  const [name = '', level = 'read'] = text.split('=', 2)
  return [name, level]
}
