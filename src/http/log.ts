/** The log itself: how it is, the two acts on it, and what a client pins. Its tiles are served by `tiles.ts`. */

import * as z from '../bytes/schema.ts'
import { instantOf } from '../control/view/phrase.ts'
import * as shape from '../control/view/shape.ts'
import { formatAuthorities, formatRevoked } from '../control/lend-certificate.ts'
import { formatHostAuthorities } from '../control/host-certificate.ts'
import { formatRevokedKeys } from '../control/revoked-keys.ts'
import type { LogEvent } from '../domain/log.ts'
import { act, type Desk } from './act.ts'
import { read } from './read.ts'
import { sendText, textSchema, tiles } from './tiles.ts'

const MAX_OVERLAP_MS = 90 * 24 * 3_600_000

export function log(desk: Desk): void {
  const { port } = desk
  read(desk, {
    url: '/api/v1/log',
    summary: 'How the log is, and how far its witnesses are',
    answer: shape.logStatus,
    look: () => port.logStatus(),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/log/repair',
    summary: 'Fetches damaged leaves from a witness’s copy, verifies them, and writes them back',
    body: z.strictObject({}),
    result: z.object({ repaired: z.array(z.int()) }),
    ask: ({ caller, personal }) => ({
      perform: () => port.repairLog({ caller, personal }),
      result: ({ leaf }) => ({
        repaired: (leaf.event as Extract<LogEvent, { type: 'log.repaired' }>).leafIndexes,
      }),
    }),
  })
  act(desk, {
    method: 'POST',
    url: '/api/v1/log/rotation',
    summary:
      'Signs with a new key from here on; the old one signs the leaf that says so, and beside the new one for a while',
    body: z.strictObject({ overlapMs: z.int().min(0).max(MAX_OVERLAP_MS).optional() }),
    result: z.object({ key: z.string(), overlapUntil: z.string().optional() }),
    ask: ({ caller, personal, body: { overlapMs } }) => ({
      perform: () => port.rotateLogKey({ caller, personal }, overlapMs),
      result: ({ leaf }) => {
        const { logKey: key, overlapUntil: at } = leaf.event as Extract<LogEvent, { type: 'log.rotated' }>
        return { key, ...(at !== undefined && { overlapUntil: instantOf(at) }) }
      },
    }),
  })
  wellKnown(desk)
  tiles(desk)
}

const discovery = z.object({
  origin: z.string(),
  logKey: z.string(),
  sshCa: z.string(),
  witnesses: z.array(z.object({ name: z.string(), key: z.string() })),
  audience: z.string(),
  version: z.string(),
})

function wellKnown(desk: Desk): void {
  const { app, port } = desk
  read(desk, {
    url: '/.well-known/countersign',
    summary: 'What a client pins: origin and keys of this log',
    access: 'anyone',
    answer: discovery,
    look: () => {
      const { origin, logKey, sshCa, audience } = port.ledger.state.log!
      const witnesses = port.logStatus().witnesses.map(({ name, key }) => ({ name, key }))
      return { origin, logKey, sshCa, witnesses, audience, version: port.config.version }
    },
  })
  app.get(
    '/.well-known/countersign/revoked-keys',
    {
      schema: textSchema('SSH keys that were taken back early, for the RevokedKeys of sshd'),
      config: { access: 'anyone' },
    },
    async (_, reply) => sendText(reply, formatRevokedKeys(port.ledger.state, port.clock())),
  )
  app.get(
    '/.well-known/countersign/ssh-host-ca',
    { schema: textSchema('Who certifies hosts, for known_hosts of people'), config: { access: 'anyone' } },
    async (_, reply) => {
      const keys = formatHostAuthorities(port.authorities)
      return sendText(reply, keys.map((key) => `@cert-authority * ${key}\n`).join(''))
    },
  )
  app.get(
    '/.well-known/countersign/x509-ca.pem',
    { schema: textSchema('Whom servers trust for client certificates of jobs'), config: { access: 'anyone' } },
    async (_, reply) => sendText(reply, formatAuthorities(port.authorities)),
  )
  app.get(
    '/.well-known/countersign/x509.crl',
    { schema: textSchema('Client certificates that were taken back early (RFC 5280)'), config: { access: 'anyone' } },
    async (_, reply) => sendText(reply, await formatRevoked(port.authorities, port.ledger.state, port.clock())),
  )
}
