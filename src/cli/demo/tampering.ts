/** Fact 9: a log that was changed on its disk says which leaf it was, stops, and is made whole from a witness's copy. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from '../../bytes/schema.ts'
import * as shape from '../../control/view/shape.ts'
import type { Server } from './birth.ts'
import type { Cast } from './cast.ts'
import { untilFired } from './enrolment.ts'
import { eventually, mustHold } from './eventually.ts'
import { quoted, type Typed } from './person.ts'
import type { Stage } from './stage.ts'
import type { Proof, Tale } from './tale.ts'

export interface Tampering {
  readonly stage: Stage
  readonly tale: Tale
  readonly cast: Cast
  readonly server: Server
  /** A leaf that matters: the approval that opened the gate. */
  readonly leafIndex: number
}

const NOTICE_MS = 20_000
const UNVERIFIED = 5
const REFUSED = 3
const SIGN_IN = 4

export async function tamper(tampering: Tampering): Promise<Proof & { readonly outcome: undefined }> {
  const { server, leafIndex } = tampering
  const place = await findLeaf(tampering)
  const before = byteAt(place)
  await changeByte(place, before === '0' ? '1' : '0', tampering)
  await noticed(tampering)
  await refusedMeanwhile(tampering)
  const found = await verifyOffline(tampering, UNVERIFIED)
  mustHold(new RegExp(`\\bleaf ${leafIndex}\\b`, 'u').test(found.stdout), `verify names leaf ${leafIndex}`)
  const repairedAt = await repair(tampering)
  mustHold(byteAt(place) === before, 'the byte on the disk is what it was')
  await verifyOffline(tampering, 0)
  await replay(tampering)
  await revoke(tampering)
  const sentence = `Leaf ${leafIndex}, changed on the disk of ${server.origin}, was named, and restored from the witness's copy`
  return { sentence, leafIndex: repairedAt, outcome: undefined }
}

interface Place {
  readonly file: string
  readonly offset: number
}

/** Where one digit of what was approved stands on the disk: the digest of the statement that was signed. */
async function findLeaf({ cast, server, leafIndex }: Tampering): Promise<Place> {
  const { leaf, row } = await cast.mara.get(`/api/v1/leaves/${leafIndex}`, shape.leafDetail)
  mustHold(row.type === 'approval.given', `leaf ${leafIndex} is an approval`)
  const within = leaf.indexOf('"statementDigest":"sha256:') + '"statementDigest":"sha256:'.length
  for (const file of storedFiles(server)) {
    const start = readFileSync(file).indexOf(leaf)
    if (start >= 0) return { file, offset: start + Buffer.byteLength(leaf.slice(0, within)) }
  }
  throw new Error(`leaf ${leafIndex} was not found below ${server.directory}`)
}

/** Sealed entries first: once leaves are sealed, that is where they are read from. */
function storedFiles({ directory }: Server): readonly string[] {
  const sealed = join(directory, 'log', 'public', 'tile', 'entries')
  const files = (folder: string, pattern: RegExp) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && pattern.test(entry.name))
      .map(({ name }) => join(folder, name))
  return [...files(sealed, /^\d{3}$/u), ...files(join(directory, 'log', 'wal'), /\.wal$/u)]
}

function byteAt({ file, offset }: Place): string {
  return readFileSync(file).toString('latin1', offset, offset + 1)
}

async function changeByte({ file, offset }: Place, to: string, { stage, tale, leafIndex }: Tampering): Promise<void> {
  const command = `printf ${to} | dd of=${quoted(file)} bs=1 seek=${offset} count=1 conv=notrunc status=none`
  tale.command('attacker', command)
  const { code, stderr } = await stage.run('sh', ['-c', command])
  mustHold(code === 0 && byteAt({ file, offset }) === to, `the byte was changed (${stderr.trim()})`)
  tale.say(`one digit of leaf ${leafIndex} is another now: what @sam approved seems to be something else`)
}

async function noticed({ stage, tale, cast, leafIndex }: Tampering): Promise<void> {
  const startedAt = performance.now()
  const named = new RegExp(`\\bleaf ${leafIndex}\\b`, 'iu')
  const look = async () => {
    const { trouble } = await cast.mara.get('/api/v1/log', shape.logStatus)
    return trouble && named.test(trouble.sentence) ? trouble : undefined
  }
  const { sentence } = await eventually(`the server naming leaf ${leafIndex}`, NOTICE_MS, look, stage)
  tale.say(`after ${((performance.now() - startedAt) / 1000).toFixed(1)} s the server says: ${sentence}`)
  // Publishing may stumble over the leaf before a scrub has written down what it found.
  await untilFired('log_damaged', { cast, stage, tale })
}

async function refusedMeanwhile({ cast, tale }: Tampering): Promise<void> {
  const { leafIndex, stderr } = await cast.mara.countersign(['people', 'role', 'add', '@noor', 'admin'], REFUSED)
  mustHold(
    /does not match its signed checkpoint|log_damaged|repair/u.test(stderr),
    'privileged actions stop, and it is said why',
  )
  tale.say('nobody gains a right from a log that is not whole', leafIndex)
}

async function verifyOffline({ cast, server }: Tampering, expected: number): Promise<Typed> {
  const { logKey, witnessKey, directory } = server
  const keys = ['--log-key', logKey, '--witness-key', witnessKey]
  const typed = await cast.li.type(['countersign', 'verify', directory, ...keys], expected)
  for (const line of typed.stdout
    .split('\n')
    .filter((each) => /^\s*(?:✗|✓|signed|cosigned|checked)|leaf \d/u.test(each)))
    cast.li.tell(line)
  return typed
}

async function repair({ cast, stage, tale, leafIndex }: Tampering): Promise<number> {
  tale.command('mara', 'POST /api/v1/log/repair')
  const receipt = await cast.mara.client.post('/api/v1/log/repair', {}, z.object({ repaired: z.array(z.int()) }))
  mustHold(receipt.result.repaired.includes(leafIndex), `leaf ${leafIndex} was repaired`)
  const look = async () => (await cast.mara.get('/api/v1/log', shape.logStatus)).healthy || undefined
  await eventually('the log being whole', NOTICE_MS, look, stage)
  tale.say(
    `leaf ${leafIndex} was fetched from the witness, proven to be the one that was signed, and written back`,
    receipt.leafIndex,
  )
  return receipt.leafIndex
}

async function replay({ cast, server }: Tampering): Promise<void> {
  const { stdout } = await cast.li.type(['countersign', 'replay', server.directory])
  mustHold(/\b0 different/u.test(stdout) && /0 differences/u.test(stdout), 'every decision is decided again as it was')
  for (const line of stdout.trim().split('\n')) cast.li.tell(line)
}

/** The very next request after a revocation: the same login, a second before and a second after. */
async function revoke({ cast: { mara, sam } }: Tampering): Promise<void> {
  await sam.countersign(['status'])
  await mara.countersign(['revoke', '@sam', '--reason', 'laptop stolen'])
  const { stderr } = await sam.countersign(['status'], SIGN_IN)
  mustHold(/revoked/iu.test(stderr), 'the next request of a revoked person is refused, and it is said why')
}
