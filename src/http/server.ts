/** The HTTP server: every route of the API and the console, behind the same guard, described by the schemas that validate. */

import type { Socket } from 'node:net'
import cookie from '@fastify/cookie'
import swagger from '@fastify/swagger'
import fastify, { type ConnectionError, type FastifyError } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { Desk } from './act.ts'
import { accounts } from './accounts.ts'
import { alerts } from './alerts.ts'
import type { App } from './app.ts'
import { approvals } from './approvals.ts'
import { breakglasses } from './breakglass.ts'
import { builds } from './builds.ts'
import { delegations } from './delegations.ts'
import { inquiries } from './inquiries.ts'
import { releaseStatements } from './release-statements.ts'
import { enrolments } from './enrolments.ts'
import { environments } from './environments.ts'
import { freezes } from './freezes.ts'
import { evidencePackages } from './evidence-packages.ts'
import { events } from './events.ts'
import { erasures } from './erasures.ts'
import { problemOfFailure } from './failure.ts'
import { grants } from './grants.ts'
import { groups } from './groups.ts'
import { guard } from './guard.ts'
import { securityHeaders, setHeaders } from './header.ts'
import { health } from './health.ts'
import { Idempotency } from './idempotency.ts'
import { backchannelLogout } from './backchannel-logout.ts'
import { idpLogins } from './idp-login.ts'
import { idps } from './idps.ts'
import { issuers } from './issuers.ts'
import { keys } from './keys.ts'
import { leaves } from './leaves.ts'
import { leafProofs } from './leaf-proofs.ts'
import { log } from './log.ts'
import { Codes, loginCodes } from './login-code.ts'
import { logins } from './logins.ts'
import { renewals } from './job-login.ts'
import { Metrics } from './metrics.ts'
import { refuseOtherMethods } from './method.ts'
import { deviceLogins } from './device-login.ts'
import { describeApi } from './openapi.ts'
import { networks } from './networks.ts'
import { observations } from './observations.ts'
import { oidcIssuer } from './oidc-issuer.ts'
import { overview } from './overview.ts'
import { people, revocations } from './people.ts'
import { activations } from './activations.ts'
import { policies } from './policies.ts'
import type { Port } from './port.ts'
import { problem, sendProblem } from './problem.ts'
import { pushes } from './pushes.ts'
import { releases } from './releases.ts'
import { repositories } from './repositories.ts'
import { roles } from './roles.ts'
import { scim } from './scim.ts'
import { searches } from './searches.ts'
import { STREAM_TIMES, type StreamTimes } from './stream.ts'
import { pages } from './static.ts'
import { targets } from './targets.ts'
import { verifyPage } from './verify-page.ts'
import { why } from './why.ts'

const BODY_LIMIT = 1 << 20
const MAX_CONNECTIONS = 4_096

/** Ready to listen or to be injected into. Closing it ends live streams and lets running requests finish. */
export async function createServer(port: Port, times: StreamTimes = STREAM_TIMES): Promise<App> {
  const app: App = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    // A caller who sends slowly holds a socket, and nothing else, for this long.
    connectionTimeout: 60_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    trustProxy: port.config.trustedProxies ? [...port.config.trustedProxies] : false,
    routerOptions: { maxParamLength: 300 },
    // Addresses that no router can read come past every hook.
    frameworkErrors: (_, __, reply) => {
      setHeaders(reply, securityHeaders(port.config.publicUrl.startsWith('https:')))
      void sendProblem(reply, problem('malformed', 'The address is not well formed.'))
    },
    clientErrorHandler: refuseConnection,
    http: { headersTimeout: 15_000, maxHeaderSize: 32_768 },
  })
  app.server.maxConnections = MAX_CONNECTIONS
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(cookie)
  await app.register(swagger, describeApi(port.config))
  guard(app, port)
  const metrics = new Metrics(port)
  answerFailures(app, port)
  measure(app, metrics)
  const others = refuseOtherMethods(app)
  const endStreams = routes({ app, port, idempotency: new Idempotency() }, metrics, times)
  others()
  app.addHook('preClose', async () => endStreams())
  await app.ready()
  return app
}

/** What is not HTTP, or not in time, or too long: a last word, and the socket closes. */
function refuseConnection({ code }: ConnectionError, socket: Socket): void {
  const { body } =
    code === 'HPE_HEADER_OVERFLOW'
      ? problem('too_large', 'The headers are larger than this server takes.')
      : problem('malformed', 'This is not a request of HTTP/1.1, or it did not come in time.')
  const text = JSON.stringify(body)
  const head = `HTTP/1.1 ${body.status} Refused\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(text)}`
  if (socket.writable && code !== 'ECONNRESET') socket.end(`${head}\r\nconnection: close\r\n\r\n${text}`)
  else socket.destroy()
}

function routes(desk: Desk, metrics: Metrics, times: StreamTimes): () => void {
  const codes = new Codes()
  logins(desk, codes)
  renewals(desk)
  accounts(desk)
  loginCodes(desk, codes)
  for (const room of [idps, idpLogins, backchannelLogout, deviceLogins, scim]) room(desk)
  const who = [enrolments, people, revocations, roles, groups, networks, keys]
  const rooms = [issuers, repositories, environments, targets, policies, activations]
  const flow = [
    erasures,
    freezes,
    breakglasses,
    delegations,
    inquiries,
    releaseStatements,
    pushes,
    builds,
    releases,
    approvals,
    grants,
    observations,
  ]
  const trail = [leaves, leafProofs, searches, why, overview, log, alerts, evidencePackages]
  for (const room of [...who, ...rooms, ...flow, ...trail]) room(desk)
  oidcIssuer(desk)
  health(desk, metrics)
  desk.app.get('/api/openapi.json', { schema: { hide: true }, config: { access: 'anyone' } }, async () =>
    desk.app.swagger(),
  )
  pages(desk.app, desk.port)
  verifyPage(desk.app, desk.port)
  return events(desk, times)
}

function answerFailures(app: App, port: Port): void {
  app.setErrorHandler((error: FastifyError, _, reply) =>
    sendProblem(
      reply,
      problemOfFailure(error, (sentence) => port.report(sentence)),
    ),
  )
  app.setNotFoundHandler((_, reply) => sendProblem(reply, problem('not_found', 'There is nothing at this address.')))
}

function measure(app: App, metrics: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.observe(request.method, route, reply.statusCode, (performance.now() - request.startedAt) / 1000)
  })
}
