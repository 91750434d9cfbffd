/** The token by which a CI vouches for this job, made for our audience and nobody else's. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parse } from '../bytes/json.ts'
import { base64url, utf8 } from '../bytes/text.ts'
import { Failure } from './failure.ts'
import { variable } from './setting.ts'
import { readSmall } from './state-file.ts'
import type { Environment } from './terminal.ts'
import { exchange } from './transport.ts'

/**
 * A compact JWT. From `COUNTERSIGN_ID_TOKEN_FILE`, `COUNTERSIGN_ID_TOKEN`, the endpoint of GitHub and Forgejo, or the program of
 * Buildkite and CircleCI; else a Failure `signIn`.
 */
export async function obtainToken(env: Environment, audience: string): Promise<string> {
  const path = variable(env, 'COUNTERSIGN_ID_TOKEN_FILE')
  const given = path ? readSmall(path)?.trim() : variable(env, 'COUNTERSIGN_ID_TOKEN')
  const token = given ?? (await askGithub(env, audience)) ?? (await askProgram(env, audience))
  if (token && /^[\w-]+\.[\w-]+\.[\w-]+$/u.test(token) && token.length <= 16_384) return token
  if (token || path) throw new Failure('usage', 'bad_id_token', `${path ?? 'the CI'} does not hold an OIDC token`)
  throw new Failure('signIn', 'no_id_token', 'this job has no OIDC token', {
    next: 'in GitHub Actions set permissions: id-token: write; elsewhere set COUNTERSIGN_ID_TOKEN_FILE',
  })
}

/** GitHub Actions: GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=…, with the request token, answers {"value": JWT}. */
async function askGithub(env: Environment, audience: string): Promise<string | undefined> {
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL']
  const requestToken = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']
  if (!url || !requestToken || !URL.canParse(url)) return undefined
  const endpoint = new URL(url)
  endpoint.searchParams.set('audience', audience)
  const { status, body } = await exchange(endpoint.origin, {
    method: 'GET',
    path: endpoint.pathname + endpoint.search,
    headers: { authorization: `Bearer ${requestToken}` },
  })
  const value = (body as { readonly value?: unknown } | undefined)?.value
  if (status === 200 && typeof value === 'string') return value
  throw new Failure('signIn', 'no_id_token', `the CI answered ${status} when asked for an OIDC token`, {
    next: 'check permissions: id-token: write',
  })
}

const PROGRAMS: readonly (readonly [sign: string, command: (audience: string) => readonly [string, ...string[]]])[] = [
  ['BUILDKITE', (audience) => ['buildkite-agent', 'oidc', 'request-token', '--audience', audience]],
  ['CIRCLECI', (audience) => ['circleci', 'run', 'oidc', 'get', '--claims', JSON.stringify({ aud: audience })]],
]

/** CIs whose agent makes the token: it prints it, and nothing else. */
async function askProgram(env: Environment, audience: string): Promise<string | undefined> {
  const found = PROGRAMS.find(([sign]) => env[sign] === 'true')
  if (!found) return undefined
  const [program, ...words] = found[1](audience)
  try {
    const { stdout } = await promisify(execFile)(program, words, { env, timeout: 15_000, maxBuffer: 65_536 })
    return stdout.trim()
  } catch (error) {
    const { code } = error as { readonly code?: string | number }
    throw new Failure('signIn', 'no_id_token', `${program} gave no OIDC token (${String(code ?? 'no answer')})`, {
      next: `run it by hand: ${program} ${words.slice(0, 3).join(' ')}`,
    })
  }
}

/** Whether this job's CI makes a new token for whoever asks again; others give one for the whole job. */
export function canAskAgain(env: Environment): boolean {
  const [file, given] = ['COUNTERSIGN_ID_TOKEN_FILE', 'COUNTERSIGN_ID_TOKEN'].map((name) => variable(env, name))
  return file !== undefined || given === undefined
}

export type Claims = Readonly<Record<string, unknown>>

/** The claims of a token, unverified: for labels and file names of this job. What they are worth is the server's to say. */
export function readClaims(token: string): Claims {
  try {
    const claims = parse(utf8.decode(base64url.decode(token.split('.')[1] ?? '')))
    if (claims !== null && typeof claims === 'object' && !Array.isArray(claims)) return claims as Claims
  } catch {
    // Said below, as for claims that are no object.
  }
  throw new Failure('usage', 'bad_id_token', 'the OIDC token of this job cannot be read')
}
