/** Everything personal about one person that is kept beside leaves, and the evidence that names them. */

import type { Disclosure } from '../bytes/disclosure.ts'
import type { DigestText } from '../bytes/digest.ts'
import { covers, type Erasure } from '../domain/erasure.ts'
import { read, type Leaf } from '../domain/leaf.ts'
import type { Ledger } from './ledger.ts'
import { fold, mentions } from './mention.ts'
import { formatDisclosures, openSeal } from './seal.ts'

export interface Personal {
  /** Leaf index to the disclosures that stay beside it; undefined where none do. */
  readonly left: ReadonlyMap<number, Uint8Array | undefined>
  /** The disclosures that go, as they travel. */
  readonly texts: ReadonlySet<string>
  /** The handle, name and addresses that go. */
  readonly values: ReadonlySet<string>
  /** Keys of the person, and pushes with commits that they wrote or signed. */
  readonly evidence: ReadonlySet<DigestText>
}

/** What says something about the machine of whoever asked. */
const OF_CALLER: ReadonlySet<string> = new Set(['ip', 'userAgent'])
/** What people typed to search: whoever is named in it may have it erased, too. */
const TYPED: ReadonlySet<string> = new Set(['query', 'queries', 'searchName'])
const IDENTITY: ReadonlySet<string> = new Set(['handle', 'name', 'email', 'userName', 'externalId'])

/** Looks through every leaf before the order. Rejects with a StoreError where one cannot be read. */
export async function findPersonal(erasure: Erasure, ledger: Ledger): Promise<Personal> {
  const { log, state } = ledger
  const described = new Set(
    [...state.people.values()].flatMap(({ id, disclosedIn }) => (id === erasure.person ? [] : disclosedIn)),
  )
  const values = await identityOf(erasure, ledger)
  const needle = Buffer.from(erasure.person)
  const left = new Map<number, Uint8Array | undefined>()
  const texts = new Set<string>()
  const evidence = new Set<DigestText>(keysOf(erasure, ledger))
  for await (const { leafIndex, leaf: bytes } of log.leaves(0, erasure.leafIndex)) {
    const isNamed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(needle)
    if (!isNamed && values.size === 0) continue
    const leaf = read(bytes)
    if (isNamed && leaf.event.type.startsWith('repository.')) for (const digest of commitsOf(leaf)) evidence.add(digest)
    if (isNamed) for (const digest of idTokensOf(leaf, erasure)) evidence.add(digest)
    const kept = leaf.personal && openSeal(leaf.personal, await log.disclosures(leafIndex))
    if (!kept || kept.length === 0) continue
    const isOfAnother = described.has(leafIndex)
    const going = kept.filter((each) => goes(each, leaf, { erasure, values, isOfAnother }))
    if (going.length === 0) continue
    const staying = kept.filter((each) => !going.includes(each))
    for (const { text } of going) texts.add(text)
    left.set(leafIndex, staying.length > 0 ? formatDisclosures(staying) : undefined)
  }
  return { left, texts, values, evidence }
}

type About = { readonly erasure: Erasure; readonly values: ReadonlySet<string>; readonly isOfAnother: boolean }

function goes({ name, value }: Disclosure, leaf: Leaf, { erasure, values, isOfAnother }: About): boolean {
  if (!covers(erasure, name)) return false
  const isTheirs = leaf.caller.id === erasure.person
  const isSubject = subjectOf(leaf) === erasure.person
  // Nobody is signed in yet when they enrol: then the parts of Countersign speak for them.
  if (OF_CALLER.has(name)) return isTheirs || (isSubject && leaf.caller.kind === 'system')
  if (IDENTITY.has(name)) return isSubject || (!isOfAnother && isAmong(value, values))
  return isTheirs || isSubject || (TYPED.has(name) ? mentions(value, values) : isAmong(value, values))
}

function subjectOf({ event }: Leaf): string | undefined {
  if ('person' in event) return event.person
  return 'principal' in event ? event.principal : undefined
}

/** Addresses are kept as a list. */
function isAmong(value: string, values: ReadonlySet<string>): boolean {
  return [value, ...value.split(',')].some((each) => values.has(fold(each)))
}

/** By what the person may be named beside leaves that do not say whom they are about, such as an invitation that was refused. */
async function identityOf(erasure: Erasure, { log, state, directory }: Ledger): Promise<Set<string>> {
  const values = new Set<string>()
  const add = (name: string, value: string | undefined) => {
    if (value && covers(erasure, name))
      for (const each of name === 'email' ? value.split(',') : [value]) values.add(fold(each))
  }
  const { handle, name, emails = [] } = directory.person(erasure.person) ?? {}
  add('handle', handle)
  add('name', name)
  for (const email of emails) add('email', email)
  for (const leafIndex of state.people.get(erasure.person)?.disclosedIn ?? []) {
    const { personal } = read(await log.leaf(leafIndex))
    const kept = openSeal(personal, await log.disclosures(leafIndex))
    for (const each of kept) if (IDENTITY.has(each.name)) add(each.name, each.value)
  }
  return values
}

/** Public keys carry user ids or a comment. */
function keysOf({ person }: Erasure, { state }: Ledger): DigestText[] {
  return [...state.keys.values()].filter((key) => key.person === person).map(({ publicKey }) => publicKey as DigestText)
}

/** A provider says more of a person than we ask for: addresses, names. */
function idTokensOf({ event, evidence }: Leaf, { person }: Erasure): DigestText[] {
  const { principal, person: named } = event as { readonly principal?: string; readonly person?: string }
  if ((named ?? principal) !== person) return []
  return evidence.filter(({ kind }) => kind === 'id-token').map(({ digest }) => digest as DigestText)
}

function commitsOf({ evidence }: Leaf): DigestText[] {
  return evidence.filter(({ kind }) => kind === 'commits').map(({ digest }) => digest as DigestText)
}
