/** A build job says what it built: SLSA v1 provenance in a DSSE envelope, signed by the key of the job's login. */

import { writeFileSync } from 'node:fs'
import { sign, type KeyObject } from 'node:crypto'
import * as z from '../bytes/schema.ts'
import { utf8 } from '../bytes/text.ts'
import { formatEnvelope, formatStatement, PAYLOAD_TYPE, type Provenance } from '../evidence/attestation.ts'
import { readArtifact, type Artifact } from './artifact.ts'
import { shown } from './contract.ts'
import { Failure } from './failure.ts'
import { openJob } from './job-login.ts'
import type { ServerOptions } from './login-file.ts'
import { provenance } from './provenance.ts'
import type { Terminal } from './terminal.ts'

export interface AttestOptions extends ServerOptions {
  readonly file: readonly string[]
  readonly commit: string
  readonly buildType?: string
  readonly out?: string
}

const built = z.object({ build: shown, artifacts: z.array(z.object({ name: shown, digest: shown })) })

export async function run(options: AttestOptions, terminal: Terminal): Promise<number> {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u.test(options.commit)) {
    throw new Failure('usage', 'bad_commit', '--commit is not a full commit id', {
      next: '--commit "$(git rev-parse HEAD)"',
    })
  }
  const artifacts: Artifact[] = []
  for (const file of options.file) artifacts.push(await readArtifact(file))
  const { client, login, key } = await openJob(options, terminal)
  const envelope = seal(provenance(artifacts, options, login.claims), key)
  if (options.out) writeFileSync(options.out, `${JSON.stringify(envelope)}\n`)
  const { result, leafIndex } = await client.post('/api/v1/builds', { envelope }, built)
  terminal.result({ ...result, leafIndex }, () =>
    [...result.artifacts.map(({ name, digest }) => `attested ${name} ${digest}`), `leaf: ${leafIndex}`].join('\n'),
  )
  return 0
}

/** The envelope as JSON, signed by the job's key. */
function seal(said: Provenance, key: KeyObject): object {
  const bytes = formatEnvelope(PAYLOAD_TYPE, formatStatement(said), (message) => sign(null, message, key))
  return JSON.parse(utf8.decode(bytes)) as object
}
