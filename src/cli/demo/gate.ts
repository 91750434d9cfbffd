/** Facts 5 and 6: a job attests what it built, and waits at a gate that only two other people can open. */

import * as z from '../../bytes/schema.ts'
import * as shape from '../../control/view/shape.ts'
import { readArtifact } from '../artifact.ts'
import { releaseSummary, release as releaseShape } from '../contract-release.ts'
import type { Cast } from './cast.ts'
import { mustHold } from './eventually.ts'
import { startJob, type Running, type Starting } from './job.ts'
import type { Person, Typed } from './person.ts'
import type { Proof, Tale } from './tale.ts'

export interface Built {
  readonly running: Running
  /** `sha256:…` of the artifact. */
  readonly digest: string
}

export interface Gated {
  readonly release: string
  readonly fingerprint: string
  /** Leaf of the approval that opened the gate. */
  readonly approvedAt: number
}

const BUILD_MS = 60_000
const FINGERPRINT = /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/u
const REFUSED = 3

/** Fact 5. */
export async function build(starting: Starting, { mara }: Cast): Promise<Proof & { readonly outcome: Built }> {
  const running = await startJob(starting)
  const [, digest = '', leaf = ''] = await running.job.until(
    /^attested \S+ (sha256:[0-9a-f]{64})\nleaf: (\d+)$/mu,
    BUILD_MS,
  )
  mustHold((await readArtifact(running.artifactFile)).digest === digest, 'the attested digest is that of the file')
  const leafIndex = Number(leaf)
  const { row, evidence } = await mara.get(`/api/v1/leaves/${leafIndex}`, shape.leafDetail)
  mustHold(row.type === 'build.attested' && row.who.kind === 'job', 'the leaf says that the job attested the build')
  mustHold(evidence.length > 0, 'the signed provenance is kept as evidence')
  const sentence = `A job with a CI token of its own built shop.tar and signed its provenance (${digest.slice(0, 19)}…)`
  return { sentence, leafIndex, outcome: { running, digest } }
}

const releases = z.object({ releases: z.array(releaseSummary) })

/** Fact 6. */
export async function openGate(
  { running, digest }: Built,
  { ivo, noor, sam }: Cast,
  tale: Tale,
): Promise<Proof & { readonly outcome: Gated }> {
  const [waiting] = await running.job.until(/^Waiting for 2 of 2 signatures\..*$/mu, BUILD_MS)
  const found = (await noor.get('/api/v1/releases?state=waiting', releases)).releases.find(
    ({ artifact }) => artifact === digest,
  )
  mustHold(found !== undefined, 'the release waits')
  const { release, fingerprint } = found

  const own = await ivo.countersign(['approve', fingerprint, '--software-passkey', 'passkey.json'], REFUSED)
  const { row } = await ivo.get(`/api/v1/leaves/${leafOf(own)}`, shape.leafDetail)
  mustHold(
    row.type === 'approval.refused' && row.outcome === 'refused',
    'the author’s own approval is refused, in a leaf',
  )
  tale.say('@ivo wrote a part of it, and nobody approves what they wrote')

  const first = await approve(noor, fingerprint)
  const second = await approve(sam, fingerprint)
  const shown = [FINGERPRINT.exec(waiting)?.[0], fingerprintIn(first), fingerprintIn(second), fingerprint]
  mustHold(new Set(shown).size === 1, `every channel shows the same fingerprint (${shown.join(', ')})`)
  tale.say(`fingerprint ${fingerprint} in the CI log, at both approvers, and in the API`)
  const { given, approvals } = await noor.get(`/api/v1/releases/${encodeURIComponent(release)}`, releaseShape)
  mustHold(
    given === 2 && approvals.every(({ software }) => software === true),
    'two people approved, labelled as software',
  )
  const sentence = `Release ${fingerprint} waited; its author was refused; two people signed its exact statement`
  return { sentence, leafIndex: leafOf(second), outcome: { release, fingerprint, approvedAt: leafOf(second) } }
}

async function approve(person: Person, fingerprint: string): Promise<Typed> {
  return await person.countersign(['approve', fingerprint, '--software-passkey', 'passkey.json'])
}

function fingerprintIn({ stdout, stderr }: Typed): string | undefined {
  return /^fingerprint: (.+)$/mu.exec(`${stderr}\n${stdout}`)?.[1]
}

function leafOf({ leafIndex, stderr }: Typed): number {
  mustHold(leafIndex !== undefined, `it is a leaf (${stderr.trim()})`)
  return leafIndex
}
