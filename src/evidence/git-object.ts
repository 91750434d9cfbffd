/**
 * A git commit object, taken apart strictly from its bytes, under the id that those bytes have.
 *
 *     tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
 *     parent 83baae61804e65cc73a7201a7252750c76066a30
 *     author Dana <dana@acme.example> 1763900000 +0100
 *     committer Dana <dana@acme.example> 1763900000 +0100
 *     gpgsig -----BEGIN SSH SIGNATURE-----
 *      U1NIU0lHAAAAAQ...
 *      -----END SSH SIGNATURE-----
 *
 *     Sell shoes
 */

import { createHash } from 'node:crypto'

import { digestOf, type DigestText } from '../bytes/digest.ts'
import { attempt, refuse, type Refusal } from './refusal.ts'

export type Signer = {
  readonly name: string
  readonly email: string
  /** Claimed by whoever made the commit: ms since the epoch. */
  readonly claimedAt: number
  /** Such as `+0100`. */
  readonly zone: string
}

export type Commit = {
  /** Hexadecimal object id, recomputed: SHA-1, or SHA-256 in repositories of that format. */
  readonly id: string
  /** SHA-256 of the object's content (what `git cat-file commit` prints): two contents with one SHA-1 id still differ here. */
  readonly sha256: DigestText
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: Signer
  readonly committer: Signer
  /** Everyone named by a `Co-authored-by:` line, wherever it stands in the message. */
  readonly coAuthors: readonly { readonly name: string; readonly email: string }[]
  /** First line of the message, at most 200 characters. */
  readonly title: string
}

/** A commit with what is needed to verify its signature: the armored signature, and the bytes it is over. */
export type SignedCommit = Commit & { readonly signature: string | undefined; readonly payload: Uint8Array }

export const MAX_COMMIT_SIZE = 1_048_576
const MAX_PARENTS = 64
const MAX_CO_AUTHORS = 100

type Header = { readonly name: string; readonly value: string; readonly start: number; readonly end: number }

/** Parses the content of a commit object (without the `commit <size>\0` prefix), at most 1 MiB. Never throws. */
export function parseCommit(object: Uint8Array): SignedCommit | Refusal<'malformed' | 'too_large'> {
  if (object.length > MAX_COMMIT_SIZE) return refuse('too_large', 'The commit object is larger than 1 MiB.')
  const parsed = attempt(() => readCommit(object))
  return parsed ?? refuse('malformed', 'The bytes are not a well-formed git commit object.')
}

function readCommit(object: Uint8Array): SignedCommit {
  // One character per byte, so that offsets in the text are offsets in the bytes, whatever the encoding of names is.
  const text = Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString('latin1')
  const headersEnd = text.indexOf('\n\n') + 1
  if (headersEnd === 0 || text.slice(0, headersEnd).includes('\0')) throw new SyntaxError('no end of headers')
  const headers = readHeaders(text, headersEnd)

  const [tree, ...afterTree] = headers
  const parents = afterTree.slice(0, count(afterTree, 'parent'))
  const [author, committer, ...rest] = afterTree.slice(parents.length)
  if (tree?.name !== 'tree' || author?.name !== 'author' || committer?.name !== 'committer') {
    throw new SyntaxError('tree, author or committer is missing or out of order')
  }
  const signatures = judgeRest(rest)
  const id = readId(tree.value)
  const message = text.slice(headersEnd + 1)
  return {
    id: hashObject(object, id.algorithm),
    sha256: digestOf(object),
    tree: tree.value,
    parents: parents.map((parent) => readId(parent.value, id.algorithm).hex),
    author: readSigner(author.value),
    committer: readSigner(committer.value),
    coAuthors: readCoAuthors(message),
    title: decodeName(message.split('\n', 1)[0]!).slice(0, 200).toWellFormed(),
    // In a SHA-1 repository gpgsig-sha256 signs the commit's other, converted form: never a proof for these bytes.
    signature: signatures.find(({ name }) => name === (id.algorithm === 'sha1' ? 'gpgsig' : 'gpgsig-sha256'))?.value,
    payload: without(object, signatures),
  }
}

/** Header lines with their continuations; `start` and `end` are byte offsets, the final newline included. */
function readHeaders(text: string, headersEnd: number): Header[] {
  const headers: Header[] = []
  let start = 0
  while (start < headersEnd) {
    let end = text.indexOf('\n', start) + 1
    while (end < headersEnd && text[end] === ' ') end = text.indexOf('\n', end) + 1
    const [line, ...continuation] = text.slice(start, end - 1).split('\n')
    const [, name, first] = /^([A-Za-z][A-Za-z0-9:_-]*) (.*)$/s.exec(line!) ?? []
    if (name === undefined || first === undefined) throw new SyntaxError(`no header at ${start}`)
    headers.push({ name, value: [first, ...continuation.map((folded) => folded.slice(1))].join('\n'), start, end })
    start = end
  }
  return headers
}

function count(headers: readonly Header[], name: string): number {
  const other = headers.findIndex((header) => header.name !== name)
  const found = other === -1 ? headers.length : other
  if (found > MAX_PARENTS) throw new RangeError(`more than ${MAX_PARENTS} ${name} headers`)
  return found
}

const ONCE = new Set(['encoding', 'gpgsig', 'gpgsig-sha256'])
const NOT_AGAIN = new Set(['tree', 'parent', 'author', 'committer'])

/** Refuses what two readers could read differently; returns the signature headers. */
function judgeRest(rest: readonly Header[]): Header[] {
  const seen = new Set<string>()
  for (const { name } of rest) {
    if (NOT_AGAIN.has(name)) throw new SyntaxError(`second ${name}`)
    if (ONCE.has(name) && seen.has(name)) throw new SyntaxError(`second ${name}`)
    // git leaves every header that begins like this out of what is signed (commit.c, parse_buffer_signed_by_header).
    if (name.startsWith('gpgsig') && !ONCE.has(name)) throw new SyntaxError(`unknown ${name}`)
    seen.add(name)
  }
  return rest.filter(({ name }) => name === 'gpgsig' || name === 'gpgsig-sha256')
}

type Algorithm = 'sha1' | 'sha256'

function readId(hex: string, expected?: Algorithm): { hex: string; algorithm: Algorithm } {
  const algorithm = /^[0-9a-f]{40}$/.test(hex) ? 'sha1' : /^[0-9a-f]{64}$/.test(hex) ? 'sha256' : undefined
  if (!algorithm || (expected && algorithm !== expected)) throw new SyntaxError('not an object id of this repository')
  return { hex, algorithm }
}

function hashObject(object: Uint8Array, algorithm: Algorithm): string {
  return createHash(algorithm).update(`commit ${object.length}\0`).update(object).digest('hex')
}

/** `Name <email> seconds zone`. A name may be empty; angle brackets may not occur inside. */
function readSigner(value: string): Signer {
  const match = /^([^<>\n]*?) ?<([^<>\n]*)> (\d{1,12}) ([+-]\d{4})$/.exec(value)
  if (!match) throw new SyntaxError('not an identity')
  const [, name, email, seconds, zone] = match
  return { name: decodeName(name!), email: decodeName(email!), claimedAt: Number(seconds) * 1000, zone: zone! }
}

// Read too widely on purpose: naming someone here can only make more people unfit to approve.
function readCoAuthors(message: string): Commit['coAuthors'] {
  const found = message.split('\n').flatMap((line) => readCoAuthor(line) ?? [])
  if (found.length > MAX_CO_AUTHORS) throw new RangeError(`more than ${MAX_CO_AUTHORS} co-authors`)
  return found
}

function readCoAuthor(line: string): Commit['coAuthors'][number] | undefined {
  const [start] = /^\s{0,8}co-authored-by:/i.exec(line) ?? []
  if (start === undefined) return undefined
  if (line.length > 1000) throw new RangeError('co-author line too long')
  const [, name, email] = /^([^<>]*)<([^<>]*)>$/.exec(line.slice(start.length).trim()) ?? []
  if (name === undefined || email === undefined) return undefined
  return { name: decodeName(name.trim()), email: decodeName(email) }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 where the bytes are that, else Latin-1, as they have always been readable. */
function decodeName(latin1: string): string {
  return attempt(() => utf8.decode(Buffer.from(latin1, 'latin1'))) ?? latin1
}

function without(object: Uint8Array, headers: readonly Header[]): Uint8Array {
  const starts = [0, ...headers.map(({ end }) => end)]
  const ends = [...headers.map(({ start }) => start), object.length]
  return Buffer.concat(starts.map((start, index) => object.subarray(start, ends[index])))
}
