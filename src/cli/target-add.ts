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
}

export async function run({ server, ...options }: TargetAddOptions, terminal: Terminal): Promise<number> {
  const { login, certificateFile, ...named } = options
  const { target, kind, address } = named
  const certificate = certificateFile === undefined ? undefined : await readFile(certificateFile, 'utf8')
  const body = { ...named, principals: login, certificate }
  const { leafIndex } = await openClient(server ? { server } : {}, terminal).post('/api/v1/targets', body, z.unknown())
  terminal.result({ target, kind, address, leafIndex }, () => `${target} is ${kind} at ${address}\nleaf: ${leafIndex}`)
  return 0
}
