/** A real OpenID provider on this machine, and a browser that signs in there: it follows redirects, keeps cookies and fills in forms. */

import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export const CLIENT_ID = 'countersign'
export const CLIENT_SECRET = 'a secret of the client + with marks:%'

type Options = {
  readonly redirectUri: string
  readonly backchannelLogoutUri?: string
  readonly isPublic?: boolean
  /** Hears of the logout token instead of us. */
  readonly onLogout?: (token: string) => void
}

export class IdentityProvider implements AsyncDisposable {
  readonly issuer: string
  readonly failures: unknown[] = []
  readonly #server: Server

  private constructor(issuer: string, server: Server) {
    this.issuer = issuer
    this.#server = server
  }

  static async open({
    redirectUri,
    backchannelLogoutUri,
    isPublic = false,
    onLogout,
  }: Options): Promise<IdentityProvider> {
    const server = createServer((request, response) => serve(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const client = {
      client_id: CLIENT_ID,
      redirect_uris: [redirectUri],
      response_types: ['code'],
      grant_types: ['authorization_code'],
      ...(isPublic ? { token_endpoint_auth_method: 'none' } : { client_secret: CLIENT_SECRET }),
      ...((backchannelLogoutUri ?? onLogout) && {
        backchannel_logout_uri: backchannelLogoutUri ?? 'http://localhost:1/logout',
        backchannel_logout_session_required: true,
      }),
    }
    const provider = new Provider(issuer, {
      clients: [client],
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' }] },
      cookies: { keys: ['a key for cookies in tests'] },
      features: { devInteractions: { enabled: true }, backchannelLogout: { enabled: true } },
      findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
      pkce: { required: () => true },
      // Its own refuses to reach this very machine.
      fetch: (url: URL, { dispatcher: _, ...init }: RequestInit & { dispatcher?: unknown }) => {
        if (!onLogout) return fetch(url, init)
        onLogout(new URLSearchParams(String(init.body)).get('logout_token')!)
        return Promise.resolve(new Response(''))
      },
    })
    const serve = provider.callback()
    const made = new IdentityProvider(issuer, server)
    for (const event of ['server_error', 'backchannel.error'])
      provider.on(event, (...told) => void made.failures.push(told.find((one) => one instanceof Error)))
    return made
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}

export class Browser {
  readonly #cookies = new Map<string, string>()

  /** Goes on as `account` until the provider sends the browser to `stop`; that address. */
  async signIn(address: string, stop: string, account: string): Promise<URL> {
    let page = await this.#follow(address, stop)
    for (let step = 0; step < 6 && typeof page !== 'object'; step += 1) page = await this.#submit(page, stop, account)
    if (typeof page !== 'object') throw new Error(`the provider did not send the browser back: ${page.slice(0, 300)}`)
    return page
  }

  /** Signs out at the provider itself. */
  async signOut(issuer: string): Promise<void> {
    const page = await this.#follow(`${issuer}/session/end`, 'nowhere:')
    if (typeof page === 'object') throw new Error('not a page')
    await this.#submit(page, 'nowhere:', '')
  }

  async #submit(page: string, stop: string, account: string): Promise<URL | string> {
    const action = /action="([^"]+)"/.exec(page)?.[1]
    if (!action) throw new Error(`there is no form: ${page.slice(0, 500)}`)
    const fields = new URLSearchParams({ login: account, password: 'any', logout: 'yes' })
    for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g))
      fields.set(name!, value!)
    return this.#follow(action, stop, fields)
  }

  async #follow(first: string, stop: string, form?: URLSearchParams): Promise<URL | string> {
    let [address, body] = [first, form]
    for (let hop = 0; hop < 10; hop += 1) {
      if (address.startsWith(stop)) return new URL(address)
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(address, {
        redirect: 'manual',
        headers: { cookie },
        ...(body && { method: 'POST', body }),
      })
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
        this.#cookies.set(name!, value!)
      }
      const next = response.headers.get('location')
      if (next === null) return response.text()
      await response.body?.cancel()
      address = new URL(next, address).href
      body = undefined
    }
    throw new Error('the provider sends the browser in circles')
  }
}
