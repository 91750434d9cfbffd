/**
 * What a package says of itself, signed with the key of the log: an in-toto Statement whose subjects are all other members.
 *
 *     {"_type":"https://in-toto.io/Statement/v1","predicate":{"asked":{…},"checkpointSize":5210,"format":1,"from":0,…},
 *      "predicateType":"https://countersign.dev/evidence-package/v1","subject":[{"digest":{"sha256":"…"},"name":"HOWTO.txt"},…]}
 */

import { canonical, parseCanonical, type Json } from '../../bytes/json.ts'
import { fieldsOf, listOf, numberOf, textOf, type Fields } from './plain-leaf.ts'

export const PREDICATE_TYPE = 'https://countersign.dev/evidence-package/v1'
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
export const FRAMEWORKS = ['soc2', 'iso27001', 'ssdf', 'slsa', 'pci'] as const
export type Framework = (typeof FRAMEWORKS)[number]

/** The words of whoever asked; the same words over the same log make the same bytes. */
export type Asked = {
  /** A leaf index, or an instant: the first leaf at or after it. */
  readonly from: string
  /** The first leaf that is not in it any more, by index or instant. */
  readonly to: string
  readonly framework?: Framework
  readonly samples: number
  readonly nonce: string
  /** Personal data stay where they are; the leaves keep their digests. */
  readonly withhold?: 'personal'
}

export type Member = { readonly name: string; readonly sha256: string }

export type Manifest = {
  readonly origin: string
  /** The verifier key that signed this, and the checkpoint. */
  readonly logKey: string
  readonly witnesses: readonly string[]
  /** Leaves `from` (included) to `to` (excluded). */
  readonly from: number
  readonly to: number
  /** Size of the tree of the checkpoint, `to` or more. */
  readonly checkpointSize: number
  readonly asked: Asked
  readonly version: string
  readonly members: readonly Member[]
}

/** The bytes that are signed, as text. */
export function formatManifest({ members, ...predicate }: Manifest): string {
  return canonical({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: PREDICATE_TYPE,
    subject: members.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicate: { format: 1, ...predicate } as unknown as Json,
  })
}

/** Throws a SyntaxError for what `formatManifest` would not have written. */
export function parseManifest(text: string): Manifest {
  const statement = fieldsOf(parseCanonical(text))
  const said = fieldsOf(statement['predicate'])
  if (statement['predicateType'] !== PREDICATE_TYPE) throw new SyntaxError('the manifest is of another kind')
  if (said['format'] !== 1)
    throw new SyntaxError(`the package is of format ${numberOf(said['format'])}; this reads format 1`)
  const manifest: Manifest = {
    origin: textOf(said['origin']),
    logKey: textOf(said['logKey']),
    witnesses: listOf(said['witnesses']).map(textOf),
    from: numberOf(said['from']),
    to: numberOf(said['to']),
    checkpointSize: numberOf(said['checkpointSize']),
    asked: parseAsked(fieldsOf(said['asked'])),
    version: textOf(said['version']),
    members: listOf(statement['subject']).map(parseMember),
  }
  const { from, to, checkpointSize } = manifest
  if (from < 0 || to <= from || checkpointSize < to) throw new SyntaxError('the manifest names no range of leaves')
  if (formatManifest(manifest) !== text) throw new SyntaxError('the manifest says more, or less, than a manifest does')
  return manifest
}

function parseAsked(said: Fields): Asked {
  const framework = FRAMEWORKS.find((each) => each === said['framework'])
  return {
    from: textOf(said['from']),
    to: textOf(said['to']),
    ...(framework && { framework }),
    samples: numberOf(said['samples']),
    nonce: textOf(said['nonce']),
    ...(said['withhold'] === 'personal' && { withhold: 'personal' }),
  }
}

function parseMember(value: Json): Member {
  const { name, digest } = fieldsOf(value)
  return { name: textOf(name), sha256: textOf(fieldsOf(digest)['sha256']) }
}
