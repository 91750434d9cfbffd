/** The console as it was built, out of memory: what is not in the list made at the start cannot be asked for. */

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import { digestOf } from '../bytes/digest.ts'
import type { App, FastifyReply, FastifyRequest } from './app.ts'
import { isLoopbackAddress } from './header.ts'
import type { Port } from './port.ts'
import { problem, sendProblem } from './problem.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
}
const MAX_FILES = 2_000
const MAX_FILE_BYTES = 8 << 20

export type Asset = {
  readonly bytes: Buffer
  readonly type: string
  readonly etag: string
  zipped?: Buffer | undefined
}

/** Places of the console: each answers with the same page, which then shows what its address says. */
const PAGES = [
  '/',
  '/releases',
  '/releases/:id',
  '/approvals',
  '/trail',
  '/alerts',
  '/people',
  '/verify',
  '/enrol',
  '/sign-in',
  '/signed-in',
  '/device',
  '/cli-login',
]

export function pages(app: App, { config }: Port): void {
  const assets = loadAssets(config.consoleDirectory)
  const quiet = { schema: { hide: true }, config: { access: 'anyone', isFree: false } } as const
  for (const url of PAGES) app.get(url, quiet, async (request, reply) => sendPage('index.html', request, reply))
  app.get('/a/:fingerprint', quiet, async (request, reply) => sendPage('approve.html', request, reply))
  for (const [path, asset] of assets) {
    if (path.endsWith('.html')) continue
    const cache = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
    app.get(`/${path}`, quiet, async (request, reply) => send(asset, cache, request, reply))
  }

  function sendPage(name: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    // A passkey belongs to a host name; at a bare address the browser would not offer it.
    if (isLoopbackAddress(request.headers.host) && !isLoopbackAddress(new URL(config.publicUrl).host))
      return reply.code(302).header('location', new URL(request.url, config.publicUrl).href).send()
    const page = assets.get(name)
    if (!page)
      return sendProblem(reply, problem('not_built', 'The console is not built.', { next: 'npm run build:console' }))
    return send(page, 'no-cache', request, reply)
  }
}

export function assetOf(bytes: Buffer, type: string): Asset {
  return { bytes, type, etag: `"${digestOf(bytes).slice(7, 39)}"` }
}

/** Hidden files and the manifest of the build are not served. Empty when nothing was built. */
function loadAssets(directory: string): Map<string, Asset> {
  const assets = new Map<string, Asset>()
  for (const path of listFiles(directory)) {
    const name = relative(directory, path).split(sep).join('/')
    const type = TYPES[extname(name)]
    if (!type || name.split('/').some((part) => part.startsWith('.')) || !/^[A-Za-z0-9._/-]+$/.test(name)) continue
    if (assets.size >= MAX_FILES || statSync(path).size > MAX_FILE_BYTES) continue
    assets.set(name, assetOf(readFileSync(path), type))
  }
  return assets
}

function listFiles(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

export function send(asset: Asset, cache: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({ 'cache-control': cache, etag: asset.etag, vary: 'accept-encoding' }).type(asset.type)
  if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send()
  const wantsGzip = /(?:^|,)\s*gzip\s*(?:;|,|$)/.test(String(request.headers['accept-encoding'] ?? ''))
  if (!wantsGzip || !/^text|json|svg/.test(asset.type)) return reply.send(asset.bytes)
  asset.zipped ??= gzipSync(asset.bytes)
  return reply.header('content-encoding', 'gzip').send(asset.zipped)
}
