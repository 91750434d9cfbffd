/**
 * Installation tokens of a GitHub App (GitHub REST, "Create an installation access token for an app"), each for one repository and
 * named permissions. What the App itself proves itself with goes to one host alone, and lives for minutes.
 */

import { createPrivateKey } from 'node:crypto'

import * as z from '../bytes/schema.ts'
import { signToken } from './token.ts'

export type GithubApp = {
  /** Where its API is, such as `https://api.github.com` or `https://github.example/api/v3`. */
  readonly api: string
  /** Client id or app id. */
  readonly appId: string
  readonly installationId: string
  /** PEM. */
  readonly privateKey: string
}

export type Scope = {
  /** Name without its owner. */
  readonly repository: string
  readonly permissions: Readonly<Record<string, string>>
}

export type InstallationToken = { readonly token: string; readonly expiresAt: number }

/** GitHub did not do it, or did more than it was asked for; the message is one sentence. */
export class GithubFailure extends Error {
  /** Of the answer, where there was one. */
  readonly answered: number | undefined

  constructor(message: string, answered?: number) {
    super(message)
    this.name = 'GithubFailure'
    this.answered = answered
  }
}

const TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 1 << 20

const answer = z.looseObject({
  token: z.string().min(1).max(1024),
  expires_at: z.iso.datetime(),
  permissions: z.record(z.string(), z.string()),
  repositories: z.array(z.looseObject({ name: z.string() })).optional(),
})

/** `at`: now, in ms. Rejects with a GithubFailure. */
export async function requestToken(app: GithubApp, scope: Scope, at: number): Promise<InstallationToken> {
  const path = `/app/installations/${encodeURIComponent(app.installationId)}/access_tokens`
  const body = { repositories: [scope.repository], permissions: scope.permissions }
  const said = answer.safeParse(await ask(app.api, 'POST', path, appToken(app, at), body))
  if (!said.success) throw new GithubFailure('GitHub answered with something that is no installation token.')
  const { token, expires_at: expires, permissions, repositories = [] } = said.data
  if (!isWithin(scope, permissions, repositories)) {
    await revokeToken(app.api, token).catch(() => undefined)
    throw new GithubFailure('GitHub gave a token for more than was asked for; it was revoked at once.')
  }
  return { token, expiresAt: Date.parse(expires) }
}

/** The token opens nothing afterwards. Rejects with a GithubFailure. */
export async function revokeToken(api: string, token: string): Promise<void> {
  await ask(api, 'DELETE', '/installation/token', token).catch((error: Error) => {
    // It opens nothing already.
    if (!(error instanceof GithubFailure && error.answered === 401)) throw error
  })
}

function isWithin(
  scope: Scope,
  permissions: Readonly<Record<string, string>>,
  repositories: readonly { readonly name: string }[],
): boolean {
  // Every App may read metadata, whatever it asked for.
  const others = Object.entries(permissions).filter(([name, level]) => !(name === 'metadata' && level === 'read'))
  const isOne = repositories.length === 1 && repositories[0]!.name.toLowerCase() === scope.repository.toLowerCase()
  return isOne && others.every(([name, level]) => scope.permissions[name] === level)
}

/** GitHub takes ten minutes at most, and a clock that is a minute ahead of its own. */
function appToken({ appId, privateKey }: GithubApp, at: number): string {
  const now = Math.floor(at / 1000)
  return signToken({ iss: appId, iat: now - 60, exp: now + 300 }, { key: createPrivateKey(privateKey) })
}

async function ask(api: string, method: string, path: string, bearer: string, body?: object): Promise<unknown> {
  const { protocol, hostname } = new URL(api)
  if (protocol !== 'https:' && !['127.0.0.1', 'localhost'].includes(hostname))
    throw new GithubFailure('The API of GitHub is asked over https alone.')
  const response = await fetch(`${api.replace(/\/$/, '')}${path}`, {
    method,
    // What is sent along opens everything the App may: it follows no redirect.
    redirect: 'error',
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${bearer}`,
      'user-agent': 'countersign',
      'x-github-api-version': '2022-11-28',
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: Error) => {
    throw new GithubFailure(`GitHub could not be reached: ${error.message}.`)
  })
  if (!response.ok) {
    await response.body?.cancel()
    throw new GithubFailure(`GitHub answered ${response.status} to ${method} ${path}.`, response.status)
  }
  if (response.status === 204) return undefined
  return JSON.parse(await read(response))
}

async function read(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER_BYTES) throw new GithubFailure('The answer of GitHub is larger than it should be.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
