/** Fact 1: a log is born with its key, and another process cosigns what it says from then on. */

import { readFileSync } from 'node:fs'
import * as z from '../../bytes/schema.ts'
import { openCheckpoint } from '../../tlog/checkpoint.ts'
import { verifyCosignatures } from '../../tlog/cosignature.ts'
import { parseKey } from '../../tlog/key.ts'
import { parseNote } from '../../tlog/note.ts'
import { fetchText } from '../log-file.ts'
import type { Companion } from './companion.ts'
import { eventually, mustHold } from './eventually.ts'
import { LAUNCHER, type Stage } from './stage.ts'
import type { Proof, Tale } from './tale.ts'

export interface Server {
  /** `http://localhost:7443` */
  readonly url: string
  /** Where it keeps everything. */
  readonly directory: string
  readonly origin: string
  /** Verifier key of the log. */
  readonly logKey: string
  /** Verifier key of its witness. */
  readonly witnessKey: string
  readonly companion: Companion
}

const START_MS = 20_000
const COSIGN_MS = 15_000
const made = z.object({ origin: z.string(), logKey: z.string(), treeSize: z.int() })

export async function bearLog(stage: Stage, tale: Tale, port: number): Promise<Proof & { readonly outcome: Server }> {
  const directory = stage.path('server')
  const place = ['--dir', directory, '--port', String(port)]
  tale.command('ops', `countersign init ${place.join(' ')}`)
  const { code, stdout, stderr } = await stage.run(LAUNCHER, ['init', ...place, '--json'])
  mustHold(code === 0, `the log was made (${stderr.trim()})`)
  const { origin, logKey, treeSize } = made.parse(JSON.parse(stdout))
  tale.say(
    `log ${origin}, key ${logKey.slice(0, 48)}…, ${treeSize} leaves: the log itself, its policies, an invitation`,
    0,
  )

  const witness = await startWitness(stage, tale, logKey)
  tale.command('ops', `countersign up ${place.join(' ')} --witness '<key> ${witness.url} mirror'`)
  const args = ['up', ...place, '--witness', `${witness.key} ${witness.url} mirror`]
  const companion = stage.start({ name: 'the server', command: LAUNCHER, args, logName: 'server' })
  const url = `http://localhost:${port}`
  await eventually('the server being ready', START_MS, () => isReady(url), stage)
  const size = await untilCosigned(stage, url, origin, { logKey, witnessKey: witness.key, since: treeSize })
  tale.say(`the witness, a process of its own, cosigned the tree of ${size} leaves`, size - 1)
  return {
    sentence: `Log ${origin} was born, and a witness cosigns it`,
    leafIndex: 0,
    outcome: { url, directory, origin, logKey, witnessKey: witness.key, companion },
  }
}

async function startWitness(stage: Stage, tale: Tale, logKey: string): Promise<{ key: string; url: string }> {
  const name = 'witness.demo'
  const args = ['witness', '--dir', stage.path('witness'), '--listen', '127.0.0.1:0', '--name', name, '--mirror']
  tale.command('witness', `countersign ${args.join(' ')} --log '<key of the log>'`)
  const companion = stage.start({
    name: 'the witness',
    command: LAUNCHER,
    args: [...args, '--log', logKey],
    logName: 'witness',
  })
  const [, key = '', url = ''] = await companion.until(/^ *key +(\S+)\n *url +(\S+)$/mu, START_MS)
  tale.say(`key ${key.slice(0, 48)}…, keeps a copy of every leaf`)
  return { key, url }
}

async function isReady(url: string): Promise<true | undefined> {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
  await response?.body?.cancel()
  return response?.status === 200 ? true : undefined
}

/** The size of the first published checkpoint with at least `since` leaves that both keys signed. */
async function untilCosigned(
  stage: Stage,
  url: string,
  origin: string,
  { logKey, witnessKey, since }: { readonly logKey: string; readonly witnessKey: string; readonly since: number },
): Promise<number> {
  const [ofLog, ofWitness] = [parseKey(logKey), parseKey(witnessKey)]
  const look = async () => {
    const text = await fetchText(url, 'checkpoint')
    const { size } = openCheckpoint(text, origin, [ofLog])
    const note = parseNote(text)
    if (size < since || !note.signatures.some(({ name }) => name === ofWitness.name)) return undefined
    verifyCosignatures(note, [ofWitness])
    return size
  }
  return await eventually('a cosigned checkpoint', COSIGN_MS, look, stage)
}

/** The one-time token that makes the first administrator. */
export function setupTokenFile({ directory }: Server): string {
  const file = `${directory}/setup-token`
  mustHold(readFileSync(file, 'utf8').trim() !== '', `${file} holds the setup token`)
  return file
}
