/** A signed request is worth something for exactly its method, target and second, and has one spelling. */

import { generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSignature, signRequest } from '../../src/wire/http-signature.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const request = {
  method: 'GET',
  targetUri: 'https://w.example/a?b=c',
  created: 1_618_884_473,
  keyId: 'log.example+33d7b496',
}
const fields = signRequest(request, (base) => sign(null, base, privateKey))

function isSignedFor(method: string, targetUri: string, input = fields['signature-input']): boolean {
  const claimed = parseSignature(input, fields.signature)
  return claimed !== undefined && verify(null, claimed.base(method, targetUri), publicKey, claimed.signature)
}

test('the base is spelled as RFC 9421, section 2.5 draws it', () => {
  const base = parseSignature(fields['signature-input'], fields.signature)!.base('GET', 'https://w.example/a?b=c')
  expect(Buffer.from(base).toString().split('\n')).toEqual([
    '"@method": GET',
    '"@target-uri": https://w.example/a?b=c',
    '"@signature-params": ("@method" "@target-uri");created=1618884473;keyid="log.example+33d7b496";alg="ed25519"',
  ])
})

test('a signature verifies for its own request and for no other', () => {
  expect(isSignedFor('GET', request.targetUri)).toBe(true)
  expect(isSignedFor('PUT', request.targetUri)).toBe(false)
  expect(isSignedFor('GET', `${request.targetUri}0`)).toBe(false)
  expect(isSignedFor('GET', request.targetUri, fields['signature-input'].replace('4473', '4474'))).toBe(false)
})

test.each([
  ['fewer components', 'log=("@method");created=1;keyid="k";alg="ed25519"'],
  ['other order', 'log=("@target-uri" "@method");created=1;keyid="k";alg="ed25519"'],
  ['no algorithm', 'log=("@method" "@target-uri");created=1;keyid="k"'],
  ['other algorithm', 'log=("@method" "@target-uri");created=1;keyid="k";alg="hmac-sha256"'],
  ['no instant', 'log=("@method" "@target-uri");keyid="k";alg="ed25519"'],
  ['two signatures', `${fields['signature-input']}, ${fields['signature-input']}`],
  ['a quote in the key id', 'log=("@method" "@target-uri");created=1;keyid="k\\"";alg="ed25519"'],
])('%s is refused', (_, input) => {
  expect(parseSignature(input, fields.signature)).toBeUndefined()
})

test('whatever parses was spelled by us', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'log=("@method" 1;:kA') }), fc.string(), (input, signature) => {
      expect(parseSignature(input, signature)).toBeUndefined()
    }),
  )
  expect(() => signRequest({ ...request, keyId: 'a"b' }, () => new Uint8Array(64))).toThrow(TypeError)
})
