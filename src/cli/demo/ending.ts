/** The end of a demo: what happened in nine lines, and a door into the console for whoever watched. */

import { hostname, userInfo } from 'node:os'
import * as z from '../../bytes/schema.ts'
import { exact, shown } from '../contract.ts'
import type { Terminal } from '../terminal.ts'
import type { Server } from './birth.ts'
import type { Cast } from './cast.ts'
import type { Tale } from './tale.ts'

const invited = z.object({ person: shown, enrolmentToken: exact })

/** Nine lines, each with its leaf. */
export function tellSummary(tale: Tale, terminal: Terminal, tookMs: number): void {
  const { paint } = terminal
  tale.print('')
  for (const { number, title, sentence, leafIndex } of tale.facts)
    tale.say(`${paint.good('✓')} ${number} ${paint.bold(title.padEnd(22))} ${sentence}`, leafIndex)
  tale.print(`\n${tale.facts.length} of 9 facts in ${(tookMs / 1000).toFixed(1)} s`)
}

/** A one-time link that makes whoever opens it an approver and auditor, with a passkey of their own. */
export async function inviteViewer({ mara }: Cast, { url }: Server, zone: string): Promise<string> {
  const body = { handle: 'you', name: 'You', email: 'you@acme.example', zone, roles: ['approver', 'auditor'] }
  const { result } = await mara.client.post('/api/v1/people', body, invited)
  return `${url}/enrol#${result.enrolmentToken}`
}

export function tellDoor(tale: Tale, terminal: Terminal, { url }: Server, enrolmentUrl: string): void {
  const { paint } = terminal
  tale.print(`\nOpen ${paint.bold(enrolmentUrl)}`)
  tale.print(
    `  once, to look around with a passkey of your own; then ${url} (the people above sign in with files, not in browsers)`,
  )
  if (terminal.env['SSH_CONNECTION']) {
    const { port } = new URL(url)
    tale.print(`  from your own machine first: ssh -L ${port}:localhost:${port} ${userInfo().username}@${hostname()}`)
  }
  tale.print(paint.dim('Ctrl-C ends everything'))
}
