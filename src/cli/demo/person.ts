/** One of the made-up people: their home, their passkey in a file, and what they type. */

import { join } from 'node:path'
import type * as z from '../../bytes/schema.ts'
import type { Client } from '../client.ts'
import { openClient } from '../login-file.ts'
import { Terminal } from '../terminal.ts'
import type { Ended, ProgramOptions, Stage } from './stage.ts'
import type { Tale } from './tale.ts'

export interface Portrait {
  /** Without @. */
  readonly handle: string
  readonly name: string
  readonly email: string
  readonly zone: string
}

export interface Typed extends Ended {
  /** The first leaf that the output names, if it names one. */
  readonly leafIndex: number | undefined
}

/** How commands name the leaf that something became; git fills what a remote said with spaces. */
const LEAF = /(?:^(?:remote: )?leaf: |· leaf )(\d+) *$/mu
/** Words that come out of the shell as they went in. */
const PLAIN = /^[\w@%+=:,./~-]+$/u

export class Person {
  readonly portrait: Portrait
  readonly home: string
  readonly env: Record<string, string>
  readonly #stage: Stage
  readonly #tale: Tale
  readonly #server: string

  constructor(portrait: Portrait, server: string, { stage, tale }: { readonly stage: Stage; readonly tale: Tale }) {
    this.portrait = portrait
    this.home = stage.folder('people', portrait.handle)
    this.env = { ...stage.env, HOME: this.home, COUNTERSIGN_SERVER: server }
    this.#stage = stage
    this.#tale = tale
    this.#server = server
  }

  get handle(): string {
    return this.portrait.handle
  }

  get passkeyFile(): string {
    return join(this.home, 'passkey.json')
  }

  /** Types a command and tells it. Rejects when it ends with another code than `expected`. */
  async type(words: readonly string[], expected = 0, options: ProgramOptions = {}): Promise<Typed> {
    this.#tale.command(this.handle, words.map(quoted).join(' '))
    return await this.do(words, expected, options)
  }

  /** The same without telling it. */
  async do(words: readonly string[], expected = 0, options: ProgramOptions = {}): Promise<Typed> {
    const [command = '', ...args] = words
    const settings = { cwd: this.home, ...options, env: { ...this.env, ...options.env } }
    const ended = await this.#stage.run(command, args, settings)
    if (ended.code !== expected) throw new Error(unexpected(this.handle, words, ended, expected))
    return { ...ended, leafIndex: leafIn(ended) }
  }

  /** `countersign …`, told together with the first line of what it answered, since several people may type at once. */
  async countersign(words: readonly string[], expected = 0, options: ProgramOptions = {}): Promise<Typed> {
    const command = ['countersign', ...words]
    const typed = await this.do(command, expected, options)
    this.#tale.command(this.handle, command.map(quoted).join(' '))
    this.#tale.say(firstLine(typed), typed.leafIndex)
    return typed
  }

  /** A line that this person reads. */
  tell(line: string): void {
    this.#tale.say(line.trimEnd())
  }

  /** The API with this person's login; what it answers is verified as the CLI verifies it. */
  get client(): Client {
    return openClient({ server: this.#server }, silentTerminal(this.env))
  }

  async get<T>(path: string, shape: z.ZodType<T>): Promise<T> {
    return await this.client.get(path, shape)
  }
}

function leafIn({ stdout, stderr }: Ended): number | undefined {
  const [, alone, behind] =
    LEAF.exec(`${stdout}
${stderr}`) ?? []
  const found = alone ?? behind
  return found === undefined ? undefined : Number(found)
}

/** What a command said: the first line of its result, or the line that says why there is none. */
export function firstLine({ code, stdout, stderr }: Ended): string {
  const lines = (code === 0 && stdout.trim() !== '' ? stdout : stderr).trim().split('\n')
  return (code === 0 ? undefined : lines.find((line) => /^(?:refused|error): /u.test(line))) ?? lines[0] ?? ''
}

function unexpected(who: string, words: readonly string[], { code, stdout, stderr }: Ended, expected: number): string {
  const command = `${who}$ ${words.map(quoted).join(' ')}`
  const said = [stderr, stdout].map((text) => text.trim()).filter(Boolean)
  return [`${command}\nended with exit code ${code}, not ${expected}:`, ...said].join('\n')
}

/** A word as a shell needs it. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** For API calls of which nobody reads a screen. */
export function silentTerminal(env: Readonly<Record<string, string>>): Terminal {
  const sink = { write: () => true }
  return new Terminal({ env, stdout: sink, stderr: sink, stdin: {}, format: 'text', color: false })
}
