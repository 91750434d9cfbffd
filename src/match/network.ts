/** Addresses of the internet and networks of them (CIDR), as numbers that can be compared. */

export type Address = { readonly bits: 32 | 128; readonly value: bigint }

/** An IPv4 or IPv6 address; IPv4 inside IPv6 (`::ffff:192.0.2.1`) is IPv4. Undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) return parseV4(text)
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)
  return mapped ? parseV4(mapped[1]!) : parseV6(text)
}

function parseV4(text: string): Address | undefined {
  const parts = text.split('.')
  const isWhole = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return isWhole ? { bits: 32, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) } : undefined
}

/** RFC 4291, 2.2: eight groups of sixteen bits; "::" stands once, for one or more groups of zeros. */
function parseV6(text: string): Address | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const gap = 8 - head!.length - (tail?.length ?? 0)
  if (tail === undefined ? gap !== 0 : gap < 1) return undefined
  const groups = [...head!, ...Array.from({ length: Math.max(0, gap) }, () => '0'), ...(tail ?? [])]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return { bits: 128, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) }
}

export function isWithin(address: Address, network: Address, prefix: number): boolean {
  const rest = BigInt(network.bits - prefix)
  return address.bits === network.bits && address.value >> rest === network.value >> rest
}
