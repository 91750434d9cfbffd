/** Keys that people sign commits with, enrolled by themselves. */

import * as z from '../bytes/schema.ts'
import { digestOf } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import * as f from '../domain/field.ts'
import type { KeyEvent } from '../domain/key.ts'
import { parseOpenpgpPublicKey } from '../evidence/openpgp.ts'
import { isRefusal, type Refusal } from '../evidence/refusal.ts'
import { parseSshPublicKey } from '../evidence/ssh-key.ts'
import { act, type Desk } from './act.ts'
import * as field from './field.ts'
import { nothing } from './field.ts'
import { Problem } from './problem.ts'

const body = z.strictObject({
  format: z.enum(['ssh', 'openpgp']),
  publicKey: z.string().min(1).max(400_000).describe('One OpenSSH line, or an armored OpenPGP public key.'),
  emails: z.array(field.email).max(8).optional().describe('Addresses that stand in this person’s commits.'),
})

export function keys(desk: Desk): void {
  act(desk, {
    method: 'POST',
    url: '/api/v1/keys',
    summary: 'Enrols a key of one’s own; the login must be fresh',
    body,
    result: z.object({ key: z.string() }),
    status: 201,
    ask: async ({ body: { format, publicKey, emails }, caller, personal }) => {
      const bytes = await bytesOf(format, publicKey)
      if ('refused' in bytes)
        return new Problem(bytes.refused, bytes.because, { status: 400, facts: { path: 'body.publicKey' } })
      return {
        perform: {
          command: { type: 'enrol key', format, publicKey: digestOf(bytes) },
          caller,
          exhibits: [{ kind: 'public-key', bytes }],
          personal: { ...personal, email: emails?.join(',') },
        },
        result: ({ leaf }) => ({ key: (leaf.event as KeyEvent).fingerprint }),
      }
    },
  })
  act(desk, {
    method: 'DELETE',
    url: '/api/v1/keys/:fingerprint',
    summary: 'Removes a key; what it signed until now stays signed',
    params: z.object({ fingerprint: f.fingerprint }),
    result: nothing,
    ask: ({ params: { fingerprint }, caller, personal }) => ({
      perform: { command: { type: 'remove key', fingerprint }, caller, personal },
      result: () => ({}),
    }),
  })
}

/** What is kept as evidence: the line, or the binary key, in which a private key can never hide. */
async function bytesOf(format: 'ssh' | 'openpgp', text: string): Promise<Uint8Array | Refusal> {
  if (format === 'ssh') {
    const parsed = parseSshPublicKey(text.trim())
    return isRefusal(parsed) ? parsed : utf8.encode(text.trim())
  }
  const parsed = await parseOpenpgpPublicKey(text)
  return isRefusal(parsed) ? parsed : parsed.keyBytes
}
