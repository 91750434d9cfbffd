/** What spec/approval-statement.md says, from its vectors; and that changing anything at all changes what people compare. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  challengeOf,
  digestStatement,
  fingerprintOf,
  formatStatement,
  type Statement,
} from '../../src/domain/statement.ts'

type Vector = {
  readonly name: string
  readonly statement: Statement
  readonly text: string
  readonly digest: string
  readonly challenge: string
  readonly fingerprint: string
}
const { statements } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../spec/vectors/approval-statement.json'), 'utf8'),
) as { readonly statements: readonly Vector[] }

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

describe.each(statements)('$name', ({ statement, text, digest, challenge, fingerprint }) => {
  test('has the one spelling of its fields', () => {
    expect(formatStatement(statement)).toBe(text)
    expect(digestStatement(text)).toBe(digest)
  })

  test('hashes as the page says, with nothing but Node', () => {
    const hash = createHash('sha256').update(text).digest()
    expect(`sha256:${hash.toString('hex')}`).toBe(digest)
    const encoded = `DSSEv1 28 application/vnd.in-toto+json ${Buffer.byteLength(text)} ${text}`
    expect(createHash('sha256').update(encoded).digest('base64url')).toBe(challenge)
    const bits = [...hash.subarray(0, 5)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
    const letters = Array.from({ length: 8 }, (_, at) => ALPHABET[parseInt(bits.slice(5 * at, 5 * at + 5), 2)]).join('')
    expect(`${letters.slice(0, 4)}-${letters.slice(4)}`).toBe(fingerprint)
  })

  test('is what the code signs and shows', () => {
    expect(Buffer.from(challengeOf(text)).toString('base64url')).toBe(challenge)
    expect(fingerprintOf(digest)).toBe(fingerprint)
  })
})

const hexOf = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((each) => each.join(''))
const digest = hexOf(64).map((hex) => `sha256:${hex}` as const)
const word = fc.stringMatching(/^[a-z][a-z0-9./-]{0,20}$/)
const fields = {
  origin: word,
  release: word,
  artifact: digest,
  artifactName: word,
  repository: word,
  commit: hexOf(40),
  commitSha256: digest,
  environment: word,
  policyDigest: digest,
  requester: word,
  plan: fc.option(digest, { nil: undefined }),
  requestedAt: fc.integer({ min: 0, max: 4e12 }),
  expiresAt: fc.integer({ min: 0, max: 4e12 }),
  nonce: fc.base64String({ minLength: 16, maxLength: 44 }),
} satisfies Record<keyof Statement, fc.Arbitrary<unknown>>
const statement = fc.record(fields).map((each) => each as Statement)

test.each(Object.keys(fields) as (keyof Statement)[])('another %s is another challenge and fingerprint', (field) => {
  fc.assert(
    fc.property(statement, fields[field], (asked, other) => {
      fc.pre(asked[field] !== other)
      const [is, would] = [formatStatement(asked), formatStatement({ ...asked, [field]: other } as Statement)]
      expect(Buffer.from(challengeOf(would)).equals(Buffer.from(challengeOf(is)))).toBe(false)
      expect(fingerprintOf(digestStatement(would))).not.toBe(fingerprintOf(digestStatement(is)))
    }),
  )
})

test('no text can be moved from one field into its neighbour', () => {
  fc.assert(
    fc.property(statement, fc.constantFrom('release', 'environment', 'requester', 'nonce'), (asked, field) => {
      const text = formatStatement(asked)
      const parsed = JSON.parse(text) as { predicate: Record<string, string> }
      expect(parsed.predicate[field]).toBe(asked[field as 'release'])
    }),
  )
})
