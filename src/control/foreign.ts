/** What another server answers, asked without following it anywhere: HTTPS, in time, of bounded length. */

const TIMEOUT_MS = 5_000
const MAX_BYTES = 256 * 1024
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** HTTPS, or HTTP on this very machine. */
export function isSafeAddress(address: string): boolean {
  const url = URL.parse(address)
  return url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname)))
}

/** Whether it leads to this very machine, where only those lead who are on it themselves. */
export function isOnThisMachine(address: string): boolean {
  return LOOPBACK.has(URL.parse(address)?.hostname ?? '')
}

export type Foreign = { readonly status: number; readonly bytes: Uint8Array }

/** No redirects, which could lead a request, or what it carries, elsewhere. Throws with a sentence's end. */
export async function askForeign(address: string, init: RequestInit = {}): Promise<Foreign> {
  if (!isSafeAddress(address)) throw new Error('only https is accepted')
  const headers = { accept: 'application/json', ...(init.headers as Record<string, string> | undefined) }
  const response = await fetch(address, {
    ...init,
    headers,
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > MAX_BYTES) throw new Error(`it sent more than ${MAX_BYTES} bytes`)
    parts.push(part)
  }
  return { status: response.status, bytes: Buffer.concat(parts) }
}
