/** Trusts a directory (SCIM 2.0) that keeps people and groups here; its token is written to a file, once. */

import { writeFileSync } from 'node:fs'
import * as z from '../bytes/schema.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface DirectoryAddOptions extends ServerOptions {
  readonly directory: string
  readonly tokenFile: string
  readonly idp?: string
  readonly days?: number
}

const made = z.object({ token: z.string().max(256), baseUrl: z.url(), expiresAt: z.iso.datetime() })

export async function run(options: DirectoryAddOptions, terminal: Terminal): Promise<number> {
  const { directory, tokenFile, idp, days } = options
  // Before it is made: a token that cannot be kept is of no use to anybody.
  writeFileSync(tokenFile, '', { mode: 0o600, flag: 'wx' })
  const body = { client: directory, idp, lifetimeDays: days }
  const { leafIndex, result } = await openClient(options, terminal).post('/api/v1/directories', body, made)
  writeFileSync(tokenFile, `${result.token}\n`, { mode: 0o600 })
  const { baseUrl, expiresAt } = result
  terminal.result({ directory, baseUrl, expiresAt, tokenFile, leafIndex }, () =>
    [
      `${directory} keeps people and groups here until ${expiresAt}`,
      `address to enter there: ${baseUrl}`,
      `token to enter there:   in ${tokenFile}; remove it then`,
      `leaf: ${leafIndex}`,
    ].join('\n'),
  )
  return 0
}
