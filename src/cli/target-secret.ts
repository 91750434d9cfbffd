/** Sets the secret of a target anew: from a file or stdin, never from the command line, where others on this machine see it. */

import { readFileSync } from 'node:fs'
import * as z from '../bytes/schema.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import type { Terminal } from './terminal.ts'

export interface TargetSecretOptions extends ServerOptions {
  readonly target: string
  readonly file: string
}

const kept = z.object({ version: z.int() })

export async function run({ target, file, ...server }: TargetSecretOptions, terminal: Terminal): Promise<number> {
  const path = `/api/v1/targets/${encodeURIComponent(target)}/secret`
  const { leafIndex, result } = await openClient(server, terminal).post(path, { value: read(file) }, kept)
  terminal.result({ target, ...result, leafIndex }, () => `version ${result.version} of ${target}\nleaf: ${leafIndex}`)
  return 0
}

function read(file: string): string {
  try {
    const text = readFileSync(file === '-' ? 0 : file, 'utf8').replace(/\r?\n$/, '')
    if (text !== '') return text
  } catch (error) {
    throw new Failure('failed', 'unreadable', `couldn't read ${file}: ${(error as Error).message}`)
  }
  throw new Failure('usage', 'empty_secret', `${file} is empty`)
}
