/** Credentials from grants: made once the grant is on disk, taken back when it ends, and looked for when they were forgotten. */

import { randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import * as postgres from '../credential/postgres.ts'
import { issueCertificate } from '../credential/ssh.ts'
import type { Cleared, Grant } from '../domain/grant.ts'
import type { ReadonlyState } from '../domain/state.ts'
import type { Target } from '../domain/target.ts'
import { isRefusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import type { Secrets } from '../store/secret.ts'
import type { Authorities } from './authority.ts'
import { mintCertificate, type X509Credential } from './lend-certificate.ts'
import { listAccounts, mintAccount, withdrawAccount, type MysqlCredential } from './lend-mysql.ts'
import { GithubTokens } from './lend-github.ts'
import { openSecret, type SecretCredential } from './lend-secret.ts'
import { formatHostAuthorities } from './host-certificate.ts'
import { mintToken, type TokenCredential } from './lend-token.ts'
import type { TargetAccess } from './target-access.ts'

export type SshCredential = {
  readonly kind: 'ssh'
  readonly certificate: string
  readonly serial: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly hostKey?: string
  /** Keys of the authority that certified the host. */
  readonly hostAuthorities?: string[]
}
export type PostgresCredential = {
  readonly kind: 'postgres'
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly serial: string
}
export type Credential =
  | SshCredential
  | PostgresCredential
  | MysqlCredential
  | TokenCredential
  | X509Credential
  | SecretCredential

const PREFIX = 'cs_'
/** Clocks of targets may be a little behind ours. */
const SKEW_MS = 30_000

export class Lender {
  readonly #sshCa: KeyObject
  readonly #access: TargetAccess
  readonly #authorities: Authorities
  readonly #secrets: Pick<Secrets, 'open'>
  readonly #github = new GithubTokens()

  constructor(sshCa: KeyObject, access: TargetAccess, authorities: Authorities, secrets: Pick<Secrets, 'open'>) {
    this.#secrets = secrets
    this.#sshCa = sshCa
    this.#access = access
    this.#authorities = authorities
  }

  /** The one moment at which the secret exists here: it goes to the caller and is not kept. Throws when the target refuses. */
  async mint(grant: Grant, state: ReadonlyState): Promise<Credential> {
    const target = state.targets.get(grant.target)!
    const made = await this.#make(grant, target, state)
    if (state.grants.get(grant.grant)?.endedAt === undefined) return made
    // Revoked while the target was busy: nobody gets it, and whoever was told to clear it may have come too early.
    await this.withdraw(grant, state, grant.issuedAt)
    throw new Error('the grant ended while its credential was made')
  }

  async #make(grant: Grant, target: Target, state: ReadonlyState): Promise<Credential> {
    switch (target.kind) {
      case 'ssh':
        return this.#mintCertificate(grant, target, state)
      case 'postgres':
        return this.#mintRole(grant, target)
      case 'mysql': {
        const made = await mintAccount(roleOf(grant), target, await this.#access.connectionOf(target.target))
        return { ...made, ...placeOf(target), serial: String(grant.leafIndex) }
      }
      case 'github': {
        const app = await this.#access.connectionOf(target.target)
        return { ...(await this.#github.mint(grant, target, app, grant.issuedAt)), ...placeOf(target) }
      }
      case 'secret':
        return { ...(await openSecret(grant, target, state, this.#secrets)), ...placeOf(target) }
      case 'oidc':
        return { ...(await mintToken(grant, target, state, this.#authorities)), ...placeOf(target) }
      case 'x509':
        return { ...(await mintCertificate(grant, target, state, this.#authorities)), ...placeOf(target) }
    }
  }

  #mintCertificate(grant: Grant, target: Target, state: ReadonlyState): SshCredential {
    const key = parseSshPublicKey(grant.publicKey ?? '')
    if (isRefusal(key)) throw new Error('the grant names no SSH public key')
    const release = state.releases.get(grant.release)!
    const logins = target.logins ?? ['deploy']
    const { text, serial } = issueCertificate(
      {
        grantId: grant.grant,
        leafIndex: grant.leafIndex,
        note: `release=${release.release} environment=${release.environment}`,
        publicKey: key.blob,
        principals: logins,
        validFrom: grant.issuedAt - SKEW_MS,
        validUntil: grant.expiresAt,
        forceCommand: target.forceCommand,
        sourceAddresses: target.sourceAddress?.split(','),
      },
      { key: this.#sshCa, nonce: randomBytes(32) },
    )
    return {
      kind: 'ssh',
      certificate: text,
      serial,
      ...placeOf(target),
      user: logins[0]!,
      ...(target.hostKey && { hostKey: target.hostKey }),
      ...((target.certified?.until ?? 0) > grant.issuedAt && {
        hostAuthorities: formatHostAuthorities(this.#authorities),
      }),
    }
  }

  async #mintRole(grant: Grant, target: Target): Promise<PostgresCredential> {
    const user = roleOf(grant)
    const password = postgres.createPassword()
    const database = target.database ?? 'postgres'
    const admin = await this.#admin(grant.target)
    await postgres.createRole({
      admin,
      name: user,
      password,
      parentRoles: [parentOf(target)],
      validUntil: grant.expiresAt,
    })
    return { kind: 'postgres', user, password, ...placeOf(target), database, serial: String(grant.leafIndex) }
  }

  async #admin(target: string): Promise<postgres.PostgresAdmin> {
    return adminOf(await this.#access.connectionOf(target))
  }

  /** Makes the credential of an ended grant useless at its target, as far as can be. Safe to repeat. Throws to be tried again. */
  async withdraw(
    grant: Grant,
    state: ReadonlyState,
    at: number,
  ): Promise<{ readonly how: Cleared; readonly terminated: number }> {
    if (grant.cause === 'mint_failed' && !isMadeThere(grant)) return { how: 'never_made', terminated: 0 }
    if (grant.kind === 'oidc') return { how: grant.expiresAt <= at ? 'expired' : 'left_to_expire', terminated: 0 }
    if (grant.kind === 'ssh' || grant.kind === 'x509')
      return { how: grant.expiresAt <= at ? 'expired' : 'listed_as_revoked', terminated: 0 }
    if (grant.kind === 'secret') return { how: 'must_be_replaced', terminated: 0 }
    if (grant.kind === 'github')
      return { how: (await this.#github.withdraw(grant)) ? 'token_revoked' : 'left_to_expire', terminated: 0 }
    if (grant.kind === 'mysql') {
      const url = await this.#access.connectionOf(grant.target)
      return { how: 'account_dropped', terminated: await withdrawAccount(roleOf(grant), url) }
    }
    const owner = parentOf(state.targets.get(grant.target)!)
    const { terminated } = await postgres.withdrawRole({
      admin: await this.#admin(grant.target),
      name: roleOf(grant),
      owner,
    })
    return { how: 'role_dropped', terminated }
  }

  /**
   * Drops roles of grants that are over: a crash between making and answering leaves such. `isLeftover` knows them, and is asked
   * after the roles were listed, so that one that is made meanwhile is not among them.
   */
  async reconcile(target: Target, isLeftover: (role: string) => boolean): Promise<string[]> {
    if (target.kind === 'mysql') {
      const url = await this.#access.connectionOf(target.target)
      const leaked = (await listAccounts(PREFIX, url)).filter(isLeftover)
      for (const name of leaked) await withdrawAccount(name, url)
      return leaked
    }
    if (target.kind !== 'postgres') return []
    const admin = await this.#admin(target.target)
    const listed = await postgres.listRoles(admin, PREFIX)
    const leaked = listed.filter(({ name }) => isLeftover(name))
    for (const { name } of leaked) await postgres.withdrawRole({ admin, name, owner: parentOf(target) })
    return leaked.map(({ name }) => name)
  }
}

/** Something may be there even where making it failed. */
function isMadeThere({ kind }: Grant): boolean {
  return kind === 'postgres' || kind === 'mysql' || kind === 'github'
}

/** The role's name says which leaf made it, so that whoever finds it at the target can look it up. */
export function roleOf({ leafIndex, grant }: Pick<Grant, 'leafIndex' | 'grant'>): string {
  return `${PREFIX}${leafIndex}_${grant.slice('grant:'.length, 'grant:'.length + 6)}`
}

/** The leaf that a role's name speaks of; -1 for a name that is none of ours. */
export function leafIndexOf(role: string): number {
  return Number(/^cs_(\d{1,15})_/.exec(role)?.[1] ?? -1)
}

/** Whose privileges a job's role inherits, and who owns afterwards what it made. */
function parentOf({ target, parentRole }: Target): string {
  if (!parentRole) throw new Error(`target ${target} names no parent role; define it again with one`)
  return parentRole
}

/** `postgres://admin:secret@host:5432/database`, or `postgres:///database?host=/run/postgresql` for a socket. */
function adminOf(url: string): postgres.PostgresAdmin {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? decodeURIComponent(hostname)
  return {
    host,
    database: decodeURIComponent(pathname.slice(1)) || 'postgres',
    ...((port || searchParams.get('port')) && { port: Number(port || searchParams.get('port')) }),
    ...(username && { user: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    ...(searchParams.get('sslmode') === 'verify-full' && { ssl: { rejectUnauthorized: true } }),
  }
}

function placeOf({ address }: Target): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}
