/** A process that appends until it is killed, and tells on its standard output what was acknowledged, as it happens. */

import { writeSync } from 'node:fs'
import { NOTE_SIGNATURE, ed25519Signer } from '../../src/tlog/key.ts'
import { openKeys } from '../../src/store/keys.ts'
import { openLog } from '../../src/store/log.ts'

const [directory = '', callers = '1'] = process.argv.slice(2)
const { privateKey } = await (await openKeys({ directory: `${directory}/keys` })).open('log')
const log = await openLog({
  directory: `${directory}/log`,
  origin: 'log.example',
  signer: ed25519Signer('log.example', NOTE_SIGNATURE, privateKey),
  segmentBytes: 1 << 19,
  publishIntervalMs: 20,
})

function leafOf(leafIndex: number): Uint8Array {
  return Buffer.from(`leaf ${leafIndex} `.repeat(1 + ((leafIndex * 7919) % 90)))
}

async function append(): Promise<never> {
  for (;;) {
    const leafIndex = log.size
    const { durable } = log.append(leafOf(leafIndex), leafIndex % 3 ? undefined : Buffer.from(`secret ${leafIndex}`))
    const head = await durable
    writeSync(1, `${leafIndex} ${head.size} ${Buffer.from(head.rootHash).toString('hex')}\n`)
  }
}

await Promise.all(Array.from({ length: Number(callers) }, append))
