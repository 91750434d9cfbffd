/** A job's question: may this artifact go there? Answered now, or waiting for people whose names are told. */

import { appendFileSync } from 'node:fs'
import { readArtifact } from './artifact.ts'
import type { Client } from './client.ts'
import type { Receipt } from './contract.ts'
import { release as releaseShape, requested, type Requested } from './contract-release.ts'
import { Failure } from './failure.ts'
import { normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'
import { describeWait } from './waiting.ts'

export interface AskOptions {
  readonly env: string
  readonly artifact: string
  /** Goes on with this one instead of asking anew. */
  readonly release?: string
}

export type Asked = Requested & { readonly isWaiting: boolean; readonly leafIndex: number }

export async function askRelease(
  client: Client,
  { env: environment, artifact, release }: AskOptions,
  terminal: Terminal,
): Promise<Asked> {
  const { digest } = await readArtifact(artifact)
  if (release) return await goOn(client, normalized(release), { environment, digest })
  const receipt: Receipt<Requested> = await client.post(
    '/api/v1/releases',
    { artifact: digest, environment },
    requested,
  )
  terminal.say(
    `release ${receipt.result.fingerprint} of ${digest.slice(0, 15)}… to ${environment} · leaf ${receipt.leafIndex}`,
  )
  return { ...receipt.result, isWaiting: receipt.outcome === 'waiting', leafIndex: receipt.leafIndex }
}

async function goOn(
  client: Client,
  asked: string,
  { environment, digest }: { readonly environment: string; readonly digest: string },
): Promise<Asked> {
  const found = await client.get(`/api/v1/releases/${encodeURIComponent(asked)}`, releaseShape)
  if (found.environment !== environment || found.artifact !== digest) throw otherRelease(found.name, found.environment)
  return { ...found, approvalUrl: `${client.server}/a/${found.fingerprint}`, isWaiting: found.state === 'waiting' }
}

/** Tells people in the log, and in the job's summary where the CI has one. */
export function tellWaiting(asked: Asked, terminal: Terminal): void {
  const text = describeWait(asked)
  terminal.say(text)
  const summary = terminal.env['GITHUB_STEP_SUMMARY']
  if (summary) appendFileSync(summary, `### Countersign\n\n${text.replaceAll('\n', '\n\n')}\n`)
}

function otherRelease(name: string, environment: string): Failure {
  return new Failure('usage', 'other_release', `that release is of ${name} to ${environment}`, {
    next: 'leave --release out to ask anew',
  })
}
