/** Whatever is sent to a witness, it answers with a typed refusal and remembers nothing, unless every byte is as it was signed. */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAddEntries } from '../../src/control/mirror-request.ts'
import { addCheckpoint, addEntries, type KnownLog, type WitnessParts } from '../../src/control/witness.ts'
import { openMirror, type Mirror } from '../../src/store/mirror.ts'
import { openWitness } from '../../src/store/witness.ts'
import { COSIGNATURE, ed25519Signer } from '../../src/tlog/key.ts'
import { formatAddCheckpoint } from '../../src/tlog/witness.ts'
import { Folder, freshSigner, MemoryLog, origin } from './world.ts'

const log = new MemoryLog(40, freshSigner())

async function withWitness(
  use: (parts: WitnessParts, known: KnownLog & { readonly mirror: Mirror }) => Promise<void>,
): Promise<void> {
  using folder = new Folder()
  using store = await openWitness(folder.path, [origin])
  const mirror = await openMirror(join(folder.path, 'mirror'), origin)
  const known = { origin, keys: [log.signer.key], mirror }
  const signer = ed25519Signer('w.example', COSIGNATURE, generateKeyPairSync('ed25519').privateKey)
  await use({ logs: new Map([[origin, known]]), store, signer, clock: Date.now }, known)
}

function flipped(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at % copy.length]! ^= 1 << bit
  return copy
}

const place = fc.nat({ max: 1 << 20 })
const bit = fc.nat({ max: 7 })

test('any bytes', async () => {
  await withWitness(async (parts, known) => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
    )
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        expect((await addCheckpoint(bytes, parts)).isCosigned).toBe(false)
        expect((await addEntries(known, 0, bytes, parts)).isStored).toBe(false)
      }),
    )
    expect([parts.store.latest(origin), known.mirror.size]).toEqual([undefined, 0])
  })
})

test('one bit of a request that would be cosigned', async () => {
  await withWitness(async (parts) => {
    const first = Buffer.from(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: log.checkpoint(7) }))
    expect((await addCheckpoint(first, parts)).isCosigned).toBe(true)
    const body = Buffer.from(
      formatAddCheckpoint({ oldSize: 7, proof: log.proof(7, 30), checkpoint: log.checkpoint(30) }),
    )
    await fc.assert(
      fc.asyncProperty(place, bit, async (at, which) => {
        expect((await addCheckpoint(flipped(body, at, which), parts)).isCosigned).toBe(false)
      }),
    )
    expect(parts.store.latest(origin)?.size).toBe(7)
    expect((await addCheckpoint(body, parts)).isCosigned).toBe(true)
  })
})

test('one bit of leaves that would be stored', async () => {
  await withWitness(async (parts, known) => {
    const head = { oldSize: 20, proof: log.proof(20, 40), checkpoint: log.checkpoint(40) }
    const body = formatAddEntries({ head, leaves: log.leaves.slice(0, 20) })
    await fc.assert(
      fc.asyncProperty(place, bit, async (at, which) => {
        expect((await addEntries(known, 0, flipped(body, at, which), parts)).isStored).toBe(false)
      }),
    )
    expect(known.mirror.size).toBe(0)
    expect(await addEntries(known, 0, body, parts)).toEqual({ isStored: true, size: 20 })
    expect(await addEntries(known, 0, body, parts)).toMatchObject({ refused: 'stale', size: 20 })
    const rest = { oldSize: 40, proof: [], checkpoint: log.checkpoint(40) }
    expect(await addEntries(known, 20, formatAddEntries({ head: rest, leaves: log.leaves.slice(20) }), parts)).toEqual({
      isStored: true,
      size: 40,
    })
  })
})

test('leaves of another history than the one that was cosigned', async () => {
  await withWitness(async (parts, known) => {
    const cosigned = Buffer.from(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: log.checkpoint(30) }))
    expect((await addCheckpoint(cosigned, parts)).isCosigned).toBe(true)
    const fork = new MemoryLog(40, log.signer, 'other')
    const head = { oldSize: 40, proof: [], checkpoint: fork.checkpoint(40) }
    const body = formatAddEntries({ head, leaves: fork.leaves })
    expect(await addEntries(known, 0, body, parts)).toMatchObject({ refused: 'inconsistent' })
    expect(known.mirror.size).toBe(0)
  })
})
