/** Verifier keys as they are given on a command line. */

import { parseKey, type VerifierKey } from '../tlog/key.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

/** A verifier key from the command line; else a usage failure. */
export function parseOption(text: string): VerifierKey {
  try {
    return parseKey(text)
  } catch (error) {
    throw new Failure('usage', 'bad_key', `"${printable(text.slice(0, 80))}": ${(error as Error).message}`)
  }
}
