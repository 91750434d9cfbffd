/** One release with its six stations, from source to deploy. */

import { formatWho } from './contract.ts'
import { release as releaseShape, type Release, type Station } from './contract-release.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { paintState } from './release-list.ts'
import { checkStatement, normalized } from './statement.ts'
import type { Paint, Terminal } from './terminal.ts'
import { formatInstant, listed } from './text.ts'

export interface ReleaseShowOptions extends ServerOptions {
  readonly release: string
}

export async function run(options: ReleaseShowOptions, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const asked = normalized(options.release)
  const found = await client.get(`/api/v1/releases/${encodeURIComponent(asked)}`, releaseShape)
  checkStatement(found, asked, (await client.pin()).origin)
  terminal.result(found, () => describe(found, terminal.paint).join('\n'))
  return 0
}

const MARKS: Readonly<Record<Station['state'], string>> = { done: '✓', waiting: '…', todo: '·', broken: '✗' }

function describe(release: Release, paint: Paint): string[] {
  const {
    name,
    environment,
    fingerprint,
    state,
    given,
    required,
    requestedBy,
    requestedAt,
    expiresAt,
    stations,
    canApprove,
    risks,
  } = release
  return [
    paint.bold(`${name} to ${environment}`) +
      `  ${paintState(state, paint)}  ${given} of ${required} signatures  fingerprint ${fingerprint}`,
    `asked by ${formatWho(requestedBy)} at ${formatInstant(requestedAt)}, until ${formatInstant(expiresAt)}`,
    '',
    ...stations.flatMap((station) => describeStation(station, paint)),
    ...risks.map(({ text }) => `risk: ${text}`),
    ...(state === 'waiting' ? [`can sign: ${listed(canApprove.map(formatWho), 'or')}`] : []),
    ...(release.effect && state === 'waiting' ? [`if signed: ${release.effect}`] : []),
  ]
}

function describeStation({ title, state, headline, lines, leafIndex }: Station, paint: Paint): string[] {
  const tone =
    state === 'done' ? paint.good : state === 'broken' ? paint.bad : state === 'waiting' ? paint.amber : paint.dim
  const leaf = leafIndex === undefined ? '' : paint.dim(`  leaf ${leafIndex}`)
  return [`${tone(MARKS[state])} ${title}: ${headline}${leaf}`, ...lines.map((line) => `    ${line}`)]
}
