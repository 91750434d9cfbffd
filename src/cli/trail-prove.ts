/** Writes the proof of one leaf into a file (C2SP tlog-proof) that anybody can verify offline, years later. */

import { writeFile } from 'node:fs/promises'
import * as z from '../bytes/schema.ts'
import { base64, utf8 } from '../bytes/text.ts'
import { formatProofFile } from '../tlog/proof-file.ts'
import { exact, proof } from './contract.ts'
import { Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { verifyProof } from './proof.ts'
import type { Terminal } from './terminal.ts'
import { parseIndex, printable } from './text.ts'

export interface ProveOptions extends ServerOptions {
  readonly leafIndex: string
  readonly output: string
}

/** The file holds the leaf itself as its extra data, so that nothing else is needed but the key of the log. */
export async function run(options: ProveOptions, terminal: Terminal): Promise<number> {
  const leafIndex = parseIndex(options.leafIndex)
  const client = openClient(options, terminal)
  const found = await client.get(`/api/v1/leaves/${leafIndex}/proof`, z.object({ leaf: exact, proof }))
  const pin = await client.pinFor(found.proof.checkpoint)
  verifyProof(found.leaf, leafIndex, found.proof, pin)
  const { hashes, checkpoint, treeSize } = found.proof
  const file = { leafIndex, proof: hashes.map(base64.decode), checkpoint, extra: utf8.encode(found.leaf) }
  await writeFile(options.output, formatProofFile(file), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    const next = error.code === 'EEXIST' ? 'name another file with --output' : undefined
    throw new Failure('failed', 'unwritable', `${options.output}: ${error.message}`, { next })
  })
  terminal.result({ leafIndex, treeSize, file: options.output, logKey: pin.logKey }, () =>
    [
      `${printable(options.output)} proves leaf ${leafIndex} in a tree of ${treeSize} leaves`,
      `anybody verifies it: countersign verify ${printable(options.output)} --log-key '${pin.logKey}'`,
    ].join('\n'),
  )
  return 0
}
