/** Time stamps as stock OpenSSL makes them are believed, and every way of bending one is refused by name. */

import { afterAll, expect, test } from 'vitest'
import fc from 'fast-check'
import { sha256 } from '../../src/bytes/digest.ts'
import {
  encode,
  encodeBoolean,
  encodeNull,
  encodeOctets,
  encodeOid,
  encodeSequence,
  encodeUnsigned,
  TAG,
} from '../../src/bytes/der.ts'
import { utf8 } from '../../src/bytes/text.ts'
import { nodeSignatures } from '../../src/evidence/node-signature.ts'
import { formatRequest, verifyReply, type TimestampExpectation } from '../../src/evidence/timestamp.ts'
import { parseCertificates } from '../../src/evidence/x509.ts'
import { granted, TimestampAuthority, type AuthorityOptions } from '../world/timestamp-authority.ts'

const authorities = new DisposableStack()
afterAll(() => authorities.dispose())
const made = (options?: AuthorityOptions) => authorities.use(new TimestampAuthority(options))

const data = utf8.encode('log.example\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n')
const digest = sha256(data)
const nonce = Uint8Array.from({ length: 16 }, (_, index) => 0xf0 - index)
const trusting = (authority: TimestampAuthority, more: Partial<TimestampExpectation> = {}): TimestampExpectation => ({
  digest,
  nonce,
  anchors: parseCertificates(authority.pem('root')),
  ...more,
})
const judge = async (reply: Uint8Array, expected: TimestampExpectation) => {
  const verdict = await verifyReply(reply, expected, nodeSignatures)
  return 'refused' in verdict ? verdict.refused : 'good'
}

const authority = made()
const reply = authority.reply(formatRequest({ digest, nonce }))

test.each([
  [{ key: 'rsa', hash: 'sha256' }],
  [{ key: 'rsa', hash: 'sha512', hasIntermediate: true }],
  [{ key: 'p256', hash: 'sha256', hasIntermediate: true }],
  [{ key: 'p384', hash: 'sha384' }],
] as const)('what OpenSSL stamps with %o is believed, and OpenSSL believes it as well', async (options) => {
  const each = made(options)
  const stamped = each.reply(formatRequest({ digest, nonce }))
  const verdict = await verifyReply(stamped, trusting(each), nodeSignatures)
  expect(verdict).toMatchObject({ serialNumber: '02', policy: '1.2.3.4.1' })
  expect('at' in verdict && Math.abs(verdict.at - Date.now())).toBeLessThan(60_000)
  expect('path' in verdict && verdict.path).toHaveLength('hasIntermediate' in options ? 3 : 2)
  each.verify(stamped, data)
})

test('a policy is asked for and must be answered with', async () => {
  const policy = '1.2.3.4.5'
  const stamped = authority.reply(formatRequest({ digest, nonce, policy }))
  expect(await judge(stamped, trusting(authority, { policy }))).toBe('good')
  expect(await judge(reply, trusting(authority, { policy }))).toBe('wrong_policy')
  const refused = authority.reply(formatRequest({ digest, nonce, policy: '1.2.3.4.9' }))
  const verdict = await verifyReply(refused, trusting(authority), nodeSignatures)
  expect(verdict).toMatchObject({ refused: 'not_granted', because: expect.stringContaining('status 2') })
})

test('an answer to another question is refused', async () => {
  expect(await judge(reply, trusting(authority, { digest: sha256(utf8.encode('other')) }))).toBe('wrong_imprint')
  expect(await judge(reply, trusting(authority, { nonce: nonce.toReversed() }))).toBe('wrong_nonce')
  expect(await judge(authority.reply(formatRequest({ digest })), trusting(authority))).toBe('wrong_nonce')
})

test('another authority, also of the same names, is not trusted', async () => {
  const other = made()
  expect(await judge(reply, trusting(other))).toBe('wrong_chain')
  expect(await judge(other.reply(formatRequest({ digest, nonce })), trusting(authority))).toBe('wrong_chain')
  expect(await judge(reply, { ...trusting(authority), anchors: [] })).toBe('untrusted')
  const long = made({ hasIntermediate: true })
  const stamped = long.reply(formatRequest({ digest, nonce }))
  expect(await judge(stamped, { digest, nonce, anchors: parseCertificates(long.pem('middle')) })).toBe('good')
  expect(await judge(stamped, { digest, nonce, anchors: parseCertificates(long.pem('signer')) })).toBe('good')
})

const oids = { sha256: '2.16.840.1.101.3.4.2.1' }
const text = (value: string) => utf8.encode(value)

/** A TSTInfo as an authority would write it, with any of its parts another. */
function info(
  parts: { at?: Date; version?: number; imprint?: Uint8Array; hash?: string; extra?: Uint8Array } = {},
): Uint8Array {
  const { at = new Date(), version = 1, imprint = digest, hash = oids.sha256, extra } = parts
  const time = at.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return encodeSequence(
    encodeUnsigned(Uint8Array.of(version)),
    encodeOid('1.2.3.4.1'),
    encodeSequence(encodeSequence(encodeOid(hash), encodeNull()), encodeOctets(imprint)),
    encodeUnsigned(Uint8Array.of(7)),
    encode(TAG.generalizedTime, text(time)),
    encodeUnsigned(nonce),
    ...(extra ? [extra] : []),
  )
}

test('an authority that signs what it should not is refused by name', async () => {
  expect(await judge(authority.sign(info()), trusting(authority))).toBe('good')
  const year = 365 * 24 * 3_600_000
  const later = new Date(Date.now() + 11 * year)
  expect(await judge(authority.sign(info({ at: later })), trusting(authority))).toBe('expired')
  expect(await judge(authority.sign(info({ at: new Date(Date.now() - year) })), trusting(authority))).toBe('expired')
  expect(await judge(authority.sign(info({ version: 2 })), trusting(authority))).toBe('malformed')
  expect(
    await judge(authority.sign(info({ hash: '1.3.14.3.2.26', imprint: digest.subarray(0, 20) })), trusting(authority)),
  ).toBe('malformed')
  expect(await judge(authority.sign(info(), { isNamed: false }), trusting(authority))).toBe('wrong_signer')
  const extension = (isCritical: boolean) =>
    encode(
      0xa1,
      encodeSequence(
        encodeOid('1.3.6.1.5.5.7.1.3'),
        ...(isCritical ? [encodeBoolean(true)] : []),
        encodeOctets(encodeSequence()),
      ),
    )
  expect(await judge(authority.sign(info({ extra: extension(false) })), trusting(authority))).toBe('good')
  expect(await judge(authority.sign(info({ extra: extension(true) })), trusting(authority))).toBe('malformed')
})

test.each([
  ['extendedKeyUsage=timeStamping\n', 'wrong_purpose'],
  ['extendedKeyUsage=critical,timeStamping,codeSigning\n', 'wrong_purpose'],
  ['extendedKeyUsage=critical,codeSigning\n', 'wrong_purpose'],
  ['keyUsage=critical,digitalSignature\n', 'wrong_purpose'],
  ['extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,keyAgreement\n', 'wrong_purpose'],
  ['extendedKeyUsage=critical,timeStamping\n1.2.3.4.9=critical,DER:0500\n', 'wrong_chain'],
])('a certificate with %j is refused: %s', async (extensions, refused) => {
  const odd = made({ extensions })
  expect(await judge(odd.sign(info()), trusting(odd))).toBe(refused)
})

test('a certificate that may not issue others leads nowhere', async () => {
  const chain = made({ extensions: 'extendedKeyUsage=critical,timeStamping\n' })
  const stamped = chain.sign(info())
  // The signer as an authority over itself: the same name, no right to issue.
  expect(await judge(stamped, { digest, nonce, anchors: parseCertificates(authority.pem('signer')) })).toBe('untrusted')
})

test('a token of one authority under the certificate of another does not verify', async () => {
  const own = Buffer.from(parseCertificates(authority.pem('signer'))[0]!.bytes)
  const at = reply.indexOf(own)
  expect(at).toBeGreaterThan(0)
  // Of the same length, so that every length around it still fits: signatures of ECDSA differ by a byte or two.
  const find = (tries: number): { other: TimestampAuthority; foreign: Buffer } => {
    const other = made()
    const foreign = Buffer.from(parseCertificates(other.pem('signer'))[0]!.bytes)
    return foreign.length === own.length || tries === 0 ? { other, foreign } : find(tries - 1)
  }
  const { other, foreign } = find(20)
  const swapped = Buffer.concat([reply.subarray(0, at), foreign, reply.subarray(at + own.length)])
  expect(await judge(swapped, trusting(other))).toBe('no_signer')
})

test('no bit of a time stamp can be changed unseen, but in what nobody signed', async () => {
  const verdict = await verifyReply(reply, trusting(authority), nodeSignatures)
  const good = 'at' in verdict ? verdict : undefined
  const bits = fc.tuple(fc.nat(reply.length - 1), fc.nat(7))
  let unseen = 0
  await fc.assert(
    fc.asyncProperty(bits, async ([at, bit]) => {
      const bent = Uint8Array.from(reply)
      bent[at]! ^= 1 << bit
      const answer = await verifyReply(bent, trusting(authority), nodeSignatures)
      if ('refused' in answer) return
      // What it proves is the same all the same.
      unseen += 1
      expect({ ...answer, path: [] }).toEqual({ ...good, path: [] })
    }),
    { numRuns: 600 },
  )
  expect(unseen).toBeLessThan(30)
})

test('cut short, made longer, or made of noise: refused, and nothing is thrown', async () => {
  for (let length = 0; length < reply.length; length += 7)
    expect(await judge(reply.subarray(0, length), trusting(authority))).toBe('malformed')
  expect(await judge(Buffer.concat([reply, Buffer.of(0)]), trusting(authority))).toBe('malformed')
  expect(await judge(Buffer.alloc((64 << 10) + 1), trusting(authority))).toBe('malformed')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
      expect(await judge(noise, trusting(authority))).toBe('malformed')
      expect(await judge(granted(encode(TAG.sequence, noise)), trusting(authority))).toBe('malformed')
    }),
    { numRuns: 300 },
  )
})

test('CA files that hold no certificate are refused', () => {
  expect(() => parseCertificates('nothing')).toThrow(SyntaxError)
  expect(() => parseCertificates('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----')).toThrow(SyntaxError)
  expect(() => parseCertificates('x'.repeat(2 << 20))).toThrow(SyntaxError)
})
