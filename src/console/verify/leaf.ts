/** One verdict over one leaf: inclusion, the checkpoint's signature and the disclosures, with every check by name. */

import { equal, formatBase64, parseBase64, utf8 } from './bytes.ts'
import { openDisclosure } from './disclosure.ts'
import { climb, leafHash, type Step } from './inclusion.ts'
import { parseCheckpoint, parseKey, parseNote, verifyNote } from './note.ts'

export type Proof = {
  readonly treeSize: number
  readonly rootHash: string
  readonly hashes: readonly string[]
  readonly checkpoint: string
}

/** What the name of a disclosure's check begins with. */
export const DISCLOSURE = 'disclosure '

export type Check = { readonly name: string; readonly ok: boolean; readonly detail: string }

/** `root` is what this browser computed; `signedRoot` what the checkpoint says (both base64). */
export type Verdict = {
  readonly ok: boolean
  readonly checks: readonly Check[]
  readonly steps: readonly Step[]
  readonly root: string
  readonly signedRoot: string
}

export type LeafClaim = {
  readonly leaf: string
  readonly leafIndex: number
  readonly proof: Proof
  readonly disclosures?: readonly Shown[]
  readonly row?: Reading
}

/** How the server reads the leaf to people; its type, time and outcome must be the leaf's own. */
type Reading = { readonly type: string; readonly at: string; readonly outcome: string }

/** A personal datum as the server shows it, beside the disclosure that must say the same. */
type Shown = { readonly name: string; readonly value: unknown; readonly disclosure: string }

/** Never throws: whatever cannot be checked is a failed check. `key` is the log's verifier key that this browser trusts. */
export async function checkLeaf(claim: LeafClaim, key: string): Promise<Verdict> {
  const { proof } = claim
  const path = await attempt(async () =>
    climb(await leafHash(utf8(claim.leaf)), claim.leafIndex, proof.treeSize, proof.hashes.map(parseBase64)),
  )
  const signed = await attempt(() => checkCheckpoint(proof.checkpoint, key))
  const root = path.value ? formatBase64(path.value.root) : ''
  const signedRoot = signed.value ? formatBase64(signed.value.rootHash) : ''

  const included =
    path.value !== undefined && signed.value !== undefined && equal(path.value.root, signed.value.rootHash)
  const sameSize = signed.value === undefined || signed.value.treeSize === proof.treeSize
  const checks: Check[] = [
    {
      name: 'inclusion',
      ok: included && sameSize,
      detail:
        included && sameSize
          ? `Leaf ${claim.leafIndex} is in the tree of ${proof.treeSize}`
          : (path.error ?? 'The path from this leaf does not end in the signed root hash'),
    },
    { name: 'checkpoint', ok: signed.value !== undefined, detail: signed.error ?? 'Checkpoint signed by the log key' },
    ...(claim.row ? [checkReading(claim.row, claim.leaf)] : []),
    ...(await Promise.all((claim.disclosures ?? []).map((each) => checkDisclosure(each, claim.leaf)))),
  ]
  return { ok: checks.every((check) => check.ok), checks, steps: path.value?.steps ?? [], root, signedRoot }
}

/** Throws with a sentence unless the note is a checkpoint validly signed by `key` for the origin the key is named after. */
export async function checkCheckpoint(text: string, key: string) {
  const note = parseNote(text)
  const trusted = await parseKey(key)
  const answer = await verifyNote(note, trusted)
  if (answer === 'absent') throw new Error('The checkpoint is not signed by the log key this browser knows')
  if (answer === 'wrong') throw new Error('The signature on the checkpoint is wrong')
  const checkpoint = parseCheckpoint(note.body)
  // C2SP tlog-checkpoint: a log's key is named after its origin, so another log's checkpoint cannot stand in
  if (checkpoint.origin !== trusted.name) throw new Error('The checkpoint is of another log')
  return checkpoint
}

function checkReading(row: Reading, leaf: string): Check {
  const event = parseObject(leaf)
  const data = event['data'] as Record<string, unknown> | undefined
  const ok =
    event['type'] === `dev.countersign.${row.type}.v1` &&
    Date.parse(String(event['time'])) === Date.parse(row.at) &&
    (row.outcome === 'recorded' || data?.['outcome'] === row.outcome)
  return {
    name: 'reading',
    ok,
    detail: ok
      ? 'Type, time and outcome above are the leaf\u2019s own'
      : 'The leaf says something else than the lines above',
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}

async function checkDisclosure(given: Shown, leaf: string): Promise<Check> {
  const opened = await attempt(() => openDisclosure(given.disclosure, leaf))
  const same = opened.value?.name === given.name && JSON.stringify(opened.value.value) === JSON.stringify(given.value)
  const ok = same && opened.value?.committed === true
  const detail = ok ? `“${given.name}” is what the leaf commits to` : `“${given.name}” is not what the leaf commits to`
  return { name: DISCLOSURE + given.name, ok, detail }
}

async function attempt<T>(work: () => Promise<T>): Promise<{ value?: T; error?: string }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'It cannot be read' }
  }
}
