/** Live streams as a test reads them. */

import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { Office } from './office.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into whatever came
export type Sent = { readonly id?: number; readonly event?: string; readonly data?: any; readonly comment?: string }

export async function listen(office: Office): Promise<string> {
  await office.app.listen({ port: 0, host: '127.0.0.1' })
  return `http://127.0.0.1:${(office.app.server.address() as AddressInfo).port}`
}

/** Everything that a stream sends, one by one, until it is closed by either side. */
export async function* follow(
  address: string,
  token: string,
  headers: Record<string, string> = {},
  query = '',
): AsyncGenerator<Sent> {
  const abort = new AbortController()
  const response = await fetch(`${address}/api/v1/events${query}`, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: abort.signal,
  })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'/)
  let text = ''
  try {
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        yield parse(text.slice(0, end))
        text = text.slice(end + 2)
      }
    }
  } finally {
    abort.abort()
  }
}

function parse(block: string): Sent {
  const fields = Object.fromEntries(
    block
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')) || 'comment', line.slice(line.indexOf(':') + 1).trim()]),
  )
  const { id, event, data, comment } = fields
  return {
    ...(id && { id: Number(id) }),
    ...(event && { event }),
    ...(data && { data: JSON.parse(data) }),
    ...(comment && { comment }),
  }
}

export async function take(
  stream: AsyncGenerator<Sent>,
  count: number,
  wanted = (sent: Sent) => sent.event === 'leaf',
): Promise<Sent[]> {
  const found: Sent[] = []
  for await (const sent of stream) {
    if (wanted(sent)) found.push(sent)
    if (found.length >= count) break
  }
  return found
}
