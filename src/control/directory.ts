/** Who the people behind the ids are: a projection of disclosures, which forgets when they are erased. */

import type { Disclosure } from '../bytes/disclosure.ts'
import type { AccountEvent } from '../domain/account.ts'
import type { Leaf } from '../domain/leaf.ts'
import { fold } from './mention.ts'
import { SavedSearches } from './saved-search.ts'
import { valueOf } from './seal.ts'

export type Entry = {
  handle?: string
  name?: string
  /** What the directory that brought them calls them. */
  userName?: string
  externalId?: string
  readonly emails: Set<string>
  isSoftware: boolean
}

/** Of the jobs that came last; who started an older one stands beside its leaf. */
const MAX_ACTORS = 10_000

export class Directory {
  readonly searches = new SavedSearches()
  readonly #people = new Map<string, Entry>()
  readonly #handles = new Map<string, string>()
  readonly #emails = new Map<string, string>()
  /** Issuer and account to whose it is. */
  readonly #accounts = new Map<string, string>()
  /** Job to the one who started it, as the CI named them. */
  readonly #actors = new Map<string, string>()

  person(id: string): Entry | undefined {
    return this.#people.get(id)
  }

  /** The person of that handle, with or without its `@`. Handles differ by more than case. */
  find(handle: string): string | undefined {
    return this.#handles.get(fold(handle.replace(/^@/, '')))
  }

  /** Whose address that is; somebody who enrolled it, not whoever claims it. */
  byEmail(email: string): string | undefined {
    return this.#emails.get(fold(email))
  }

  /** The person whose account at that CI it is. */
  byAccount(issuer: string, account: string): string | undefined {
    return this.#accounts.get(`${issuer}\n${account}`)
  }

  hasAccount(person: string, issuer: string): boolean {
    return [...this.#accounts].some(([key, owner]) => owner === person && key.startsWith(`${issuer}\n`))
  }

  actorOf(job: string): string | undefined {
    return this.#actors.get(job)
  }

  /** Takes in what one leaf disclosed about a person, or of what they keep. */
  apply(leaf: Leaf, disclosures: readonly Disclosure[]): void {
    const { event, outcome } = leaf
    if (outcome === 'refused') return
    this.searches.apply(leaf, disclosures)
    if (event.type === 'scim.provisioned' || event.type === 'scim.described') this.#describe(event.person, disclosures)
    if (event.type === 'principal.invited' || event.type === 'principal.enrolled')
      this.#describe(event.person, disclosures)
    if (event.type === 'principal.enrolled') this.#entry(event.person).isSoftware = event.passkey.isSoftware
    if (event.type === 'account.linked' || event.type === 'account.unlinked') this.#link(event, disclosures)
    if (event.type === 'key.enrolled') this.#describe(event.person, disclosures)
    const actor = event.type === 'login.opened' ? valueOf(disclosures, 'actor') : undefined
    if (event.type !== 'login.opened' || !actor) return
    this.#actors.set(event.principal, actor)
    if (this.#actors.size > MAX_ACTORS) this.#actors.delete(this.#actors.keys().next().value!)
  }

  /** Drops what is covered; `values`, folded, are what the person was called. */
  forget(id: string, values: ReadonlySet<string>, covers: (name: string) => boolean): void {
    this.searches.forget(id, values, covers)
    const entry = this.#people.get(id)
    if (covers('handle')) {
      for (const [handle, owner] of this.#handles) if (owner === id) this.#handles.delete(handle)
      delete entry?.handle
    }
    if (covers('name')) delete entry?.name
    if (covers('userName')) delete entry?.userName
    if (covers('externalId')) delete entry?.externalId
    if (covers('account')) this.#unlink(id, '')
    if (covers('email')) {
      for (const email of entry?.emails ?? []) this.#emails.delete(email)
      entry?.emails.clear()
    }
    if (covers('actor')) for (const [job, actor] of this.#actors) if (values.has(fold(actor))) this.#actors.delete(job)
  }

  #link({ type, person, issuer }: AccountEvent, disclosures: readonly Disclosure[]): void {
    const account = valueOf(disclosures, 'account')
    if (type === 'account.unlinked') this.#unlink(person, `${issuer}\n`)
    else if (account) this.#accounts.set(`${issuer}\n${account}`, person)
  }

  #unlink(person: string, prefix: string): void {
    for (const [key, owner] of this.#accounts)
      if (owner === person && key.startsWith(prefix)) this.#accounts.delete(key)
  }

  #describe(id: string, disclosures: readonly Disclosure[]): void {
    const entry = this.#entry(id)
    const handle = valueOf(disclosures, 'handle')
    const name = valueOf(disclosures, 'name')
    if (handle) {
      entry.handle = handle
      this.#handles.set(fold(handle), id)
    }
    if (name) entry.name = name
    const [userName, externalId] = [valueOf(disclosures, 'userName'), valueOf(disclosures, 'externalId')]
    if (userName) entry.userName = userName
    if (externalId) entry.externalId = externalId
    for (const email of valueOf(disclosures, 'email')?.split(',') ?? []) {
      if (this.#emails.has(fold(email))) continue
      entry.emails.add(fold(email))
      this.#emails.set(fold(email), id)
    }
  }

  #entry(id: string): Entry {
    const known = this.#people.get(id) ?? { emails: new Set<string>(), isSoftware: false }
    this.#people.set(id, known)
    return known
  }
}
