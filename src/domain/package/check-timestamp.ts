/**
 * That an authority with nothing to gain saw these leaves when it says: time stamps (RFC 3161) of the closing checkpoint, and of those
 * that leaves of the range name, each compared with the tree that the leaves make.
 */

import { decodeText, formatBase64 } from '../../bytes/portable.ts'
import { isRefusal, type Refusal } from '../../evidence/refusal.ts'
import { verifyReply, type Timestamp, type TimestampRefusal } from '../../evidence/timestamp.ts'
import { parseCertificates, type Certificate } from '../../evidence/x509.ts'
import { linesIn } from './archive.ts'
import type { Evidence } from './check-evidence.ts'
import type { Opened } from './check-manifest.ts'
import { because, judged, passed, type Cause, type Check, type Problem } from './finding.ts'
import { CHECKPOINT, CHECKPOINT_STAMP, LEAVES } from './layout.ts'
import { numberOf, type PlainLeaf } from './plain-leaf.ts'
import type { Tools } from './tool.ts'
import { GrowingTree } from './tree.ts'

const NAME = 'timestamps'
/** One a minute for two months. */
const MAX_STAMPS = 100_000

/** Causes in the reader's words, by what the time stamp was refused for. */
export const STAMP_CAUSES: Readonly<Record<TimestampRefusal, Cause>> = {
  malformed: 'malformed',
  not_granted: 'malformed',
  wrong_imprint: 'altered',
  wrong_content: 'altered',
  wrong_signature: 'altered',
  wrong_nonce: 'altered',
  wrong_policy: 'wrong_key',
  wrong_purpose: 'wrong_key',
  wrong_signer: 'wrong_key',
  no_signer: 'wrong_key',
  untrusted: 'wrong_key',
  wrong_chain: 'wrong_key',
  expired: 'expired',
}

type Named = { readonly leafIndex: number; readonly treeSize: number; readonly note: string; readonly reply: string }

/** Leaves that name a time stamp, as they come by. */
export class Timestamps {
  readonly #named: Named[] = []
  #skipped = 0

  take({ type, leafIndex, event, evidence }: PlainLeaf): void {
    if (type !== 'log.stamped') return
    const digestOf = (kind: string) => evidence.find((each) => each.kind === kind)?.digest ?? ''
    if (this.#named.length === MAX_STAMPS) this.#skipped += 1
    else
      this.#named.push({
        ...{ leafIndex, treeSize: numberOf(event['treeSize']) },
        ...{ note: digestOf('checkpoint'), reply: digestOf('timestamp') },
      })
  }

  /** `before`: roots of the full subtrees before the range. `authorities`: certificates that the reader trusts, as PEM. */
  async check(
    opened: Opened,
    evidence: Pick<Evidence, 'get'>,
    before: readonly Uint8Array[],
    authorities: readonly string[],
    tools: Tools,
  ): Promise<Check> {
    const closing = opened.members.has(CHECKPOINT_STAMP)
    const count = this.#named.length + (closing ? 1 : 0)
    if (authorities.length === 0)
      return passed(NAME, count === 0 ? 'none' : `${count}, not judged: no certificate of their authority was given`)
    try {
      const anchors = authorities.flatMap(parseCertificates)
      return await new Judge(opened, evidence, anchors, tools).judge(this.#named, this.#skipped, before)
    } catch (error) {
      return judged(NAME, '', [{ cause: 'malformed', detail: `the certificates to trust: ${because(error)}` }])
    }
  }
}

class Judge {
  readonly #opened: Opened
  readonly #evidence: Pick<Evidence, 'get'>
  readonly #anchors: readonly Certificate[]
  readonly #tools: Tools
  readonly #problems: Problem[] = []
  /** The newest stamp that holds, by the size of the tree under it. */
  #covered = 0
  #newest: Timestamp | undefined
  #good = 0
  #withheld = 0

  constructor(opened: Opened, evidence: Pick<Evidence, 'get'>, anchors: readonly Certificate[], tools: Tools) {
    this.#opened = opened
    this.#evidence = evidence
    this.#anchors = anchors
    this.#tools = tools
  }

  async judge(named: readonly Named[], skipped: number, before: readonly Uint8Array[]): Promise<Check> {
    const { members, manifest } = this.#opened
    const roots =
      named.length > 0 ? await this.#rootsAt(new Set(named.map(({ treeSize }) => treeSize)), before) : new Map()
    for (const each of named) await this.#judgeNamed(each, roots)
    const [note, reply] = [members.get(CHECKPOINT), members.get(CHECKPOINT_STAMP)]
    if (note && reply) {
      const what = `the closing checkpoint at ${manifest.checkpointSize} leaves`
      await this.#judgeStamp(what, await note.bytes(), await reply.bytes(), manifest.checkpointSize)
    }
    if (skipped > 0) this.#fail('malformed', `more than ${MAX_STAMPS} leaves name a time stamp`)
    return this.#verdict()
  }

  #verdict(): Check {
    const { to } = this.#opened.manifest
    if (this.#problems.length === 0 && !this.#newest) this.#fail('absent', 'no time stamp is in it')
    else if (this.#problems.length === 0 && this.#covered < to)
      this.#fail(
        'not_covering',
        `the newest time stamp is of the first ${this.#covered} leaves; leaves up to ${to - 1} have none`,
      )
    const at = this.#newest ? new Date(this.#newest.at).toISOString() : ''
    const erased = this.#withheld > 0 ? `; ${this.#withheld} withheld or erased` : ''
    return judged(
      NAME,
      `${this.#good} hold, the newest says that ${this.#covered} leaves were there at ${at}${erased}`,
      this.#problems,
    )
  }

  async #judgeNamed({ leafIndex, treeSize, note: named, reply: digest }: Named, roots: ReadonlyMap<number, string>) {
    const [note, reply] = [await this.#evidence.get(named), await this.#evidence.get(digest)]
    if (!note || !reply) return void (this.#withheld += 1)
    const what = `the checkpoint at ${treeSize} leaves, which leaf ${leafIndex} names,`
    const [origin, size, root] = decodeText(note).split('\n')
    const expected = roots.get(treeSize)
    if (
      origin !== this.#opened.manifest.origin ||
      size !== String(treeSize) ||
      (expected !== undefined && root !== expected)
    )
      return this.#fail('not_in_log', `${what} is not of the tree that these leaves make`)
    await this.#judgeStamp(what, note, reply, expected === undefined ? 0 : treeSize)
  }

  async #judgeStamp(what: string, note: Uint8Array, reply: Uint8Array, size: number): Promise<void> {
    const digest = await this.#tools.sha256(note)
    const verdict: Timestamp | Refusal = await verifyReply(
      reply,
      { digest, anchors: this.#anchors },
      this.#tools.signatures,
    )
    if (isRefusal(verdict)) {
      const cause = STAMP_CAUSES[verdict.refused as TimestampRefusal]
      return this.#fail(cause, `the time stamp of ${what} is refused: ${verdict.because}`)
    }
    this.#good += 1
    if (size < this.#covered && this.#newest) return
    this.#covered = size
    this.#newest = verdict
  }

  /** Roots of the tree of the log at these sizes, in base64, as far as the leaves of the range make them. */
  async #rootsAt(sizes: ReadonlySet<number>, before: readonly Uint8Array[]): Promise<Map<number, string>> {
    const { members, manifest } = this.#opened
    const roots = new Map<number, string>()
    const tree = new GrowingTree(manifest.from, before, this.#tools)
    let size = manifest.from
    for await (const { bytes } of linesIn(members, LEAVES)) {
      await tree.push(await this.#tools.leafHash(bytes))
      size += 1
      if (sizes.has(size)) roots.set(size, formatBase64(await tree.root()))
    }
    return roots
  }

  #fail(cause: Cause, detail: string): void {
    if (this.#problems.length < 1000) this.#problems.push({ cause, detail })
  }
}
