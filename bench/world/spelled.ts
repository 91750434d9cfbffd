/**
 * A log as long as anybody asks for, in the time that its disk needs: the leaves of a few real releases, spelt again and again with
 * other identifiers, digests and moments. What follows from what stays as it was: it folds to releases that were approved and
 * carried out, each on the commits of the one before it.
 */

import { hash } from 'node:crypto'
import { join } from 'node:path'
import { openKeys } from '../../src/store/keys.ts'
import { openLog } from '../../src/store/log.ts'
import { ed25519Signer, NOTE_SIGNATURE } from '../../src/tlog/key.ts'
import { Company, CYCLE_LEAVES, type Lane } from './company.ts'
import { openInstance } from './instance.ts'

const LANES = 8
/** The log's time from one leaf to the next. */
const STEP_MS = 300
const IN_FLIGHT = 2_048

/** Makes `directory` the data directory of an instance with about so many leaves. */
export async function spellLog(directory: string, leaves: number): Promise<void> {
  const recorded = await recordOnce(directory)
  const { privateKey } = await (await openKeys({ directory: join(directory, 'keys') })).open('log')
  const signer = ed25519Signer('bench.localhost', NOTE_SIGNATURE, privateKey)
  await using log = await openLog({ directory: join(directory, 'log'), origin: 'bench.localhost', signer })
  const spelling = new Spelling(recorded)
  let last: Promise<unknown> = Promise.resolve()
  while (log.size < leaves) {
    const bytes = spelling.next(log.size)
    last = log.append(bytes).durable
    if (log.size % IN_FLIGHT === 0) await last
  }
  await last
}

type Recorded = {
  readonly lanes: readonly (readonly string[])[]
  readonly heads: readonly string[]
  readonly at: number
}

/** Two releases in each lane: the first has no parents, the second is what is spelt again. */
async function recordOnce(directory: string): Promise<Recorded> {
  await using instance = await openInstance(directory)
  const lanes = Array.from({ length: LANES }, (_, n): Lane => ({
    repository: `acme/shop-${n}`,
    head: undefined,
    round: 0,
  }))
  const company = await Company.found(instance, lanes)
  for (const lane of lanes) await company.release(lane)
  const heads = lanes.map(({ head }) => head!)
  const from = company.told.length
  for (const lane of lanes) await company.release(lane)
  const texts = company.told.slice(from).map(({ written }) => Buffer.from(written.bytes).toString())
  const at = instance.ledger.state.at
  return { lanes: lanes.map((_, n) => texts.slice(n * CYCLE_LEAVES, (n + 1) * CYCLE_LEAVES)), heads, at }
}

const CHANGING = new RegExp(
  [
    '"sequence":"\\d+"',
    '"time":"[^"]+"',
    '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}',
    '(?:release|grant|build|job|login):[0-9a-z]{10,}',
    '\\b[0-9a-f]{64}\\b',
    '\\b[0-9a-f]{40}\\b',
    '\\b1[789]\\d{11}\\b',
    '"nonce":"[^"]+"',
  ].join('|'),
  'g',
)

class Spelling {
  readonly #recorded: Recorded
  /** Pieces of text that stay, and between them what changes. */
  readonly #lanes: readonly (readonly { readonly fixed: readonly string[]; readonly changing: readonly string[] }[])[]
  readonly #constant: ReadonlySet<string>
  #round = 0
  #line = 0

  constructor(recorded: Recorded) {
    this.#recorded = recorded
    this.#lanes = recorded.lanes.map((texts) =>
      texts.map((text) => ({ fixed: text.split(CHANGING), changing: text.match(CHANGING) ?? [] })),
    )
    // What all lanes say alike is of the company: its policies, its people.
    const said = this.#lanes.map((leaves) => new Set(leaves.flatMap(({ changing }) => changing)))
    this.#constant = new Set([...said[0]!].filter((token) => said.every((others) => others.has(token))))
  }

  next(leafIndex: number): Buffer {
    const lane = this.#round % LANES
    const { fixed, changing } = this.#lanes[lane]![this.#line]!
    const turn = Math.floor(this.#round / LANES)
    const at = this.#recorded.at + leafIndex * STEP_MS
    const parts = fixed.flatMap((text, index) =>
      index < changing.length ? [text, this.#spell(changing[index]!, lane, turn, leafIndex, at)] : [text],
    )
    this.#line = (this.#line + 1) % CYCLE_LEAVES
    if (this.#line === 0) this.#round += 1
    return Buffer.from(parts.join(''))
  }

  #spell(token: string, lane: number, turn: number, leafIndex: number, at: number): string {
    if (token.startsWith('"sequence"')) return `"sequence":"${leafIndex}"`
    if (token.startsWith('"time"')) return `"time":"${new Date(at).toISOString()}"`
    if (/^1[789]\d{11}$/.test(token)) return String(Number(token) - this.#recorded.at + at)
    if (this.#constant.has(token)) return token
    const head = this.#recorded.heads[lane]!
    // The parent is the commit of the turn before.
    if (token === head) return turn === 0 ? head : renamed(this.#commitOf(lane), turn - 1)
    return renamed(token, turn)
  }

  #commitOf(lane: number): string {
    return this.#lanes
      [lane]![0]!.changing.filter((token) => /^[0-9a-f]{40}$/.test(token))
      .find((token) => token !== this.#recorded.heads[lane])!
  }
}

/** Another token of the same form. */
function renamed(token: string, turn: number): string {
  const digits = hash('sha256', `${token} ${turn}`)
  if (token.startsWith('"')) return `${token.slice(0, -17)}${digits.slice(0, 16)}"`
  if (token.includes(':')) return token.slice(0, -16) + digits.slice(0, 16)
  if (token.includes('-')) return `${digits.slice(0, 8)}${token.slice(8, -12)}${digits.slice(8, 20)}`
  return digits.slice(0, token.length)
}
