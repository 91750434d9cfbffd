/** One release from invitation to deployment, told over HTTP: what most tests begin with. */

import { createHash, sign } from 'node:crypto'
import { digestOf, type DigestText } from '../../src/bytes/digest.ts'
import { base64, utf8 } from '../../src/bytes/text.ts'
import { createJobKey } from '../../src/credential/ssh.ts'
import { formatEnvelope, formatStatement, PAYLOAD_TYPE } from '../../src/evidence/attestation.ts'
import { string, uint32 } from '../../src/bytes/ssh-wire.ts'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { formatPublicKey, encodeEd25519PublicKey } from '../../src/wire/ssh-key.ts'
import { rawPublicKey } from '../../src/tlog/key.ts'
import { ISSUER } from '../world/company.ts'
import { createDoor, type Door, type Office, type Worker } from './office.ts'

export const REPOSITORY = 'acme/shop'
export const WORKFLOW = `${REPOSITORY}/.ci/release.yml@refs/heads/main`
export const ZERO = '0'.repeat(40)

export type SigningKey = { readonly line: string; readonly privateKey: KeyObject; readonly blob: Uint8Array }
export type Job = { readonly token: string; readonly key: KeyObject }

export type Story = {
  readonly office: Office
  readonly ana: Worker
  readonly ben: Worker
  readonly cleo: Worker
  readonly dana: Worker
  readonly key: SigningKey
  readonly door: Door
}

/** People with roles, a registered repository, an issuer, a target and an environment. */
export async function setUp(office: Office): Promise<Story> {
  const ana = await office.admin()
  const ben = await office.person(ana, 'ben', ['approver'])
  const cleo = await office.person(ana, 'cleo', ['approver'])
  const dana = await office.person(ana, 'dana', ['developer', 'approver'])
  const key = createSigningKey()
  const door = createDoor(REPOSITORY)
  const must = async (url: string, body: object, as: Worker) => {
    const answer = await office.post(url, body, as.token)
    if (answer.status !== 201) throw new Error(`${url}: ${answer.text}`)
  }
  await must('/api/v1/keys', { format: 'ssh', publicKey: key.line, emails: ['dana@acme.example'] }, dana)
  await must('/api/v1/issuers', { issuer: ISSUER, kind: 'github' }, ana)
  await must('/api/v1/repositories', registration(door), ana)
  await must('/api/v1/targets', SSH_TARGET, ana)
  await must('/api/v1/environments', ENVIRONMENT, ana)
  return { office, ana, ben, cleo, dana, key, door }
}

export function registration({ repository, publicKey }: Door) {
  return { repository, protectedRefs: ['refs/heads/main'], doorKey: publicKey }
}

export const SSH_TARGET = { target: 'web', kind: 'ssh', address: 'web.example:22', principals: ['deploy'] }
export const ENVIRONMENT = {
  environment: 'production',
  approvals: 2,
  approverRole: 'approver',
  targets: ['web'],
  grantLifetimeSeconds: 60,
  requestLifetimeSeconds: 3_600,
  refs: ['refs/heads/main'],
}

export type Released = {
  readonly job: Job
  readonly commit: string
  readonly artifact: DigestText
  readonly release: string
}

/** A signed push, a build, its provenance, and a release that waits. */
export async function requestRelease(story: Story, claims: object = {}): Promise<Released> {
  const { office } = story
  const { id, object } = createCommit(story.key)
  const pushed = await office.push(story.door, pushOf(id, object))
  if (pushed.status !== 201) throw new Error(pushed.text)
  const { job, artifact } = await build(story, id, claims)
  const asked = await office.post('/api/v1/releases', { artifact, environment: 'production' }, job.token)
  if (asked.status !== 202) throw new Error(asked.text)
  return { job, commit: id, artifact, release: asked.body.result.release }
}

export async function build({ office }: Story, commit: string, claims: object = {}) {
  const { token, key, answer } = await office.job({ sha: commit, ...claims })
  if (answer.status !== 201) throw new Error(answer.text)
  const artifact = digestOf(utf8.encode(`shop at ${commit}`))
  const attested = await office.post('/api/v1/builds', { envelope: provenance(commit, artifact, key) }, token)
  if (attested.status !== 201) throw new Error(attested.text)
  return { job: { token, key }, artifact }
}

export function provenance(commit: string, artifact: DigestText, key: KeyObject): object {
  const statement = formatStatement({
    subjects: [{ name: 'shop.tar', digest: artifact }],
    buildType: 'https://countersign.dev/build/v1',
    builderId: `${ISSUER}/${WORKFLOW}`,
    externalParameters: {},
    resolvedDependencies: [{ uri: 'git+https://git.example/acme/shop', digest: { gitCommit: commit } }],
    invocationId: undefined,
    startedAt: undefined,
    finishedAt: undefined,
  })
  return JSON.parse(Buffer.from(formatEnvelope(PAYLOAD_TYPE, statement, (bytes) => sign(null, bytes, key))).toString())
}

/** A commit that stands on nothing gets a branch of its own: it would leave behind what is on any other. */
export function pushOf(id: string, object: Uint8Array, oldId = ZERO, ref = `refs/heads/${id}`) {
  return {
    updates: [{ ref, oldId, newId: id, isForced: false }],
    commits: [{ object: base64.encode(object) }],
  }
}

export function createSigningKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const blob = encodeEd25519PublicKey(rawPublicKey(publicKey))
  return { line: formatPublicKey(blob, 'laptop'), privateKey, blob }
}

type Author = { readonly email?: string; readonly message?: string; readonly parent?: string }

/** A commit object as git writes it; without a key it is not signed. */
export function createCommit(
  key?: SigningKey,
  { email = 'dana@acme.example', message = 'Sell shoes', parent }: Author = {},
) {
  const by = `Dana <${email}> ${Math.floor(Date.now() / 1000)} +0100`
  const head = [
    'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904',
    ...(parent ? [`parent ${parent}`] : []),
    `author ${by}`,
    `committer ${by}`,
  ].join('\n')
  const payload = `${head}\n\n${message}\n`
  const text = key ? `${head}\ngpgsig ${signature(key, payload).replaceAll('\n', '\n ')}\n\n${message}\n` : payload
  const object = utf8.encode(text)
  return { id: createHash('sha1').update(`commit ${object.length}\0`).update(object).digest('hex'), object }
}

/** OpenSSH PROTOCOL.sshsig, in the namespace of git. */
function signature({ privateKey, blob }: SigningKey, payload: string): string {
  const hash = createHash('sha512').update(payload).digest()
  const magic = utf8.encode('SSHSIG')
  const about = [string('git'), string(''), string('sha512')]
  const raw = sign(null, Buffer.concat([magic, ...about, string(hash)]), privateKey)
  const signed = string(Buffer.concat([string('ssh-ed25519'), string(raw)]))
  const text = base64.encode(Buffer.concat([magic, uint32(1), string(blob), ...about, signed]))
  return `-----BEGIN SSH SIGNATURE-----\n${text.match(/.{1,70}/g)!.join('\n')}\n-----END SSH SIGNATURE-----`
}

export function jobKeyLine(): string {
  return createJobKey('job').publicKeyText.trim()
}
