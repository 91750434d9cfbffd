/** A person's yes or no to a release: signed here with a software passkey, or on the page that the browser opens. */

import * as z from '../bytes/schema.ts'
import { openPage } from './browser.ts'
import type { Client } from './client.ts'
import { formatWho, who } from './contract.ts'
import { release as releaseShape, type Release } from './contract-release.ts'
import { EXIT, Failure } from './failure.ts'
import { openClient, type ServerOptions } from './login-file.ts'
import { signWithPasskey } from './passkey-file.ts'
import { checkStatement, normalized } from './statement.ts'
import type { Terminal } from './terminal.ts'
import { waitForRelease } from './waiting.ts'

export interface SignOptions extends ServerOptions {
  readonly release: string
  readonly softwarePasskey?: string
  /** Milliseconds; false with `--no-wait`. */
  readonly wait?: number | boolean
}

/** What is signed: an approval, or a refusal with its reason. */
export type Answer = { readonly kind: 'approvals' } | { readonly kind: 'refusals'; readonly reason: string }

const BROWSER_WAIT_MS = 5 * 60_000

export async function answerRelease(options: SignOptions, answer: Answer, terminal: Terminal): Promise<number> {
  const client = openClient(options, terminal)
  const asked = normalized(options.release)
  const found = await client.get(`/api/v1/releases/${encodeURIComponent(asked)}`, releaseShape)
  const { fingerprint, digest, challenge, lines } = checkStatement(found, asked, (await client.pin()).origin)
  for (const line of lines) terminal.say(line)
  terminal.say(`statement: ${digest}\nfingerprint: ${fingerprint}`)
  if (options.softwarePasskey)
    return await signHere(client, found, answer, { file: options.softwarePasskey, challenge }, terminal)
  return await signThere(client, found, answer, options.wait, terminal)
}

const tally = z.object({ given: z.int(), required: z.int() }).partial()

async function signHere(
  client: Client,
  { release, rpId, fingerprint }: Release,
  answer: Answer,
  by: { readonly file: string; readonly challenge: string },
  terminal: Terminal,
): Promise<number> {
  const assertion = signWithPasskey(by.file, rpId, by.challenge, client.server)
  const body = { assertion, ...(answer.kind === 'refusals' && { reason: answer.reason }) }
  const { result, leafIndex } = await client.post(
    `/api/v1/releases/${encodeURIComponent(release)}/${answer.kind}`,
    body,
    tally,
  )
  terminal.result({ release, fingerprint, ...result, leafIndex, software: true }, () =>
    answer.kind === 'approvals'
      ? `approved ${fingerprint} with a software passkey: ${result.given ?? '?'} of ${result.required ?? '?'} signatures\nleaf: ${leafIndex}`
      : `refused ${fingerprint} with a software passkey\nleaf: ${leafIndex}`,
  )
  return EXIT.ok
}

async function signThere(
  client: Client,
  found: Release,
  answer: Answer,
  wait: number | boolean | undefined,
  terminal: Terminal,
): Promise<number> {
  const { fingerprint, you } = found
  if (answer.kind === 'approvals' && you && !you.canApprove) throw cannotSign(found)
  openPage(`${client.server}/a/${fingerprint}`, terminal)
  if (answer.kind === 'refusals') terminal.say(`refuse it there, with this reason: ${answer.reason}`)
  if (wait === false)
    throw new Failure('waiting', 'waiting', `release ${fingerprint} waits for your signature`, {
      next: `open ${client.server}/a/${fingerprint}`,
    })
  const me = await client.get('/api/v1/logins/current', z.object({ who }))
  const decided = await waitForMine(
    client,
    found,
    me.who.id,
    Date.now() + (typeof wait === 'number' ? wait : BROWSER_WAIT_MS),
  )
  const mine = decided.approvals.find(({ by }) => by.id === me.who.id)
  const { given, required, state } = decided
  terminal.result({ release: found.release, fingerprint, state, given, required, leafIndex: mine?.leafIndex }, () =>
    mine
      ? `approved ${fingerprint}: ${given} of ${required} signatures\nleaf: ${mine.leafIndex}`
      : `release ${fingerprint} is ${state}`,
  )
  return answer.kind === 'approvals' && !mine ? EXIT.refused : EXIT.ok
}

function cannotSign({ fingerprint, you }: Release): Failure {
  const others = you?.who?.map(formatWho).join(', ')
  return new Failure('refused', 'cannot_approve', `you cannot approve ${fingerprint}: ${you?.because ?? ''}`, {
    ...(others && { next: `ask ${others}` }),
  })
}

/** The release once this person signed it, or once it is decided without them. */
async function waitForMine(client: Client, { release }: Release, me: string, until: number): Promise<Release> {
  for (;;) {
    const now = await client.get(`/api/v1/releases/${encodeURIComponent(release)}`, releaseShape)
    if (now.state !== 'waiting' || now.approvals.some(({ by }) => by.id === me)) return now
    const aMoment = Math.min(until, Date.now() + 2_000)
    try {
      await waitForRelease(client, release, { until: aMoment, tell: () => {} })
    } catch (failure) {
      if (!(failure instanceof Failure) || failure.exit !== 'timedOut' || aMoment >= until) throw failure
    }
  }
}
