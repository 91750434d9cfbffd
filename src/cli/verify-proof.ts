/** `countersign verify x.tlog-proof`: whether one leaf is in the log, from the file and a key alone (C2SP tlog-proof). */

import { readFile } from 'node:fs/promises'
import { base64, utf8 } from '../bytes/text.ts'
import { read } from '../domain/leaf.ts'
import { openCheckpoint } from '../tlog/checkpoint.ts'
import { verifyCosignatures } from '../tlog/cosignature.ts'
import { TlogError } from '../tlog/error.ts'
import { leafHash } from '../tlog/hash.ts'
import { formatKey, type VerifierKey } from '../tlog/key.ts'
import { parseProofFile } from '../tlog/proof-file.ts'
import { verifyInclusion } from '../tlog/verify.ts'
import { EXIT, Failure } from './failure.ts'
import { parseOption } from './key-option.ts'
import type { Terminal } from './terminal.ts'
import { formatInstant, printable } from './text.ts'

export interface VerifyProofOptions {
  readonly directory: string
  readonly logKey?: readonly string[]
  readonly witnessKey?: readonly string[]
}

export const isProofFile = (path: string): boolean => path.endsWith('.tlog-proof')

/** 0 when the leaf is proven; a Failure says which step does not hold. */
export async function run(
  { directory: path, logKey = [], witnessKey = [] }: VerifyProofOptions,
  terminal: Terminal,
): Promise<number> {
  if (logKey.length === 0)
    throw new Failure('usage', 'no_key', 'a proof says nothing without the key of its log', {
      next: '--log-key <vkey>',
    })
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new Failure('notFound', 'no_proof', `${path}: ${error.message}`)
  })
  const proven = checked(() => prove(text, logKey.map(parseOption), witnessKey.map(parseOption)))
  const { leaf, ...rest } = proven
  const { event, outcome, at } = leaf
  const meaning = `${event.type}, ${outcome}, ${formatInstant(new Date(at).toISOString())}`
  terminal.result({ ok: true, ...rest, type: event.type, outcome, at: new Date(at).toISOString() }, () =>
    [
      `${terminal.paint.bold(printable(proven.origin))}  leaf ${proven.leafIndex}: ${meaning}`,
      ...proven.cosignedBy.map((witness) => `  cosigned by  ${printable(witness)}`),
      terminal.paint.good(`✓ it is in the tree of ${proven.treeSize} leaves that the log signed`),
    ].join('\n'),
  )
  return EXIT.ok
}

function prove(text: string, keys: readonly VerifierKey[], witnesses: readonly VerifierKey[]) {
  const { leafIndex, proof, checkpoint, extra } = parseProofFile(text)
  if (!extra) throw new TlogError('malformed_proof', 'the file does not hold the leaf that it proves')
  const { origin, size, rootHash, note } = openCheckpoint(checkpoint, keys[0]!.name, keys)
  if (!verifyInclusion(leafIndex, size, leafHash(extra), proof, rootHash))
    throw new TlogError(
      'malformed_proof',
      `the proof does not lead from leaf ${leafIndex} to the root of the signed checkpoint`,
    )
  // Each named witness must have signed.
  const cosignedBy = witnesses.flatMap((witness) =>
    verifyCosignatures(note, [witness]).map((each) => formatKey(each.witness)),
  )
  const leaf = read(extra)
  if (leaf.sequence !== leafIndex || !utf8.decode(extra).includes(`"source":"//${origin}"`))
    throw new TlogError('malformed_proof', 'the leaf says that it stands elsewhere')
  return { origin, leafIndex, treeSize: size, rootHash: base64.encode(rootHash), cosignedBy, leaf }
}

function checked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = error instanceof TlogError ? error.code : 'malformed_leaf'
    throw new Failure('unverified', code, (error as Error).message)
  }
}
