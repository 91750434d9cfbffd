/** Installation tokens of a GitHub App from grants. Ours are remembered until they are taken back, in memory alone: after a restart, they expire by themselves. */

import { parse } from '../bytes/json.ts'
import * as z from '../bytes/schema.ts'
import * as github from '../credential/github.ts'
import type { Grant } from '../domain/grant.ts'
import type { Target } from '../domain/target.ts'
import type { SecretCredential } from './lend-secret.ts'

const app = z.strictObject({
  api: z.url({ protocol: /^https?$/ }).default('https://api.github.com'),
  appId: z.string().min(1).max(128),
  installationId: z.string().regex(/^\d{1,20}$/),
  privateKey: z.string().max(3800),
})

type Held = { readonly api: string; readonly token: string; readonly expiresAt: number }

export class GithubTokens {
  readonly #held = new Map<string, Held>()

  /** `adminFile`: what the file says about the App, as JSON. Throws when GitHub refuses, or the file names another host than the target. */
  async mint(
    grant: Grant,
    target: Target,
    adminFile: string,
    at: number,
  ): Promise<Omit<SecretCredential, 'host' | 'port'>> {
    const { repository, permissions, variable = 'GITHUB_TOKEN' } = target
    if (!repository || !permissions) throw new Error(`target ${target.target} names no repository; define it again`)
    const known = appOf(adminFile, target)
    const scope = { repository: repository.split('/')[1]!, permissions }
    const { token, expiresAt } = await github.requestToken(known, scope, at)
    for (const [id, old] of this.#held) if (old.expiresAt <= at) this.#held.delete(id)
    this.#held.set(grant.grant, { api: known.api, token, expiresAt })
    return { kind: 'github', value: token, variable, serial: String(grant.leafIndex) }
  }

  /** False when we do not know it any more. Throws to be tried again. */
  async withdraw(grant: Grant): Promise<boolean> {
    const held = this.#held.get(grant.grant)
    if (!held) return false
    await github.revokeToken(held.api, held.token)
    this.#held.delete(grant.grant)
    return true
  }
}

/** The log says where tokens come from; a file that was changed since sends nothing elsewhere. */
function appOf(adminFile: string, { target, address }: Target): github.GithubApp {
  const said = app.safeParse(parse(adminFile))
  if (!said.success) throw new Error(`the admin file of ${target} does not describe a GitHub App`)
  const { host, hostname, protocol } = new URL(said.data.api)
  const place = host === hostname ? `${hostname}:${protocol === 'https:' ? 443 : 80}` : host
  if (place !== address) throw new Error(`the admin file of ${target} names ${place}, and the target ${address}`)
  return said.data
}
