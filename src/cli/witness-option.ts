/** The witnesses that `up` is told of, and how many of them must have seen the log. */

import type { QuorumPolicy } from '../control/quorum.ts'
import type { WitnessOptions } from '../control/witnesses.ts'
import { isCosigner } from '../tlog/cosignature.ts'
import { parseKey } from '../tlog/key.ts'
import { Failure } from './failure.ts'

/** Each of another key: one that is named twice would count twice. */
export function parseWitnesses(lines: readonly string[]): WitnessOptions[] {
  const witnesses = lines.map(parseWitness)
  const keys = new Set(witnesses.map(({ key }) => Buffer.from(key.publicKey).toString('hex')))
  const names = new Set(witnesses.map(({ name }) => name))
  if (keys.size === witnesses.length && names.size === witnesses.length) return witnesses
  throw new Failure('usage', 'bad_witness', 'a witness is named twice, or two have the same key or name', {
    next: 'name each --witness once',
  })
}

/** `<verifier key> <url> [mirror]`, as `countersign witness` prints it. */
export function parseWitness(text: string): WitnessOptions {
  const [vkey = '', url = '', mirror, ...rest] = text.trim().split(/\s+/)
  try {
    const key = parseKey(vkey)
    if (!isCosigner(key) || !URL.canParse(url) || rest.length > 0 || (mirror !== undefined && mirror !== 'mirror'))
      throw new Error('form')
    return { name: key.name, url, key, mirror: mirror === 'mirror' }
  } catch {
    throw new Failure('usage', 'bad_witness', `"${text.slice(0, 120)}" does not name a witness`, {
      next: "--witness '<verifier key> <url> [mirror]', as countersign witness prints it",
    })
  }
}

export interface QuorumFlags {
  readonly witnessQuorum?: number
  readonly requireWitnesses?: boolean
}

/** Without a number, whoever requires witnesses means all of them. */
export function quorumOf(flags: QuorumFlags, witnesses: number): QuorumPolicy | undefined {
  const { requireWitnesses: isRequired = false, witnessQuorum: needed = isRequired ? witnesses : undefined } = flags
  if (needed === undefined) return undefined
  if (needed >= 1 && needed <= witnesses) return { needed, isRequired }
  throw new Failure('usage', 'bad_quorum', `${needed} of ${witnesses} witnesses cannot be needed`, {
    next: "name them: --witness '<verifier key> <url> [mirror]'",
  })
}
