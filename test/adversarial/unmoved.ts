/** What an attack must come to: a refusal that says which, and a state in which nothing happened. */

import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { formatSnapshot } from '../../src/domain/snapshot.ts'
import type { Answer, Office } from '../http/office.ts'

/** Of everything but the time of the newest leaf: that a refusal was written down moves the clock, and nothing else. */
export function digestOfState(office: Office): string {
  const hash = createHash('sha256')
  let text = ''
  for (const piece of formatSnapshot(office.port.ledger.state)) text += Buffer.from(piece).toString()
  for (const line of text.split('\n')) if (!line.startsWith('["at",')) hash.update(`${line}\n`)
  return hash.digest('hex')
}

export type Expected = {
  readonly status: number
  readonly code: string
  /** 1 where whoever asked was known, or proven: their refusal is on record. */
  readonly leaves?: 0 | 1
}

/** Runs the attack. Its answer is a problem of that code; the log has grown by so many leaves, the state is the same. */
export async function expectUnmoved(
  office: Office,
  attack: () => Promise<Answer>,
  { status, code, leaves = 0 }: Expected,
): Promise<Answer> {
  const [before, size] = [digestOfState(office), office.size]
  const answer = await attack()
  expect({ status: answer.status, code: answer.body?.code, leaves: office.size - size }).toEqual({
    status,
    code,
    leaves,
  })
  expect(digestOfState(office)).toBe(before)
  return answer
}
