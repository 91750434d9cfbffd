/** What every answer carries so that a browser treats it with suspicion, and which names this server answers to. */

import type { FastifyReply } from 'fastify'

// Nothing from elsewhere, nothing inline, no text that becomes code: a name in a log entry stays a name.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const YEAR_S = 365 * 24 * 3600

export function securityHeaders(isHttps: boolean): Readonly<Record<string, string>> {
  return {
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
    ...(isHttps && { 'strict-transport-security': `max-age=${YEAR_S}; includeSubDomains` }),
  }
}

export function setHeaders(reply: FastifyReply, headers: Readonly<Record<string, string>>): void {
  void reply.headers(headers)
}

const LOOPBACK = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/

/**
 * A page of another site can make its own name resolve to this machine; it cannot make the browser send our name. Addresses
 * of loopback are names that nobody else can own.
 */
export function isOurHost(host: string | undefined, hosts: ReadonlySet<string>): boolean {
  return host !== undefined && (hosts.has(host.toLowerCase()) || LOOPBACK.test(host))
}

export function isLoopbackAddress(host: string | undefined): boolean {
  return host !== undefined && LOOPBACK.test(host)
}
