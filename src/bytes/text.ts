/** Text and its bytes: UTF-8, hexadecimal and base64, decoded strictly. One spelling per value, everything else is an error. */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

export const utf8 = {
  encode: (text: string): Uint8Array => encoder.encode(text),
  /** Throws a TypeError on bytes that are not UTF-8. A byte order mark is kept as a character. */
  decode: (bytes: Uint8Array): string => decoder.decode(bytes),
}

const HEX = /^(?:[0-9a-f]{2})*$/

export const hex = {
  encode: (bytes: Uint8Array): string => view(bytes).toString('hex'),
  /** Lower case only, even length; else a SyntaxError. */
  decode(text: string): Uint8Array {
    if (!HEX.test(text)) throw new SyntaxError('not lower-case hexadecimal')
    return Buffer.from(text, 'hex')
  },
}

export const base64 = {
  encode: (bytes: Uint8Array): string => view(bytes).toString('base64'),
  /** RFC 4648 section 4, padded, canonical (no stray bits, no white space); else a SyntaxError. */
  decode: (text: string): Uint8Array => exactly(text, 'base64'),
}

export const base64url = {
  encode: (bytes: Uint8Array): string => view(bytes).toString('base64url'),
  /** RFC 4648 section 5, without padding, canonical; else a SyntaxError. */
  decode: (text: string): Uint8Array => exactly(text, 'base64url'),
}

function exactly(text: string, encoding: 'base64' | 'base64url'): Uint8Array {
  const bytes = Buffer.from(text, encoding)
  if (bytes.toString(encoding) !== text) throw new SyntaxError(`not canonical ${encoding}`)
  return bytes
}

/** A Buffer over the same memory, for its encoders. */
function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
