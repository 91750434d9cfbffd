/** What is personal about a request, turned into salted commitments for the leaf and disclosures to keep beside it. */

import { randomBytes } from 'node:crypto'
import { disclose, parseDisclosure, type Disclosure } from '../bytes/disclosure.ts'
import { canonical, parse } from '../bytes/json.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import type { Personal } from '../domain/leaf.ts'

/** Names of personal data, each with its text. Undefined and empty members are left out. */
export type PersonalData = Readonly<Record<string, string | undefined>>

export type Sealed = { readonly personal: Personal; readonly disclosures: readonly Disclosure[] }

const MAX_VALUE_LENGTH = 4096

/** Undefined when there is nothing personal. Values are cut at 4,096 characters. */
export function seal(data: PersonalData): Sealed | undefined {
  const entries = Object.entries(data).filter((entry): entry is [string, string] => Boolean(entry[1]))
  if (entries.length === 0) return undefined
  const disclosures = entries.map(([name, value]) =>
    disclose(name, value.slice(0, MAX_VALUE_LENGTH).toWellFormed(), base64url.encode(randomBytes(16))),
  )
  // RFC 9901, 4.2.4.1: digests are sorted, so that their order says nothing about the names.
  return { personal: { _sd: disclosures.map(({ digest }) => digest).sort(), _sd_alg: 'sha-256' }, disclosures }
}

/** The bytes that the store keeps beside a leaf. */
export function formatDisclosures(disclosures: readonly Disclosure[]): Uint8Array {
  return utf8.encode(canonical(disclosures.map(({ text }) => text)))
}

/** Those of the kept disclosures that the leaf really committed to; anything else is not believed. */
export function openSeal(personal: Personal | undefined, kept: Uint8Array | undefined): Disclosure[] {
  if (!personal || !kept) return []
  const texts = parse(utf8.decode(kept)) as readonly string[]
  return texts.map(parseDisclosure).filter(({ digest }) => personal._sd.includes(digest))
}

export function valueOf(disclosures: readonly Disclosure[], name: string): string | undefined {
  return disclosures.find((disclosure) => disclosure.name === name)?.value
}
