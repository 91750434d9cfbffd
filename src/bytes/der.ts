/**
 * DER (ITU-T X.690): what is read here has exactly one spelling, ends where it says, and was looked at no further than asked.
 *
 *     30 06 02 01 05 01 01 FF      SEQUENCE { INTEGER 5, BOOLEAN TRUE }
 *     tag length contents …
 *
 * Nothing recurses: who reads takes one element after the other, so that depth is that of the code and not of the input.
 */

import { concat } from './portable.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` of a context, primitive (implicit over a primitive type). */
export const implicit = (number: number): number => 0x80 | number
/** `[n]` of a context, constructed (explicit, or implicit over a sequence or set). */
export const explicit = (number: number): number => 0xa0 | number

export interface Element {
  readonly tag: number
  readonly contents: Uint8Array
  /** Tag, length and contents, as they were signed. */
  readonly bytes: Uint8Array
}

/** Tags and lengths in three or four octets say more than any structure that is read here may hold. */
const MAX_LENGTH_OCTETS = 3

/** Takes one element after the other; every method throws a SyntaxError for what is not there, or is not DER. */
export class Cursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(contents: Uint8Array) {
    this.#bytes = contents
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The tag of the next element; undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at]
  }

  next(): Element {
    const { start, end } = boundsAt(this.#bytes, this.#at)
    const element = {
      tag: this.#bytes[this.#at]!,
      contents: this.#bytes.subarray(start, end),
      bytes: this.#bytes.subarray(this.#at, end),
    }
    this.#at = end
    return element
  }

  take(tag: number): Element {
    if (this.tag !== tag) throw new SyntaxError(`tag ${name(this.tag)} where ${name(tag)} belongs`)
    return this.next()
  }

  maybe(tag: number): Element | undefined {
    return this.tag === tag ? this.next() : undefined
  }

  /** A cursor in the contents of the next element. */
  enter(tag: number): Cursor {
    return new Cursor(this.take(tag).contents)
  }

  /** All that is left, each of this tag; more than `most` is a SyntaxError. */
  all(tag: number, most: number): Element[] {
    const elements: Element[] = []
    while (!this.isAtEnd) {
      if (elements.length === most) throw new SyntaxError(`more than ${most} elements`)
      elements.push(this.take(tag))
    }
    return elements
  }

  end(): void {
    if (!this.isAtEnd) throw new SyntaxError(`tag ${name(this.tag)} where nothing belongs`)
  }
}

/** The one element that these bytes are. */
export function parseDer(bytes: Uint8Array): Element {
  const cursor = new Cursor(bytes)
  const element = cursor.next()
  cursor.end()
  return element
}

/** A cursor in the one sequence that these bytes are. */
export function enterSequence(bytes: Uint8Array): Cursor {
  const cursor = new Cursor(bytes)
  const inside = cursor.enter(TAG.sequence)
  cursor.end()
  return inside
}

function boundsAt(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  if (tag === undefined || first === undefined) throw new SyntaxError('an element ends before its length')
  if ((tag & 0x1f) === 0x1f || tag === 0) throw new SyntaxError('a tag that no structure here has')
  const octets = first < 0x80 ? 0 : first & 0x7f
  // 0x80 is the indefinite length of BER, which DER has not.
  if (first === 0x80 || octets > MAX_LENGTH_OCTETS) throw new SyntaxError('a length that is not one of DER')
  let length = octets === 0 ? first : 0
  for (let index = 0; index < octets; index += 1) length = length * 256 + (bytes[at + 2 + index] ?? Number.NaN)
  // X.690, 10.1: "The definite form of length encoding shall be used, encoded in the minimum number of octets."
  if (octets > 0 && !(length >= (octets === 1 ? 0x80 : 256 ** (octets - 1))))
    throw new SyntaxError('a length that is not one of DER')
  const start = at + 2 + octets
  const end = start + length
  if (end > bytes.length) throw new SyntaxError('an element ends before its length')
  return { start, end }
}

function name(tag: number | undefined): string {
  return tag === undefined ? 'nothing' : `0x${tag.toString(16).padStart(2, '0')}`
}

/** X.690, 11.1: "its single contents octet shall have all eight bits set to one" for TRUE. */
export function readBoolean({ contents }: Element): boolean {
  if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff))
    throw new SyntaxError('not a BOOLEAN of DER')
  return contents[0] === 0xff
}

/** The octets of an INTEGER in their one spelling, of at most `most` octets. */
export function readInteger({ contents }: Element, most = 64): Uint8Array {
  const [first, second] = contents
  if (first === undefined || contents.length > most) throw new SyntaxError(`an INTEGER has 1 to ${most} octets here`)
  const isPadded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
  if (isPadded) throw new SyntaxError('an INTEGER has octets to spare')
  return contents
}

/** An INTEGER from 0 to 2^31 - 1. */
export function readSmall(element: Element): number {
  const octets = readInteger(element, 4)
  if (octets[0]! >= 0x80) throw new SyntaxError('an INTEGER is negative')
  return octets.reduce((value, octet) => value * 256 + octet, 0)
}

const MAX_OID_OCTETS = 64

/** `1.2.840.113549.1.7.2`. Arcs beyond 2^53 are no name that is known here, and refused. */
export function readOid({ contents }: Element): string {
  if (contents.length === 0 || contents.length > MAX_OID_OCTETS || contents.at(-1)! >= 0x80)
    throw new SyntaxError('not an OBJECT IDENTIFIER of DER')
  const arcs: number[] = []
  let arc = 0
  let isFirst = true
  for (const octet of contents) {
    if (isFirst && octet === 0x80) throw new SyntaxError('an arc has octets to spare')
    arc = arc * 128 + (octet & 0x7f)
    if (!Number.isSafeInteger(arc)) throw new SyntaxError('an arc beyond 2^53')
    isFirst = octet < 0x80
    if (!isFirst) continue
    arcs.push(arc)
    arc = 0
  }
  const [joined = 0, ...rest] = arcs
  const root = Math.min(2, Math.floor(joined / 40))
  return [root, joined - 40 * root, ...rest].join('.')
}

/** The octets of a BIT STRING of whole octets. */
export function readBits({ contents }: Element): Uint8Array {
  if (contents[0] !== 0) throw new SyntaxError('a BIT STRING is not of whole octets')
  return contents.subarray(1)
}

/** Whether each named bit of a short BIT STRING is set; bit 0 is the first. */
export function readFlags({ contents }: Element): (bit: number) => boolean {
  const [unused = 8, ...octets] = contents
  const last = octets.at(-1) ?? 0
  // X.690, 11.2.2: named bits: trailing zero bits are removed, so that the last bit that is used is one.
  const isMinimal =
    octets.length === 0 ? unused === 0 : ((last >>> unused) & 1) === 1 && (last & ((1 << unused) - 1)) === 0
  if (unused > 7 || octets.length > 4 || !isMinimal) throw new SyntaxError('not a BIT STRING of named bits')
  return (bit) => (((octets[bit >>> 3] ?? 0) << (bit & 7)) & 0x80) !== 0
}

const GENERALIZED = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{0,8}[1-9]))?Z$/
const UTC = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/

/** UTCTime or GeneralizedTime in ms since 1970; what is finer than a millisecond is cut off. */
export function readTime({ tag, contents }: Element): number {
  const text = String.fromCharCode(...contents.subarray(0, 32))
  const found = (tag === TAG.generalizedTime ? GENERALIZED : tag === TAG.utcTime ? UTC : /^(?!)/).exec(text)
  if (!found) throw new SyntaxError('not a time of DER')
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = ''] = found
  // RFC 5280, 4.1.2.5.1: "Where YY is greater than or equal to 50, the year SHALL be interpreted as 19YY"
  const century = year.length === 4 ? '' : Number(year) >= 50 ? '19' : '20'
  const spelt = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`
  const at = Date.parse(spelt)
  if (Number.isNaN(at) || new Date(at).toISOString() !== spelt) throw new SyntaxError('a time that does not exist')
  return at
}

/** Tag, shortest length, contents. */
export function encode(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, { length: each }) => sum + each, 0)
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | octets.length, ...octets]
  return concat(Uint8Array.from(header), ...contents)
}

export const encodeSequence = (...parts: readonly Uint8Array[]): Uint8Array => encode(TAG.sequence, ...parts)
export const encodeOctets = (octets: Uint8Array): Uint8Array => encode(TAG.octetString, octets)
export const encodeBoolean = (value: boolean): Uint8Array => encode(TAG.boolean, Uint8Array.of(value ? 0xff : 0))
export const encodeNull = (): Uint8Array => encode(TAG.null)

/** A number that is not negative, from its octets, most significant first. */
export function encodeUnsigned(octets: Uint8Array): Uint8Array {
  const first = octets.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first)
  return encode(TAG.integer, ...(shortest[0]! >= 0x80 ? [Uint8Array.of(0)] : []), shortest)
}

/** Throws a RangeError for anything but two and more arcs of safe whole numbers. */
export function encodeOid(text: string): Uint8Array {
  const arcs = text.split('.').map(Number)
  const [root = 3, second = 0, ...rest] = arcs
  if (arcs.length < 2 || root > 2 || (root < 2 && second > 39) || !arcs.every(isArc))
    throw new RangeError(`${text} is not an object identifier`)
  return encode(TAG.oid, Uint8Array.from([40 * root + second, ...rest].flatMap(encodeArc)))
}

function isArc(arc: number): boolean {
  return Number.isSafeInteger(arc) && arc >= 0
}

function encodeArc(arc: number): number[] {
  const octets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift((rest % 128) | 0x80)
  return octets
}
