/** What the browser derives from a statement is what the domain derives, and every altered claim is told. */

import { expect, test } from 'vitest'
import {
  deriveFrom,
  disagreements,
  formatFingerprint,
  preAuthenticationEncoding,
  type Shown,
} from '../../src/console/verify/statement.ts'
import { utf8 } from '../../src/console/verify/bytes.ts'
import {
  challengeOf,
  digestStatement,
  fingerprintOf,
  formatStatement,
  type Statement,
} from '../../src/domain/statement.ts'

const statement: Statement = {
  origin: 'log.example',
  release: 'release:01h455vb4p',
  artifact: `sha256:${'77'.repeat(32)}`,
  artifactName: 'shöp.tar.gz',
  repository: 'acme/shop',
  commit: '4b'.repeat(20),
  commitSha256: `sha256:${'4c'.repeat(32)}`,
  environment: 'production',
  policyDigest: `sha256:${'5e'.repeat(32)}`,
  requester: 'job:01h455vb4p',
  requestedAt: Date.parse('2026-11-23T14:02:11.123Z'),
  expiresAt: Date.parse('2026-11-23T15:02:11.123Z'),
  nonce: 'AAECAwQFBgcICQoLDA0ODw',
}

const text = formatStatement(statement)
const digest = digestStatement(text)

const shown: Shown = {
  release: statement.release,
  artifact: statement.artifact,
  commit: statement.commit,
  environment: statement.environment,
  requester: statement.requester,
  expiresAt: '2026-11-23T15:02:11.123Z',
  policyDigest: statement.policyDigest,
  statementDigest: digest,
  challenge: Buffer.from(challengeOf(text)).toString('base64url'),
  fingerprint: fingerprintOf(digest),
}

// secure-systems-lab/dsse protocol.md, test vectors
test('the pre-authentication encoding is the published one', () => {
  const encoded = preAuthenticationEncoding('http://example.com/HelloWorld', utf8('hello world'))
  expect(new TextDecoder().decode(encoded)).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world')
})

test('digest, challenge and fingerprint equal those of the domain', async () => {
  expect(await deriveFrom(text)).toEqual({
    digest,
    challenge: shown.challenge,
    fingerprint: shown.fingerprint,
  })
})

test.each([
  ['0000000000', '0000-0000'],
  ['ffffffffff', 'ZZZZ-ZZZZ'],
  ['0842108421', '1111-1111'],
  ['00443214c7', '0123-4567'],
])('the bits %s are written %s', (bits, fingerprint) => {
  expect(formatFingerprint(Buffer.from(bits, 'hex'))).toBe(fingerprint)
})

test('an honest release has no disagreement', async () => {
  expect(await disagreements(text, shown, shown.fingerprint)).toEqual([])
})

test.each(Object.keys(shown) as (keyof Shown)[])('a lie about %s is told', async (name) => {
  const lie = { ...shown, [name]: `${shown[name]}x` }
  expect(await disagreements(text, lie, shown.fingerprint)).toHaveLength(1)
})

test.each(Object.keys(statement) as (keyof Statement)[])('another %s in the statement is told', async (name) => {
  const value = statement[name]
  const other = formatStatement({ ...statement, [name]: typeof value === 'number' ? value + 1 : `${String(value)}x` })
  expect((await disagreements(other, shown, shown.fingerprint)).length).toBeGreaterThanOrEqual(3)
})

test.each(['', '{', 'null', '[]', '{"predicate":null}', '{"subject":[]}'])('%j is no statement', async (foreign) => {
  expect((await disagreements(foreign, shown, shown.fingerprint)).length).toBeGreaterThan(5)
})

test('the link decides which release is meant', async () => {
  expect(await disagreements(text, shown, 'K7Q2-9DMX')).toEqual(['This is not the release that the link names.'])
})
