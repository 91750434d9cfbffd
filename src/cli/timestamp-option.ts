/** The time-stamping authority that `up` and `verify` are told of. */

import { readFile } from 'node:fs/promises'
import type { TimestampPolicy } from '../control/timestamps.ts'
import { utf8 } from '../bytes/text.ts'
import { parseCertificates } from '../evidence/x509.ts'
import { Failure } from './failure.ts'
import { printable } from './text.ts'

export interface TimestampFlags {
  readonly tsa?: string
  readonly tsaCa?: string
  readonly tsaPolicy?: string
  /** In ms. */
  readonly tsaEvery?: number
}

const HOUR_MS = 3_600_000
const MIN_EVERY_MS = 60_000

/** Undefined without `--tsa`. */
export async function timestampPolicy(flags: TimestampFlags): Promise<TimestampPolicy | undefined> {
  const { tsa: url, tsaCa, tsaPolicy: policy, tsaEvery: everyMs = HOUR_MS } = flags
  if (url === undefined && tsaCa === undefined) return undefined
  if (url === undefined || tsaCa === undefined)
    throw new Failure('usage', 'bad_tsa', 'a time-stamping authority is named by its address and its certificate', {
      next: '--tsa https://tsa.example/tsr --tsa-ca ca.pem',
    })
  const address = URL.parse(url)
  if (!address || !/^https?:$/.test(address.protocol) || address.username || address.password || address.hash)
    throw new Failure('usage', 'bad_tsa', `"${printable(url.slice(0, 120))}" is not the address of an authority`, {
      next: '--tsa https://tsa.example/tsr',
    })
  if (policy !== undefined && !/^[0-2](?:\.(?:0|[1-9]\d{0,14})){1,20}$/.test(policy))
    throw new Failure('usage', 'bad_tsa', `"${printable(policy.slice(0, 80))}" is not an object identifier`)
  if (everyMs < MIN_EVERY_MS) throw new Failure('usage', 'bad_tsa', 'an authority is asked once a minute at most')
  return { url, anchors: await readAnchors(tsaCa), everyMs, ...(policy !== undefined && { policy }) }
}

/** The bytes of a PEM file with certificates; a usage Failure for any other file. */
export async function readAnchors(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path)
    parseCertificates(utf8.decode(bytes))
    return bytes
  } catch (error) {
    throw new Failure('usage', 'bad_tsa_ca', `${printable(path)} holds no certificates: ${(error as Error).message}`, {
      next: '--tsa-ca with a PEM file of the authority’s root certificate',
    })
  }
}
