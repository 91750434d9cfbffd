/** Time stamps of a stored log: that each one which a leaf names is there as it was named, and what an authority that the reader trusts says. */

import { join } from 'node:path'
import { digestOf, sha256 } from '../bytes/digest.ts'
import type { Leaf } from '../domain/leaf.ts'
import { STAMP_CAUSES } from '../domain/package/check-timestamp.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { nodeSignatures } from '../evidence/node-signature.ts'
import { verifyReply, type TimestampRefusal } from '../evidence/timestamp.ts'
import type { Certificate } from '../evidence/x509.ts'
import type { StoredLog } from '../store/stored.ts'
import { Stamps, stampPath } from '../store/stamps.ts'
import type { Report } from './verification-source.ts'

type StampedLeaf = {
  readonly leafIndex: number
  readonly treeSize: number
  readonly note: string
  readonly reply: string
}

export interface StampReport {
  /** Stamps that hold; none are judged without certificates to trust. */
  readonly good: number
  /** Of the newest of them: leaves under it, and when the authority saw it (ms). */
  readonly newest?: { readonly treeSize: number; readonly at: number }
}

export class StampCheck {
  readonly #stamped: StampedLeaf[] = []

  take({ event, evidence }: Leaf, leafIndex: number): void {
    if (event.type !== 'log.stamped') return
    const note = evidence.find(({ kind }) => kind === 'checkpoint')?.digest ?? ''
    this.#stamped.push({ leafIndex, treeSize: event.treeSize, note, reply: event.digest })
  }

  /** `anchors`: certificates that are trusted; without any, stamps are only compared with what leaves say of them. */
  async check(log: StoredLog, anchors: readonly Certificate[] | undefined, report: Report): Promise<StampReport> {
    const stamps = new Stamps(log.publicDirectory)
    // Somebody's copy of the tiles may be without stamps.
    const isExpected = log.logDirectory !== undefined || anchors !== undefined
    let good = 0
    let newest: StampReport['newest']
    for (const each of this.#stamped) {
      const { leafIndex, treeSize } = each
      const place = { leafIndex, file: join(log.publicDirectory, stampPath(treeSize)) }
      const kept = await stamps.read(treeSize).catch(() => undefined)
      if (!kept) {
        if (isExpected)
          report({ ...place, problem: `absent: the checkpoint at ${treeSize} leaves or its time stamp is gone` })
        continue
      }
      if (digestOf(kept.checkpoint) !== each.note || digestOf(kept.reply) !== each.reply) {
        report({
          ...place,
          problem: `altered: the stamped checkpoint at ${treeSize} leaves is not the one that the leaf names`,
        })
        continue
      }
      if (!anchors) continue
      const verdict = await verifyReply(kept.reply, { digest: sha256(kept.checkpoint), anchors }, nodeSignatures)
      if (isRefusal(verdict)) {
        const cause = STAMP_CAUSES[verdict.refused as TimestampRefusal].replaceAll('_', ' ')
        report({ ...place, problem: `${cause}: the time stamp at ${treeSize} leaves is refused: ${verdict.because}` })
        continue
      }
      good += 1
      newest = { treeSize, at: verdict.at }
    }
    if (anchors && this.#stamped.length === 0) report({ problem: 'absent: no leaf names a time stamp' })
    return { good, ...(newest && { newest }) }
  }
}
