/**
 * How Countersign itself gets into targets: paths of files with connection URLs, kept beside the log with mode 0600. The log
 * never sees them; an administrator names a file that is already on this machine, readable by this process alone.
 */

import { chmod, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { refuse, type Refusal } from '../evidence/refusal.ts'

const shape = z.record(z.string().max(140), z.string().max(4096))

export class TargetAccess {
  readonly #file: string
  readonly #paths: Map<string, string>

  private constructor(file: string, paths: Map<string, string>) {
    this.#file = file
    this.#paths = paths
  }

  static async open(directory: string): Promise<TargetAccess> {
    const file = join(directory, 'targets.json')
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}'
      throw error
    })
    return new TargetAccess(file, new Map(Object.entries(shape.parse(parse(text)))))
  }

  /** Whether the file could serve: it exists, is small, and nobody else may read it. */
  async judge(adminFile: string): Promise<Refusal<'admin_file_unusable'> | undefined> {
    const found = await stat(adminFile).catch(() => undefined)
    if (!found?.isFile() || found.size > 4096)
      return refuse('admin_file_unusable', `There is no small file ${adminFile} on the server.`)
    if ((found.mode & 0o077) !== 0)
      return refuse('admin_file_unusable', `${adminFile} can be read by others; run: chmod 600 ${adminFile}`)
    return undefined
  }

  async remember(target: string, adminFile: string): Promise<void> {
    this.#paths.set(target, adminFile)
    const text = `${JSON.stringify(Object.fromEntries(this.#paths), undefined, 2)}\n`
    await writeFile(`${this.#file}.new`, text, { mode: 0o600, flush: true })
    await chmod(`${this.#file}.new`, 0o600)
    await rename(`${this.#file}.new`, this.#file)
  }

  /** The connection URL of a target. Read anew each time, so that it can be rotated under us. Throws when there is none. */
  async connectionOf(target: string): Promise<string> {
    const path = this.#paths.get(target)
    if (!path) throw new Error(`no admin file is set for target ${target}; define it again with one`)
    const problem = await this.judge(path)
    if (problem) throw new Error(problem.because)
    return utf8.decode(await readFile(path)).trim()
  }
}
