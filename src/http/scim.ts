/** SCIM 2.0 (RFC 7643, RFC 7644): what every address of it has in common. Who asks is a directory with a credential that still counts. */

import { digestOf } from '../bytes/digest.ts'
import { utf8 } from '../bytes/text.ts'
import type { Client } from '../domain/scim.ts'
import type { Desk } from './act.ts'
import type { App, FastifyReply, FastifyRequest } from './app.ts'
import { personalOf } from './caller.ts'
import type { Port } from './port.ts'
import { scimClients } from './scim-client.ts'
import { scimGroups } from './scim-group.ts'
import { ScimError, versionOf, type Resource } from './scim-message.ts'
import { resourceTypes, schemas, serviceProviderConfig } from './scim-schema.ts'
import type { Route, Said, Session } from './scim-session.ts'
import { scimUsers } from './scim-user.ts'

const TYPE = 'application/scim+json'
const BODY_LIMIT = 1 << 18

export function scim(desk: Desk): void {
  const { app, port } = desk
  scimClients(desk)
  acceptScim(app)
  const route: Route = (method, url, answer, present) =>
    void app.route({
      method,
      url: `/scim/v2${url}`,
      schema: { hide: true },
      config: { access: 'anyone', takesScim: true },
      bodyLimit: BODY_LIMIT,
      handler: async (request, reply) => send(reply, await perform(request, port, answer, present)),
    })
  route('GET', '/ServiceProviderConfig', () => ({ status: 200, body: serviceProviderConfig }))
  route('GET', '/ResourceTypes', () => ({ status: 200, body: resourceTypes }))
  route('GET', '/Schemas', () => ({ status: 200, body: schemas }))
  scimUsers(route)
  scimGroups(route)
}

/** As JSON, for the addresses of SCIM; elsewhere this is a type that nobody knows. */
function acceptScim(app: App): void {
  app.addContentTypeParser(TYPE, { parseAs: 'buffer' }, (request, bytes, done) => {
    if (!request.routeOptions.config.takesScim) return done(Object.assign(new Error('not here'), { statusCode: 415 }))
    request.bodyBytes = bytes as Buffer
    done(null, bytes)
  })
}

async function perform(
  request: FastifyRequest,
  port: Port,
  answer: Parameters<Route>[2],
  present: Parameters<Route>[3],
): Promise<Said | ScimError> {
  const client = clientOf(request, port)
  if (client instanceof ScimError) return client
  const { filter, startIndex, count } = request.query as Readonly<Record<string, unknown>>
  const session: Session = {
    ...{ client, port, body: request.body, personal: personalOf(request), base: `${port.config.publicUrl}/scim/v2` },
    id: String((request.params as { readonly id?: string }).id ?? ''),
    query: { filter: textOf(filter), startIndex: numberOf(startIndex), count: numberOf(count) },
  }
  const stale = present && judgeVersion(request, present(session))
  return stale ?? answer(session)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : value === undefined ? undefined : '?'
}

/** What is no number is as if it was not said. */
function numberOf(value: unknown): number | undefined {
  const number = Number(value)
  return value === undefined || !Number.isSafeInteger(number) ? undefined : number
}

/** Only the digest of a token is known here, so there is nothing to compare in time. */
function clientOf({ headers }: FastifyRequest, { ledger, clock, noise }: Port): Client | ScimError {
  const [, token] = /^Bearer (scim_[A-Za-z0-9_-]{43})$/i.exec(headers.authorization ?? '') ?? []
  const digest = token === undefined ? undefined : digestOf(utf8.encode(token))
  const client = [...ledger.state.scimClients.values()].find(({ bearerDigest }) => bearerDigest === digest)
  if (client && client.expiresAt > clock()) return client
  noise.count('scim_client_unknown')
  return new ScimError(401, 'This token is of no directory that is trusted here, or it has expired.')
}

/** RFC 7644, section 3.14. */
function judgeVersion(
  { headers, method }: FastifyRequest,
  present: Resource | ScimError,
): Said | ScimError | undefined {
  if (present instanceof ScimError) return present
  const version = versionOf(present)
  const wanted = headers['if-match']
  if (wanted !== undefined && wanted !== '*' && !wanted.split(/\s*,\s*/).includes(version))
    return new ScimError(412, 'The resource has changed since.')
  const known = method === 'GET' ? headers['if-none-match'] : undefined
  return known?.split(/\s*,\s*/).includes(version) ? { status: 304 } : undefined
}

function send(reply: FastifyReply, said: Said | ScimError): FastifyReply {
  void reply.header('cache-control', 'no-store').code(said.status)
  if (said.status === 401) void reply.header('www-authenticate', 'Bearer realm="countersign"')
  if (said instanceof ScimError) return reply.type(TYPE).send(JSON.stringify(said.body) as never)
  const { resource, body } = said
  if (!resource) return body === undefined ? reply.send() : reply.type(TYPE).send(JSON.stringify(body) as never)
  const version = versionOf(resource)
  const meta = { ...(resource['meta'] as object), version }
  void reply.header('etag', version).header('location', (meta as { readonly location?: string }).location ?? '')
  return reply.type(TYPE).send(JSON.stringify({ ...resource, meta }) as never)
}
