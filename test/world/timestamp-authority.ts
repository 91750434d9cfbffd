/** A time-stamping authority as stock OpenSSL makes and runs one, and one that signs whatever it is told, for tests of what must be refused. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeSequence, encodeUnsigned } from '../../src/bytes/der.ts'

export type AuthorityOptions = {
  readonly key?: 'rsa' | 'p256' | 'p384'
  readonly hash?: 'sha256' | 'sha384' | 'sha512'
  readonly hasIntermediate?: boolean
  /** Lines of the extensions of the signer's certificate. */
  readonly extensions?: string
  readonly days?: number
}

const STAMPING = 'extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n'

export class TimestampAuthority implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsa-'))
  readonly #hash: string

  constructor({
    key = 'p256',
    hash = 'sha256',
    hasIntermediate = false,
    extensions = STAMPING,
    days,
  }: AuthorityOptions = {}) {
    this.#hash = hash
    this.#certify('root', key, 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n', undefined, days)
    if (hasIntermediate) this.#certify('middle', key, 'basicConstraints=critical,CA:TRUE,pathlen:0\n', 'root', days)
    this.#certify('signer', key, extensions, hasIntermediate ? 'middle' : 'root', days)
    writeFileSync(this.path('chain.pem'), hasIntermediate ? this.pem('middle') : '')
    writeFileSync(this.path('serial'), '01\n')
    writeFileSync(
      this.path('tsa.cnf'),
      `[tsa]\ndefault_tsa=one\n[one]\nserial=${this.path('serial')}\nsigner_digest=${hash}\ndefault_policy=1.2.3.4.1\nother_policies=1.2.3.4.5\ndigests=sha256\naccuracy=secs:1\nordering=no\ntsa_name=no\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n`,
    )
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  pem(name: 'root' | 'middle' | 'signer'): string {
    return readFileSync(this.path(`${name}.pem`), 'utf8')
  }

  /** `openssl ts -reply`. */
  reply(request: Uint8Array): Buffer {
    writeFileSync(this.path('q.tsq'), request)
    const chain = readFileSync(this.path('chain.pem')).length > 0 ? ['-chain', this.path('chain.pem')] : []
    this.#openssl(
      'ts',
      '-reply',
      '-config',
      this.path('tsa.cnf'),
      '-section',
      'one',
      '-queryfile',
      this.path('q.tsq'),
      '-signer',
      this.path('signer.pem'),
      '-inkey',
      this.path('signer.key'),
      ...chain,
      '-out',
      this.path('r.tsr'),
    )
    return readFileSync(this.path('r.tsr'))
  }

  /** Signs any TSTInfo, as `openssl cms` does with whatever certificate: what an honest authority would not. */
  sign(info: Uint8Array, { isNamed = true }: { readonly isNamed?: boolean } = {}): Uint8Array {
    writeFileSync(this.path('info.der'), info)
    const chain = readFileSync(this.path('chain.pem')).length > 0 ? ['-certfile', this.path('chain.pem')] : []
    this.#openssl(
      'cms',
      '-sign',
      '-binary',
      '-nodetach',
      ...(isNamed ? ['-cades'] : []),
      '-md',
      this.#hash,
      '-econtent_type',
      '1.2.840.113549.1.9.16.1.4',
      '-in',
      this.path('info.der'),
      '-signer',
      this.path('signer.pem'),
      '-inkey',
      this.path('signer.key'),
      ...chain,
      '-outform',
      'DER',
      '-out',
      this.path('token.der'),
    )
    return granted(readFileSync(this.path('token.der')))
  }

  /** `openssl ts -verify`; throws when it does not hold. */
  verify(reply: Uint8Array, data: Uint8Array): void {
    writeFileSync(this.path('v.tsr'), reply)
    writeFileSync(this.path('v.data'), data)
    const chain = readFileSync(this.path('chain.pem')).length > 0 ? ['-untrusted', this.path('chain.pem')] : []
    this.#openssl(
      'ts',
      '-verify',
      '-in',
      this.path('v.tsr'),
      '-data',
      this.path('v.data'),
      '-CAfile',
      this.path('root.pem'),
      ...chain,
    )
  }

  #certify(name: string, key: string, extensions: string, issuer?: string, days = 3650): void {
    const [keyFile, file] = [this.path(`${name}.key`), this.path(`${name}.pem`)]
    const kind =
      key === 'rsa'
        ? ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
        : ['EC', '-pkeyopt', `ec_paramgen_curve:P-${key.slice(1)}`]
    if (!existsSync(keyFile)) this.#openssl('genpkey', '-algorithm', ...kind, '-out', keyFile)
    writeFileSync(
      this.path('x.cnf'),
      `[req]\ndistinguished_name=dn\n[dn]\n[x]\nsubjectKeyIdentifier=hash\n${extensions}`,
    )
    const common = [
      '-new',
      '-key',
      keyFile,
      '-subj',
      `/O=Test/CN=${name}`,
      '-config',
      this.path('x.cnf'),
      `-${this.#hash}`,
    ]
    if (!issuer)
      return this.#openssl('req', '-x509', ...common, '-extensions', 'x', '-days', String(days), '-out', file)
    this.#openssl('req', ...common, '-out', this.path('csr.pem'))
    this.#openssl(
      'x509',
      '-req',
      '-in',
      this.path('csr.pem'),
      '-CA',
      this.path(`${issuer}.pem`),
      '-CAkey',
      this.path(`${issuer}.key`),
      '-CAcreateserial',
      `-${this.#hash}`,
      '-days',
      String(days),
      '-extfile',
      this.path('x.cnf'),
      '-extensions',
      'x',
      '-out',
      file,
    )
  }

  #openssl(...options: readonly string[]): void {
    execFileSync('openssl', options, { stdio: ['ignore', 'ignore', 'pipe'] })
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A TimeStampResp with status granted around a token. */
export function granted(token: Uint8Array): Uint8Array {
  return encodeSequence(encodeSequence(encodeUnsigned(Uint8Array.of(0))), token)
}

export type Served = { readonly url: string; readonly asked: number } & AsyncDisposable

/** Answers over HTTP as authorities do; `bend` may answer in the authority's place, or change what it answers. */
export async function serveAuthority(
  authority: TimestampAuthority,
  bend: (reply: Buffer, count: number) => { body: Uint8Array; code?: number; type?: string; location?: string } = (
    body,
  ) => ({ body }),
): Promise<Served> {
  let asked = 0
  const server: Server = createServer((request, response) => {
    void read(request).then((body) => {
      asked += 1
      const {
        body: answer,
        code = 200,
        type = 'application/timestamp-reply',
        location,
      } = bend(authority.reply(body), asked)
      response.writeHead(code, { 'content-type': type, ...(location && { location }) }).end(answer)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`,
    get asked() {
      return asked
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
