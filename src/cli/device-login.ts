/** Signs in where there is no browser (after RFC 8628): shows a code, and waits until a person confirms it elsewhere with a passkey. */

import { createHash, randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from '../bytes/schema.ts'
import { base64url } from '../bytes/text.ts'
import type { Client } from './client.ts'
import { opened, shown, type Opened, type Receipt } from './contract.ts'
import { Failure } from './failure.ts'
import type { Environment, Terminal } from './terminal.ts'

const asked = z.object({
  device: z.string().max(64),
  userCode: z.string().regex(/^[A-Z]{4}-[A-Z]{4}$/),
  page: shown,
  expiresAt: z.iso.datetime(),
  intervalSeconds: z.int().min(1).max(60),
})

/** Whether nobody could see a page that this machine opens. */
export function isWithoutBrowser(env: Environment): boolean {
  if (env['SSH_CONNECTION'] || env['SSH_TTY']) return true
  return process.platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']
}

export async function signInByCode(client: Client, terminal: Terminal): Promise<Receipt<Opened>> {
  const verifier = base64url.encode(randomBytes(32))
  const challenge = base64url.encode(createHash('sha256').update(verifier).digest())
  const query = new URLSearchParams({
    challenge,
    host: visible(hostname()),
    program: visible(`countersign of ${userInfo().username}`),
  })
  const { device, userCode, page, expiresAt, intervalSeconds } = await client.get(
    `/api/v1/logins/devices?${query}`,
    asked,
  )
  terminal.say(`open ${page} where you have your passkey, and enter the code\n\n    ${userCode}\n`)
  terminal.say('Tell the code to nobody: whoever confirms it signs in this terminal.')
  while (Date.now() < Date.parse(expiresAt)) {
    await sleep(intervalSeconds * 1000)
    const found = await poll(client, device, verifier)
    if (found) return found
  }
  throw new Failure('timedOut', 'login_timed_out', 'nobody confirmed the code', { next: 'countersign login --device' })
}

async function poll(client: Client, device: string, verifier: string): Promise<Receipt<Opened> | undefined> {
  try {
    return await client.post('/api/v1/logins/devices/polls', { device, verifier }, opened)
  } catch (error) {
    if (error instanceof Failure && ['authorization_pending', 'slow_down'].includes(error.code)) return undefined
    throw error
  }
}

function visible(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100) || '?'
}
