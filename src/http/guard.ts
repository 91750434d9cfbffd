/** What every request passes before its route sees it: our name, our pages, a known caller, not too often, a strict body. */

import { attempt } from '../evidence/refusal.ts'
import { parse } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { authenticateDoor } from './act.ts'
import type { Access, App, FastifyReply, FastifyRequest } from './app.ts'
import { callerOf, judgeAccess, judgeLogin, judgeOrigin, judgeReader } from './caller.ts'
import { isOurHost, securityHeaders, setHeaders } from './header.ts'
import { addressKey, Limit } from './limit.ts'
import type { Port, Rates } from './port.ts'
import { problem, Problem, sendProblem } from './problem.ts'

/** A console page asks for a dozen things at once; a job asks every second. */
export const RATES: Rates = {
  perAddress: { burst: 240, perSecond: 40 },
  perLogin: { burst: 1_000, perSecond: 500 },
}

export function guard(app: App, port: Port): void {
  const { publicUrl, rates = RATES } = port.config
  const url = new URL(publicUrl)
  const hosts = new Set([url.host, ...originsOf(port).map((origin) => new URL(origin).host)])
  const headers = securityHeaders(url.protocol === 'https:')
  const limits = { perAddress: new Limit(rates.perAddress), perLogin: new Limit(rates.perLogin) }

  app.decorateRequest('caller', undefined)
  app.decorateRequest('bodyBytes', undefined)
  app.decorateRequest('startedAt', 0)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    request.bodyBytes = bytes as Buffer
    done(null, bytes)
  })

  app.addHook('onRequest', async (request, reply) => {
    request.startedAt = performance.now()
    setHeaders(reply, headers)
    if (request.routeOptions.config.isFree) return
    if (!isOurHost(request.headers.host, hosts))
      return sendProblem(reply, problem('misdirected', `This server is ${url.host}.`))
    const refused = admit(request, port, limits) ?? judgeAccess(accessOf(request), request.caller)
    if (refused) return stop(reply, refused, port)
  })

  app.addHook('preValidation', async (request, reply) => {
    const refused = accessOf(request) === 'door' ? authenticateDoor(request, port) : undefined
    if (refused) return sendProblem(reply, refused)
    const { bodyBytes } = request
    if (bodyBytes === undefined) return
    const body = attempt(() => parse(utf8.decode(bodyBytes)))
    if (body === undefined)
      return sendProblem(reply, problem('malformed', 'The body is not JSON, or means two things at once.'))
    request.body = body
  })

  app.addHook('preHandler', async (request, reply) => {
    if (request.caller === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return
    if (accessOf(request) !== 'login') return
    const { isOpenToRead = false, isForPeople = false } = request.routeOptions.config
    const refused =
      judgeLogin(request.caller, port) ??
      (isOpenToRead ? undefined : judgeReader(request.caller, isForPeople, port, request.ip))
    if (refused) return stop(reply, refused, port)
  })
}

export function originsOf({ ledger, config }: Port): readonly string[] {
  return ledger.state.log?.origins ?? [new URL(config.publicUrl).origin]
}

/** A route without a word is for those who are signed in. That there is no route at all, anyone may know. */
function accessOf(request: FastifyRequest): Access {
  return request.is404 ? 'anyone' : (request.routeOptions.config.access ?? 'login')
}

type Limits = { readonly perAddress: Limit; readonly perLogin: Limit }

/** Sets the caller. Whoever shows no good login is counted by address. */
function admit(request: FastifyRequest, port: Port, { perAddress, perLogin }: Limits): Problem | undefined {
  const foreign = judgeOrigin(request, originsOf(port))
  if (foreign) return foreign
  const at = port.clock()
  const caller = callerOf(request, port)
  const isKnown = caller !== undefined && !(caller instanceof Problem)
  const waitSeconds = isKnown ? perLogin.take(caller.login!, at) : perAddress.take(addressKey(request.ip), at)
  if (waitSeconds > 0)
    return problem('too_many', `Too many requests; try again in ${waitSeconds} s.`, { retryAfterSeconds: waitSeconds })
  if (isKnown) request.caller = caller
  // A stale cookie or token must not keep anyone from signing in again.
  return caller instanceof Problem && accessOf(request) !== 'anyone' ? caller : undefined
}

function stop(reply: FastifyReply, refused: Problem, { noise }: Port): FastifyReply {
  noise.count(refused.body.code)
  return sendProblem(reply, refused)
}
