/**
 * A program: an SSH server for machines without sshd. It runs commands for whoever shows a certificate of the one authority
 * that it trusts, valid now, for a principal that it lists, and not revoked; everything else is refused.
 *
 *     node ssh-server.ts SETTING.json
 */

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { BlockList, isIPv6 } from 'node:net'
import ssh2, { type AuthContext, type Connection, type PublicKeyAuthContext, type ServerChannel } from 'ssh2'
import { equal } from '../../bytes/digest.ts'
import { string } from '../../bytes/ssh-wire.ts'
import { parse } from '../../bytes/json.ts'
import * as z from '../../bytes/schema.ts'
import { isCertificate, readSshCertificate, type SshCertificate } from '../../evidence/ssh-certificate.ts'
import { parseSshPublicKey, verifySshSignature, type SshPublicKey } from '../../evidence/ssh-key.ts'
import { isRefusal } from '../../evidence/refusal.ts'

const settingShape = z.strictObject({
  port: z.int(),
  account: z.string(),
  principals: z.array(z.string()),
  hostKeyFile: z.string(),
  authorityFile: z.string(),
  revokedKeysFile: z.string().optional(),
})
export type Setting = z.infer<typeof settingShape>

const MAX_REVOKED_BYTES = 16 * 1024 * 1024
const MAX_CONNECTIONS = 32
const ED25519_SIGNATURE_BYTES = 64
const COMMAND_MS = 120_000

/** Why this certificate opens nothing here and now, or undefined. `address` is the client's. */
export function judgeCertificate(
  certificate: SshCertificate,
  { authority, principals, revokedKeys }: Trust,
  address: string,
  at: number,
): string | undefined {
  if (!equal(certificate.authority.blob, authority.blob)) return 'another authority signed it'
  if (at < certificate.validFrom) return 'not valid yet'
  if (at >= certificate.validUntil) return 'expired'
  // OpenSSH reads an empty list as everybody.
  if (!certificate.principals.some((principal) => principals.includes(principal))) return 'no principal of it is listed'
  if (!revokedKeys) return 'there is no list of revoked keys, so nobody gets in'
  if (revokedKeys.has(certificate.key.fingerprint)) return 'revoked'
  for (const [option, value] of certificate.criticalOptions) {
    // PROTOCOL.certkeys: "the server must refuse the certificate" when it does not know a critical option.
    if (option !== 'force-command' && option !== 'source-address')
      return `it demands ${option}, which is not known here`
    if (option === 'source-address' && !isWithin(address, value)) return `it may not be used from ${address}`
  }
  return undefined
}

export interface Trust {
  readonly authority: SshPublicKey
  readonly principals: readonly string[]
  /** Fingerprints; undefined when the list cannot be read. */
  readonly revokedKeys: ReadonlySet<string> | undefined
}

/** `address` in one of the CIDR blocks of a source-address option. */
function isWithin(address: string, blocks: string): boolean {
  const list = new BlockList()
  try {
    for (const block of blocks.split(',')) {
      const [net = '', bits] = block.split('/')
      const family = isIPv6(net) ? 'ipv6' : 'ipv4'
      list.addSubnet(net, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
    }
  } catch {
    return false
  }
  return list.check(address.replace(/^::ffff:/u, ''), isIPv6(address.replace(/^::ffff:/u, '')) ? 'ipv6' : 'ipv4')
}

function readTrust({ authorityFile, principals, revokedKeysFile }: Setting): Trust {
  const authority = parseSshPublicKey(readFileSync(authorityFile, 'utf8').trim())
  if (isRefusal(authority)) throw new Error(`${authorityFile} holds no SSH public key`)
  return { authority, principals, revokedKeys: revokedKeysFile ? readRevoked(revokedKeysFile) : new Set() }
}

/** Read anew for every login. A list that cannot be understood in every line is no list. */
function readRevoked(path: string): ReadonlySet<string> | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    if (text.length > MAX_REVOKED_BYTES) return undefined
    const keys = text.split('\n').filter(Boolean).map(parseSshPublicKey)
    if (keys.some(isRefusal)) return undefined
    return new Set(keys.map((key) => (key as SshPublicKey).fingerprint))
  } catch {
    return undefined
  }
}

/** The certificate, once the client has proven that it holds the key; `probe` while it only asks whether it may try. */
function examine(context: PublicKeyAuthContext, setting: Setting, address: string): SshCertificate | string {
  if (context.username !== setting.account)
    return `there is no account ${JSON.stringify(context.username.slice(0, 40))}`
  const { data: blob } = context.key
  if (!isCertificate(blob)) return 'a bare key opens nothing here, only certificates do'
  const certificate = readSshCertificate(blob)
  const problem = judgeCertificate(certificate, readTrust(setting), address, Date.now())
  if (problem) return `certificate ${certificate.keyId} (serial ${certificate.serial}): ${problem}`
  if (!context.signature || !context.blob) return certificate
  const signature = wireForm(context.signature)
  return verifySshSignature(certificate.key, signature, context.blob) ? certificate : 'the signature is bad'
}

/** ssh2 hands over a signature without its type where the client gave it the type of the certificate, as ssh2's own does. */
function wireForm(signature: Uint8Array): Uint8Array {
  const isBare = signature.length === ED25519_SIGNATURE_BYTES
  return isBare ? Buffer.concat([string('ssh-ed25519'), string(signature)]) : signature
}

function authenticate(context: AuthContext, setting: Setting, address: string): SshCertificate | undefined {
  if (context.method !== 'publickey') {
    context.reject(['publickey'])
    return undefined
  }
  try {
    const found = examine(context, setting, address)
    if (typeof found !== 'string') {
      if (context.signature) say(`Accepted certificate ID ${found.keyId} (serial ${found.serial}) from ${address}`)
      context.accept()
      return found
    }
    say(`Refused ${address}: ${found}`)
  } catch (error) {
    say(`Refused ${address}: ${(error as Error).message}`)
  }
  context.reject(['publickey'])
  return undefined
}

function serve(client: Connection, setting: Setting, address: string): void {
  let shown: SshCertificate | undefined
  client.on('authentication', (context) => (shown = authenticate(context, setting, address)))
  client.on('error', () => {})
  client.on('ready', () => {
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => run(acceptExec(), shown!, command))
    })
  })
}

/** The certificate's command goes before the client's, which the program may read from its environment, as with sshd. */
function run(channel: ServerChannel, { criticalOptions }: SshCertificate, asked: string): void {
  const command = criticalOptions.get('force-command') ?? asked
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], SSH_ORIGINAL_COMMAND: asked }
  const child = spawn('/bin/sh', ['-c', command], { env, timeout: COMMAND_MS })
  channel.pipe(child.stdin).on('error', () => {})
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  channel.on('error', () => child.kill())
  child.once('close', (code) => {
    channel.exit(code ?? 255)
    channel.end()
  })
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

export function listen(setting: Setting): void {
  const hostKeys = [readFileSync(setting.hostKeyFile)]
  const server = new ssh2.Server({ hostKeys, ident: 'countersign-demo' }, (client, { ip }) =>
    serve(client, setting, ip),
  )
  server.maxConnections = MAX_CONNECTIONS
  server.on('error', (error: Error) => {
    say(error.message)
    process.exitCode = 1
  })
  server.listen(setting.port, '127.0.0.1', () => say(`Server listening on 127.0.0.1 port ${setting.port}.`))
  process.once('SIGTERM', () => process.exit(0))
}

const [settingFile] = process.argv.slice(2)
if (import.meta.main && settingFile) listen(settingShape.parse(parse(readFileSync(settingFile, 'utf8'))))
