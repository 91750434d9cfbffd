/** One leaf proven by a file: to whoever has the key of the log, and to nobody with a changed file. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/bytes/text.ts'
import { run as verify } from '../../src/cli/verify.ts'
import { cosign } from '../../src/tlog/cosignature.ts'
import { COSIGNATURE, ed25519Signer, formatKey } from '../../src/tlog/key.ts'
import { parseNote } from '../../src/tlog/note.ts'
import { formatProofFile, parseProofFile } from '../../src/tlog/proof-file.ts'
import { Office } from '../http/office.ts'
import { listening } from './world.ts'

test('a proof file: the leaf, its place, its signers; whatever is changed in it is refused', async () => {
  await using office = await Office.open()
  const ana = await office.admin()
  const { log, logKey } = office.company.instance
  const folder = mkdtempSync(join(tmpdir(), 'countersign-proof-'))
  const file = join(folder, '2.tlog-proof')
  const write = (changes: object = {}) => writeFileSync(file, formatProofFile({ ...proven, ...changes }))
  const { note } = log.head
  const witness = ed25519Signer('w.example', COSIGNATURE, generateKeyPairSync('ed25519').privateKey)
  await log.addCosignatures(note, cosign(parseNote(note).text, witness, 1_800_000_000))
  const { body } = await office.get('/api/v1/leaves/2/proof', ana.token)
  const proven = {
    leafIndex: 2,
    proof: body.proof.hashes.map((hash: string) => Buffer.from(hash, 'base64')),
    checkpoint: body.proof.checkpoint as string,
    extra: utf8.encode(body.leaf),
  }
  try {
    write()
    expect(parseProofFile(readFileSync(file, 'utf8'))).toMatchObject({ leafIndex: 2, checkpoint: log.cosigned })
    const { terminal, json } = listening()
    const keys = { logKey: [logKey], witnessKey: [formatKey(witness.key)] }
    expect(await verify({ directory: file, ...keys }, terminal)).toBe(0)
    expect(json()).toMatchObject({
      ok: true,
      leafIndex: 2,
      type: 'principal.invited',
      cosignedBy: [formatKey(witness.key)],
    })

    const refused = (options: object = keys) =>
      expect(verify({ directory: file, ...options }, listening().terminal)).rejects
    await refused({}).toMatchObject({ code: 'no_key' })
    const stranger = formatKey(ed25519Signer('log.example', 1, generateKeyPairSync('ed25519').privateKey).key)
    await refused({ logKey: [stranger] }).toMatchObject({ name: 'Failure', code: 'unknown_key' })
    await refused({ ...keys, witnessKey: [stranger] }).toMatchObject({ code: 'unknown_key' })
    const { extra: _, ...without } = proven
    for (const changed of [
      { leafIndex: 3 },
      { extra: utf8.encode(body.leaf.replace('setup', 'setuq')) },
      { proof: [] },
    ]) {
      write(changed)
      await refused().toMatchObject({ code: 'malformed_proof' })
    }
    writeFileSync(file, formatProofFile(without))
    await refused().toThrow(/does not hold the leaf/)
    writeFileSync(file, 'c2sp.org/tlog-proof@v1\nindex 2\n')
    await refused().toMatchObject({ code: 'malformed_proof' })
    expect((await office.get('/api/v1/leaves/9999/proof', ana.token)).status).toBe(404)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
