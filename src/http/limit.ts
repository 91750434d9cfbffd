/** How often one caller may ask: a bucket of tokens that refills. Memory is bounded, whoever calls and however often. */

/** `burst` requests at once, then `perSecond` of them. */
export type Rate = { readonly burst: number; readonly perSecond: number }

const MAX_BUCKETS = 20_000

type Bucket = { tokens: number; at: number }

export class Limit {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** 0 when `key` may go on now (ms), else the seconds after which it may. */
  take(key: string, at: number): number {
    const { burst, perSecond } = this.#rate
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at }
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, at - bucket.at) / 1000) * perSecond)
    bucket.at = at
    this.#remember(key, bucket)
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond))
    bucket.tokens -= 1
    return 0
  }

  /** The one that was idle longest goes first: it is the likeliest to be full again, so that nothing is lost. */
  #remember(key: string, bucket: Bucket): void {
    this.#buckets.delete(key)
    if (this.#buckets.size >= MAX_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value!)
    this.#buckets.set(key, bucket)
  }
}

/** One household of addresses: IPv6 networks are handed out as /64, so a single caller has 2^64 of them. */
export function addressKey(ip: string): string {
  if (!ip.includes(':') || ip.startsWith('::ffff:')) return ip.replace('::ffff:', '')
  const [head = '', tail = ''] = ip.split('::')
  const groups = head.split(':').filter(Boolean)
  const rest = tail.split(':').filter(Boolean)
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0')
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':')
}
