/**
 * The stand-alone page that checks packages, as it was built. It is handed out for people to keep: its script and style are inside it, and
 * the policy names them by their hashes, so that nothing else runs in it and it reaches no network.
 */

import { readFileSync } from 'node:fs'
import { sha256 } from '../bytes/digest.ts'
import { base64, utf8 } from '../bytes/text.ts'
import type { App } from './app.ts'
import type { Port } from './port.ts'
import { problem, sendProblem } from './problem.ts'
import { assetOf, send } from './static.ts'

const MAX_BYTES = 1 << 20

export function verifyPage(app: App, { config }: Port): void {
  const bytes = readPage(config.verifyPage)
  const policy = bytes && policyOf(utf8.decode(bytes))
  const asset = bytes && assetOf(bytes, 'text/html; charset=utf-8')
  const quiet = { schema: { hide: true }, config: { access: 'anyone', isFree: false } } as const
  app.get('/verify.html', quiet, async (request, reply) => {
    if (!asset || !policy)
      return sendProblem(reply, problem('not_built', 'verify.html is not built.', { next: 'npm run build:verify' }))
    void reply.header('content-security-policy', policy)
    return send(asset, 'no-cache', request, reply)
  })
}

function readPage(path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined
  try {
    const bytes = readFileSync(path)
    return bytes.length > MAX_BYTES ? undefined : bytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** CSP 3, 6.7.3.3: an inline script or style is allowed by the hash of exactly what stands between its tags. */
function policyOf(page: string): string {
  const hashes = (tag: string) =>
    [...page.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([\\s\\S]*?)</${tag}>`, 'g'))]
      .map(([, text = '']) => `'sha256-${base64.encode(sha256(utf8.encode(text)))}'`)
      .join(' ')
  return [
    "default-src 'none'",
    `script-src ${hashes('script') || "'none'"}`,
    `style-src ${hashes('style') || "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
