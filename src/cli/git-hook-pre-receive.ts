/** What git runs before it accepts a push. Whatever goes wrong, the push is refused: a door that cannot ask stays closed. */

import { text } from 'node:stream/consumers'
import * as z from '../bytes/schema.ts'
import { Client } from './client.ts'
import { doorAuthorization, readDoor, readDoorKey } from './door.ts'
import { asFailure, EXIT, formatLines } from './failure.ts'
import { memoryPin } from './pin.ts'
import { readPush } from './push.ts'
import type { Terminal } from './terminal.ts'
import { plural } from './text.ts'

export interface PreReceiveOptions {
  readonly gitDir?: string
}

const ANSWER_MS = 60_000

/** Exits 0 or 1, as git expects; what is printed reaches the person who pushes as `remote: …`. */
export async function run({ gitDir }: PreReceiveOptions, terminal: Terminal): Promise<number> {
  try {
    await ask(gitDir ?? terminal.env['GIT_DIR'] ?? '.', terminal)
    return EXIT.ok
  } catch (thrown) {
    for (const line of formatLines(asFailure(thrown))) terminal.say(line)
    return EXIT.failed
  }
}

async function ask(gitDir: string, terminal: Terminal): Promise<void> {
  const door = readDoor(gitDir)
  const key = readDoorKey(gitDir)
  const push = await readPush(await text(process.stdin), { env: terminal.env, gitDir })
  const { server, repository, origin, logKey } = door
  const client = new Client({ server, terminal, pin: memoryPin({ origin, logKey }) })
  const pusher = pusherOf(terminal)
  const body = JSON.stringify({ repository, ...push, ...(pusher && { pusher }) })
  const authorization = doorAuthorization(door, key, body, Date.now())
  const { leafIndex } = await client.post('/api/v1/pushes', body, z.unknown(), { authorization, timeoutMs: ANSWER_MS })
  terminal.say(`accepted: ${plural(push.commits.length, 'new commit')} in ${repository}\nleaf: ${leafIndex}`)
}

/** Who the transport says is pushing: a claim, and kept as one. */
function pusherOf({ env }: Terminal): string | undefined {
  const name = env['REMOTE_USER'] ?? env['GIT_PUSH_USER'] ?? env['USER'] ?? env['LOGNAME']
  return name ? name.slice(0, 128) : undefined
}
