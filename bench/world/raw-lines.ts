/**
 * The least that a batch endpoint can do: read the body, parse its lines, make each group durable with one sync, answer. Without
 * policy, schema, hash, proof or state; `node raw-lines.ts PORT FILE`.
 */

import { open } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

type Waiting = { readonly bytes: Buffer; readonly lines: number; readonly response: ServerResponse }

const [port, path] = process.argv.slice(2)
const file = await open(path!, 'a')
let waiting: Waiting[] = []
let running = false

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const bytes = await buffer(request)
  const parsed = bytes
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  waiting.push({ bytes, lines: parsed.length, response })
  if (!running) await commit()
}

async function commit(): Promise<void> {
  running = true
  while (waiting.length > 0) {
    const group = waiting
    waiting = []
    await file.write(Buffer.concat(group.map(({ bytes }) => bytes)))
    await file.datasync()
    for (const { lines, response } of group) response.end(JSON.stringify({ result: { lines, refused: [] } }))
  }
  running = false
}

createServer((request, response) => void take(request, response)).listen(Number(port), '127.0.0.1', () =>
  console.log('listening'),
)
process.once('SIGTERM', () => process.exit(0))
