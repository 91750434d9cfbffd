/**
 * What a search finds, fetched into a file that gets its name only when it is whole. A file with proofs is verified while it
 * comes: every leaf in it is in the one tree that the pinned log signed.
 */

import { open, rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { parse } from '../bytes/json.ts'
import { base64, utf8 } from '../bytes/text.ts'
import * as z from '../bytes/schema.ts'
import { leafHash } from '../tlog/hash.ts'
import { verifyInclusion } from '../tlog/verify.ts'
import type { Client } from './client.ts'
import type { Progress } from './progress.ts'
import { exact } from './contract.ts'
import { Failure } from './failure.ts'
import { asProblem } from './problem.ts'
import { fetchText } from './log-file.ts'
import { openHead, unverified, type Head } from './proof.ts'
import { printable } from './text.ts'

export type Format = 'csv' | 'json' | 'jsonl' | 'cloudevents' | 'ocsf' | 'cdevents' | 'ecs' | 'otel'

export interface Export {
  /** `q`, or the saved search in its place. */
  readonly asked: Readonly<Record<string, string>>
  readonly format: Format
  readonly file: string
  readonly after?: number | undefined
  readonly before?: number | undefined
}

export interface Exported {
  readonly file: string
  readonly format: Format
  /** Undefined for formats that carry no proofs: nothing was verified. */
  readonly verified?: { readonly leaves: number; readonly treeSize: number }
}

const TIMEOUT_MS = 10 * 60_000
const MAX_LINE = 1_000_000

/** Throws a Failure `unverified` for a leaf that is not in the log, or a file with proofs that ends too early. */
export async function exportTrail(
  { asked, format, file, after, before }: Export,
  client: Client,
  progress?: Progress,
): Promise<Exported> {
  const pin = await client.pinFor(await fetchText(client.server, 'checkpoint').catch(() => ''))
  const parameters = new URLSearchParams({ ...asked, format })
  if (after !== undefined) parameters.set('after', String(after))
  if (before !== undefined) parameters.set('before', String(before))
  const body = await fetchExport(`/api/v1/exports/leaves?${parameters}`, client)
  const part = `${file}.part`
  const output = await open(part, 'w', 0o600).catch((error: Error) => {
    throw new Failure('failed', 'not_written', `couldn't write ${printable(part)}: ${printable(error.message)}`)
  })
  try {
    const check = format === 'jsonl' || format === 'json' ? new Check((note) => openHead(note, pin)) : undefined
    for await (const line of linesOf(body)) {
      check?.take(format === 'json' ? unframed(line) : line)
      if (check) progress?.update(check.leaves, check.total)
      await output.writeFile(`${line}\n`)
    }
    const verified = check?.end()
    await output.sync()
    await rename(part, file)
    if (verified) client.remember(verified.head)
    return {
      file,
      format,
      ...(verified && { verified: { leaves: verified.leaves, treeSize: verified.head.treeSize } }),
    }
  } finally {
    await output.close()
    await rm(part, { force: true })
  }
}

async function fetchExport(path: string, { server, authorization }: Client): Promise<ReadableStream> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const response = await fetch(`${server}${path}`, { headers: { authorization }, redirect: 'error', signal }).catch(
    () => {
      throw new Failure('failed', 'unreachable', `${server} cannot be reached`, { next: 'countersign doctor' })
    },
  )
  if (response.ok && response.body) return response.body as ReadableStream
  const text = (await response.text()).slice(0, MAX_LINE)
  throw asProblem({ status: response.status, headers: response.headers, body: readJson(text) }, server)
}

function readJson(text: string) {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

/** A line never grows without bound, whatever comes. */
async function* linesOf(body: ReadableStream): AsyncGenerator<string> {
  try {
    for await (const line of createInterface({ input: Readable.fromWeb(body), crlfDelay: Infinity })) {
      if (line.length > MAX_LINE) throw new Failure('failed', 'answer_too_large', 'a line of the export has no end')
      yield line
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure('failed', 'not_fetched', 'the export broke off', { next: 'run the same command again' })
  }
}

/** One JSON document stands on lines: `{…,"leaves":[`, then leaves with commas before all but the first, then `],"end":{…}}`. */
function unframed(line: string): string {
  if (line.endsWith(',"leaves":[')) return `{"export":${line.slice(0, -',"leaves":['.length)}}}`
  return line.startsWith('],') ? `{${line.slice(2)}` : line.replace(/^,/, '')
}

const beginning = z.object({ export: z.object({ checkpoint: exact, total: z.int() }) })
const ending = z.object({ end: z.object({ leaves: z.int() }) })
const middle = z.object({ leafIndex: z.int().min(0), leaf: exact, hashes: z.array(z.base64()).max(64) })

class Check {
  readonly #open: (note: string) => Head
  #head: Head | undefined
  total = 0
  leaves = 0
  #last = -1
  #isOver = false

  constructor(openNote: (note: string) => Head) {
    this.#open = openNote
  }

  take(line: string): void {
    const value = readJson(line)
    if (!this.#head) {
      const first = beginning.safeParse(value)
      if (!first.success) throw unverified('export_malformed', 'the export does not begin with its checkpoint')
      this.#head = this.#open(first.data.export.checkpoint)
      this.total = first.data.export.total
    } else if (ending.safeParse(value).success && !this.#isOver) this.#isOver = true
    else this.#takeLeaf(value, this.#head)
  }

  #takeLeaf(value: unknown, { treeSize, rootHash }: Head): void {
    const { data } = middle.safeParse(value)
    if (!data || this.#isOver || data.leafIndex <= this.#last)
      throw unverified('export_malformed', `what follows leaf ${this.#last} in the export is no leaf behind it`)
    const path = data.hashes.map((hash) => base64.decode(hash))
    const hash = leafHash(utf8.encode(data.leaf))
    if (!verifyInclusion(data.leafIndex, treeSize, hash, path, base64.decode(rootHash)))
      throw unverified('proof_wrong', `the proof of leaf ${data.leafIndex} does not lead to the signed root`)
    this.#last = data.leafIndex
    this.leaves += 1
  }

  end(): { readonly leaves: number; readonly head: Head } {
    if (!this.#head || !this.#isOver || this.leaves !== this.total)
      throw unverified('export_cut', `the export ends after ${this.leaves} of ${this.total} leaves`)
    return { leaves: this.leaves, head: this.#head }
  }
}
