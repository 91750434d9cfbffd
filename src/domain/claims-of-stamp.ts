/** A time stamp, as the log may say it: the checkpoint is one that the log signed, and the authority's answer is to these bytes. */

import { digestOf, sha256 } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import { nodeSignatures } from '../evidence/node-signature.ts'
import { attempt, isRefusal, refuse, type Refusal } from '../evidence/refusal.ts'
import { verifyReply } from '../evidence/timestamp.ts'
import { parseCertificates } from '../evidence/x509.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import { parseKey } from '../tlog/key.ts'
import type { Exhibits } from './claims.ts'
import type { StampClaims } from './log.ts'
import type { ReadonlyState } from './state.ts'

export async function claimStamp(exhibits: Exhibits, { log }: ReadonlyState): Promise<StampClaims | Refusal> {
  const [note, stamp, trusted] = ['checkpoint', 'timestamp', 'tsa-ca'].map((kind) => exhibits.one(kind))
  if (!log || !note || !stamp || !trusted)
    return refuse('malformed', 'The checkpoint, its stamp or its authority is missing.')
  const keys = [log.logKey, ...log.formerKeys.map(({ logKey }) => logKey)].map(parseKey)
  const checkpoint = attempt(() => openCheckpoint(note, log.origin, keys))
  const anchors = attempt(() => parseCertificates(utf8.decode(trusted)))
  if (!checkpoint || !anchors) return refuse('malformed', 'What was stamped is no checkpoint of this log.')
  const proven = await verifyReply(stamp, { digest: sha256(note), anchors }, nodeSignatures)
  if (isRefusal(proven)) return proven
  const { at, serialNumber, path } = proven
  const said = { treeSize: checkpoint.size, stampedAt: at, serialNumber }
  return { ...said, digest: digestOf(stamp), authority: digestOf(path.at(-1)!.bytes) }
}
